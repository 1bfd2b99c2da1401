//! Where an alert is posted: `http://host:port/path`.
//!
//! Goal: a URL that can be sent as it stands. Non-goal: TLS; a relay on the same machine adds it.

use std::fmt;
use std::str::FromStr;

/// An address of a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// A name or an IPv4 address.
    pub host: String,
    /// The port.
    pub port: u16,
    /// From the slash on.
    pub path: String,
}

impl Webhook {
    /// What is accepted, for messages.
    pub const EXPECTED: &'static str =
        "http://HOST[:PORT]/PATH in printable ASCII; for https, name a relay on this machine";
}

/// Longer ones are none.
const LEN_MAX: usize = 1_024;

impl FromStr for Webhook {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let rest = text.strip_prefix("http://").filter(|_| text.len() <= LEN_MAX).ok_or(())?;
        if !rest.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(());
        }
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (host, port) = match authority.split_once(':') {
            Some((host, port)) => (host, port.parse().map_err(|_| ())?),
            None => (authority, 80),
        };
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
        if host.is_empty() || port == 0 || !host.bytes().all(plain) {
            return Err(());
        }
        let path = if path.is_empty() { "/" } else { path };
        Ok(Self { host: host.to_owned(), port, path: path.to_owned() })
    }
}

impl fmt::Display for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}:{}{}", self.host, self.port, self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_sent_is_refused() {
        for (text, shown) in [
            ("http://127.0.0.1:8080/alert?a=1", "http://127.0.0.1:8080/alert?a=1"),
            ("http://page.lan", "http://page.lan:80/"),
        ] {
            assert_eq!(text.parse::<Webhook>().map(|url| url.to_string()), Ok(shown.to_owned()));
        }
        for text in [
            "",
            "https://a/b",
            "http://",
            "http:///x",
            "http://a:0/",
            "http://a:99999/",
            "http://u@a/",
            "http://a/b c",
            "http://a/\r\nX: y",
            "http://[::1]/",
            "a:80/x",
        ] {
            assert_eq!(text.parse::<Webhook>(), Err(()), "{text}");
        }
    }
}
