//! Posts a change to a webhook: one HTTP/1.1 request over a connection of its own.
//!
//! Goal: bounded in time and bytes whatever the other end does. Non-goal: TLS, redirects, connections that are kept; the standard library has
//! all that this takes, and a client library brings a hundred times the code.

use engine::config::Webhook;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

/// More of an answer is not read: its first line says all that matters.
const ANSWER_MAX: usize = 4_096;

/// Why it was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PostError {
    /// Another attempt may be luckier.
    #[error("{0}")]
    Passing(String),
    /// The other end has understood and does not want it.
    #[error("{0}")]
    Final(String),
}

/// Posts a JSON text. Takes no longer than `timeout`, but for the name's lookup.
///
/// # Errors
/// It was not taken, in words.
pub fn post(url: &Webhook, body: &str, timeout: Duration) -> Result<(), PostError> {
    let passing = |what: &str| {
        let what = what.to_owned();
        move |error: std::io::Error| PostError::Passing(format!("{url}: {what}: {error}"))
    };
    let begin = Instant::now();
    let mut addresses = (url.host.as_str(), url.port).to_socket_addrs().map_err(passing("no such host"))?;
    let address = addresses.find(SocketAddr::is_ipv4);
    let address = address.ok_or_else(|| PostError::Passing(format!("{url}: the name has no IPv4 address")))?;
    let begin = if url.host.parse::<std::net::Ipv4Addr>().is_ok() { begin } else { Instant::now() };
    let left = || {
        let left = timeout.saturating_sub(begin.elapsed());
        (!left.is_zero()).then_some(left).ok_or_else(|| {
            PostError::Passing(format!(
                "{url}: no answer within {} ms, see alerts.webhook_timeout_ms",
                timeout.as_millis()
            ))
        })
    };
    let mut stream = TcpStream::connect_timeout(&address, left()?).map_err(passing("cannot connect"))?;
    let request = format!(
        "POST {} HTTP/1.1\r\nHost: {}:{}\r\nUser-Agent: pinion/{}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        url.path,
        url.host,
        url.port,
        env!("CARGO_PKG_VERSION"),
        body.len()
    );
    stream.set_write_timeout(Some(left()?)).map_err(passing("cannot send"))?;
    stream.write_all(request.as_bytes()).map_err(passing("cannot send"))?;
    let mut answer = Vec::new();
    let mut piece = [0; 512];
    while !answer.contains(&b'\n') && answer.len() < ANSWER_MAX {
        stream.set_read_timeout(Some(left()?)).map_err(passing("no answer"))?;
        match stream.read(&mut piece) {
            Ok(0) => break,
            Ok(len) => answer.extend_from_slice(&piece[..len]),
            Err(error) if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::Interrupted) => {}
            Err(error) => return Err(passing("no answer")(error)),
        }
    }
    let line = answer.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line);
    let line: String = line.chars().filter(|symbol| !symbol.is_control()).take(80).collect();
    let code = line.strip_prefix("HTTP/1.").and_then(|rest| rest.split_whitespace().nth(1)?.parse::<u16>().ok());
    match code {
        Some(200..=299) => Ok(()),
        Some(400..=499) => Err(PostError::Final(format!("{url}: it was refused: {line}"))),
        Some(_) => Err(PostError::Passing(format!("{url}: it was not taken: {line}"))),
        None => Err(PostError::Passing(format!("{url}: expected an answer of HTTP/1.1, found '{line}'"))),
    }
}
