//! The kinds of port, by name.

use std::fmt;
use std::str::FromStr;

/// Which kind of port to open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum PortKind {
    /// The best that opens, from `dpdk` down to `socket`.
    #[default]
    Auto,
    /// A device taken from the kernel, by DPDK.
    Dpdk,
    /// Frames past the kernel's stack, by AF_XDP.
    Xdp,
    /// io_uring.
    Uring,
    /// Sockets.
    Socket,
}

impl PortKind {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Auto, Self::Dpdk, Self::Xdp, Self::Uring, Self::Socket];
    /// Their names, for people.
    pub const NAMES: &'static str = "auto, dpdk, xdp, uring or socket";

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Dpdk => "dpdk",
            Self::Xdp => "xdp",
            Self::Uring => "uring",
            Self::Socket => "socket",
        }
    }
}

/// A name that is no kind of port.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a kind of port ({names}), found `{0}`", names = PortKind::NAMES)]
pub struct PortKindError(String);

impl FromStr for PortKind {
    type Err = PortKindError;

    fn from_str(text: &str) -> Result<Self, PortKindError> {
        Self::ALL.into_iter().find(|kind| kind.name() == text).ok_or_else(|| PortKindError(text.to_owned()))
    }
}

impl fmt::Display for PortKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_have_names() {
        for kind in PortKind::ALL {
            assert_eq!(kind.to_string().parse(), Ok(kind));
            assert!(PortKind::NAMES.contains(kind.name()));
        }
        let error = "netmap".parse::<PortKind>().unwrap_err();
        assert!(error.to_string().contains("xdp") && error.to_string().contains("netmap"), "{error}");
    }
}
