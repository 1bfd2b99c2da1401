//! How an AF_XDP port is set up.

/// Where the program is hooked into the way of a frame.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum XdpMode {
    /// In the driver; where it cannot, after it.
    #[default]
    Auto,
    /// In the driver or not at all.
    Native,
    /// After the driver: works on every interface, and copies.
    Generic,
}

/// See [`XdpPort::open_with`](super::XdpPort::open_with).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct XdpOptions {
    /// Where the program is hooked in.
    pub mode: XdpMode,
    /// Have frames copied also where the driver could do without.
    pub copy: bool,
    /// The VLAN whose tags our frames carry. Not needed where an address belongs to a VLAN interface (`eth1.7`), which
    /// tells it. The driver must leave tags in place: `ethtool -K eth1 rxvlan off`.
    pub vlan: Option<u16>,
    /// Frames that each receive queue may hold before we look; a power of two from 64 to 32,768.
    pub receive_slots: u32,
    /// Datagrams that may be on their way out; a power of two from 512 to 32,768.
    pub transmit_slots: u32,
    /// Memory of one frame, 2048 or 4096. Drivers need some of it for themselves.
    pub frame_bytes: u32,
    /// Has each look for frames poll the driver for so many microseconds (`SO_BUSY_POLL`), instead of waiting for its
    /// interrupts. A system call each time; 0: never.
    pub busy_poll_us: u32,
}

impl Default for XdpOptions {
    fn default() -> Self {
        Self {
            mode: XdpMode::Auto,
            copy: false,
            vlan: None,
            receive_slots: 2048,
            transmit_slots: 1024,
            frame_bytes: 2048,
            busy_poll_us: 0,
        }
    }
}
