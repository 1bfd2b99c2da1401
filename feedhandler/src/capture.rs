//! Captured packets: pcap and pcapng files as a stream of UDP datagrams, each with its time and addresses.
//!
//! Goal: any capture that tcpdump, Wireshark or an appliance writes, plain or compressed: both byte orders, micro- and
//! nanoseconds, several sections and interfaces, VLAN tags, IPv4 options. What is no UDP datagram over IPv4, or no whole one,
//! is counted by its reason. Non-goal: putting fragments together, IPv6, TCP, writing captures.

mod clock;
mod frame;

use std::io::{Cursor, Read};
use std::net::SocketAddrV4;
use std::path::Path;

use pcap_parser::pcapng::Block;
use pcap_parser::traits::{PcapNGPacketBlock, PcapReaderIterator};
use pcap_parser::{Linktype, PcapBlockOwned, PcapError, create_reader};
use wire::Nanos;

use crate::compressed;
use crate::flow::{FlowError, shown};
use clock::Interface;
use frame::Reason;

/// A datagram of a capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Datagram<'a> {
    /// When it was captured; `None` where the file has no time for it.
    pub time: Option<Nanos>,
    /// Who sent it.
    pub from: SocketAddrV4,
    /// Whom it was sent to: for multicast, the group.
    pub to: SocketAddrV4,
    /// What it carries.
    pub payload: &'a [u8],
}

/// What a reader met on its way. Every frame is a datagram or has a reason why not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CaptureCounters {
    /// Frames in the file.
    pub frames: u64,
    /// UDP datagrams among them, handed out.
    pub datagrams: u64,
    /// Frames with a VLAN tag, or several; the datagrams in them are handed out.
    pub tagged: u64,
    /// IPv4 packets with options; the datagrams in them are handed out.
    pub options: u64,
    /// Frames of which the capture kept only the beginning: capture with a longer snapshot length.
    pub cut_short: u64,
    /// Parts of fragmented datagrams.
    pub fragments: u64,
    /// Frames with something else than UDP over IPv4.
    pub others: u64,
    /// Frames that contradict themselves.
    pub malformed: u64,
    /// Frames of an interface whose link type is not read here, or that the file does not describe.
    pub foreign_links: u64,
}

impl CaptureCounters {
    /// The counters by name.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
        [
            ("frames", self.frames),
            ("datagrams", self.datagrams),
            ("tagged", self.tagged),
            ("options", self.options),
            ("cut_short", self.cut_short),
            ("fragments", self.fragments),
            ("others", self.others),
            ("malformed", self.malformed),
            ("foreign_links", self.foreign_links),
        ]
        .into_iter()
    }
}

/// Reads a capture from its first frame on. Memory: the longest block, at most [`BLOCK_LEN_MAX`].
pub struct CaptureReader<'a> {
    blocks: Box<dyn PcapReaderIterator + Send + 'a>,
    /// Of the block at hand, still to be given back.
    block_len: usize,
    /// The interfaces of the section at hand; a pcap file has one.
    interfaces: Vec<Interface>,
    payload: Vec<u8>,
    buffer_len: usize,
    offset: u64,
    counters: CaptureCounters,
    ended: bool,
}

/// The longest block of a file that is read. A frame has at most 64 KiB; other blocks (names, secrets) may be longer.
pub const BLOCK_LEN_MAX: usize = 1 << 24;
/// The most interfaces of a section that are remembered.
const INTERFACES_MAX: usize = 1 << 12;
/// Room for some blocks; grows when one is longer.
const BUFFER_LEN: usize = 1 << 18;
/// A file is recognised from these first bytes, however few the source gives at once.
const HEAD_LEN: u64 = 4_096;

impl CaptureReader<'static> {
    /// Opens the file at `path`, compressed or not.
    ///
    /// # Errors
    /// It cannot be opened, or is no capture.
    pub fn open(path: &Path) -> Result<Self, FlowError> {
        Self::over(&path.display().to_string(), compressed::open(path)?)
    }
}

/// Whether a file begins like a capture.
#[must_use]
pub fn begins_like_capture(head: &[u8]) -> bool {
    const MAGICS: [u32; 4] = [0xA1B2_C3D4, 0xA1B2_3C4D, 0xA1B2_CD34, 0x0A0D_0D0A];
    let Some((magic, _)) = head.split_first_chunk::<4>() else { return false };
    MAGICS.contains(&u32::from_le_bytes(*magic)) || MAGICS.contains(&u32::from_be_bytes(*magic))
}

impl<'a> CaptureReader<'a> {
    /// Reads `source`, compressed or not, as if it were a file called `name`. For bytes in memory, pass a slice.
    ///
    /// # Errors
    /// The source fails, or is no capture.
    pub fn read(name: &str, source: impl Read + Send + 'a) -> Result<Self, FlowError> {
        let error = |source| FlowError::Open { path: name.to_owned(), source };
        Self::over(name, compressed::plain(source).map_err(error)?)
    }

    fn over(name: &str, mut source: compressed::Plain<'a>) -> Result<Self, FlowError> {
        let error = |source| FlowError::Open { path: name.to_owned(), source };
        let mut head = Vec::new();
        (&mut source).take(HEAD_LEN).read_to_end(&mut head).map_err(error)?;
        let found = shown(&head[..head.len().min(24)]);
        let blocks = create_reader(BUFFER_LEN, Cursor::new(head).chain(source))
            .map_err(|_| FlowError::NoCapture { name: name.to_owned(), found })?;
        Ok(Self {
            blocks,
            block_len: 0,
            interfaces: Vec::new(),
            payload: Vec::with_capacity(2_048),
            buffer_len: BUFFER_LEN,
            offset: 0,
            counters: CaptureCounters::default(),
            ended: false,
        })
    }

    /// What the reader met so far.
    #[must_use]
    pub const fn counters(&self) -> &CaptureCounters {
        &self.counters
    }

    /// Reads frames until one is a datagram; `None` at the end of the file.
    ///
    /// # Errors
    /// The source fails, or the file is damaged or cut short. The reader ends with its first error.
    pub fn next_datagram(&mut self) -> Result<Option<Datagram<'_>>, FlowError> {
        if self.ended {
            return Ok(None);
        }
        let read = self.read_datagram();
        self.ended = !matches!(read, Ok(Some(_)));
        Ok(read?.map(|(time, from, to)| Datagram { time, from, to, payload: &self.payload }))
    }

    fn read_datagram(&mut self) -> Result<Option<(Option<Nanos>, SocketAddrV4, SocketAddrV4)>, FlowError> {
        loop {
            self.blocks.consume(self.block_len);
            self.offset += u64::try_from(std::mem::take(&mut self.block_len)).unwrap_or_default();
            let problem = match self.blocks.next() {
                Ok((len, block)) => {
                    self.block_len = len;
                    let frame = frame_of(&block, &mut self.interfaces);
                    let Some(frame) = frame else { continue };
                    self.counters.frames += 1;
                    let sliced = match frame {
                        Ok(frame) => self.counters.slice(&frame),
                        Err(reason) => Err(reason),
                    };
                    match sliced {
                        Ok((time, udp)) => {
                            self.counters.datagrams += 1;
                            self.payload.clear();
                            self.payload.extend_from_slice(udp.payload);
                            return Ok(Some((time, udp.from, udp.to)));
                        }
                        Err(reason) => self.counters.count(reason),
                    }
                    continue;
                }
                Err(PcapError::Eof) => return Ok(None),
                Err(PcapError::Incomplete(_)) => Problem::More,
                Err(PcapError::BufferTooSmall) => Problem::Room,
                Err(PcapError::UnexpectedEof) => Problem::CutShort,
                Err(_) => Problem::Damaged,
            };
            self.solve(problem)?;
        }
    }

    fn solve(&mut self, problem: Problem) -> Result<(), FlowError> {
        let found = match problem {
            Problem::More => {
                // What the source says is lost in the parser's error; a failing disk or a damaged compressed file.
                let failed = std::io::Error::other("the file, or what decompresses it, gives no more bytes");
                let done = self.counters.frames;
                return self.blocks.refill().map_err(|_| FlowError::Read { done, unit: "frames", source: failed });
            }
            Problem::Room => {
                self.buffer_len *= 2;
                if self.buffer_len <= BLOCK_LEN_MAX && self.blocks.grow(self.buffer_len) {
                    return Ok(());
                }
                format!("one of more than {} bytes", BLOCK_LEN_MAX)
            }
            Problem::CutShort => "the end of the file".to_owned(),
            Problem::Damaged => shown(&self.blocks.data()[..self.blocks.data().len().min(16)]),
        };
        let expected = "a whole block of a pcap or pcapng file".to_owned();
        Err(FlowError::Message { index: self.counters.frames, offset: self.offset, expected, found })
    }
}

impl std::fmt::Debug for CaptureReader<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CaptureReader").field("offset", &self.offset).field("counters", &self.counters).finish()
    }
}

/// Why the parser gave no block.
enum Problem {
    More,
    Room,
    CutShort,
    Damaged,
}

/// A frame as the file has it.
struct Frame<'a> {
    link: Linktype,
    time: Option<Nanos>,
    /// What was kept of it.
    bytes: &'a [u8],
    /// What there was.
    original_len: usize,
}

/// The frame in a block, when there is one; interfaces are noted on the way.
fn frame_of<'a>(block: &PcapBlockOwned<'a>, interfaces: &mut Vec<Interface>) -> Option<Result<Frame<'a>, Reason>> {
    let of = |interfaces: &[Interface], index: u32| {
        let index = usize::try_from(index).ok();
        index.and_then(|index| interfaces.get(index)).copied().ok_or(Reason::ForeignLink)
    };
    match block {
        PcapBlockOwned::LegacyHeader(header) => {
            *interfaces = vec![Interface::of_pcap(header)];
            None
        }
        PcapBlockOwned::Legacy(record) => Some(of(interfaces, 0).map(|interface| Frame {
            link: interface.link,
            time: interface.pcap_time(record.ts_sec, record.ts_usec),
            bytes: record.data,
            original_len: usize::try_from(record.origlen).unwrap_or(usize::MAX),
        })),
        PcapBlockOwned::NG(Block::SectionHeader(_)) => {
            interfaces.clear();
            None
        }
        PcapBlockOwned::NG(Block::InterfaceDescription(description)) => {
            if interfaces.len() < INTERFACES_MAX {
                interfaces.push(Interface::of_pcapng(description));
            }
            None
        }
        PcapBlockOwned::NG(Block::EnhancedPacket(packet)) => Some(of(interfaces, packet.if_id).map(|interface| {
            let kept_len = usize::try_from(packet.caplen).unwrap_or(usize::MAX);
            Frame {
                link: interface.link,
                time: interface.time(u64::from(packet.ts_high) << 32 | u64::from(packet.ts_low)),
                // The field is padded to four bytes.
                bytes: packet.data.get(..kept_len).unwrap_or(packet.data),
                original_len: usize::try_from(packet.origlen).unwrap_or(usize::MAX),
            }
        })),
        PcapBlockOwned::NG(Block::SimplePacket(packet)) => Some(of(interfaces, 0).map(|interface| Frame {
            link: interface.link,
            time: None,
            bytes: packet.data.get(..packet.packet_data().len()).unwrap_or(packet.data),
            original_len: usize::try_from(packet.origlen).unwrap_or(usize::MAX),
        })),
        PcapBlockOwned::NG(_) => None,
    }
}

impl CaptureCounters {
    fn slice<'a>(&mut self, frame: &Frame<'a>) -> Result<(Option<Nanos>, frame::Udp<'a>), Reason> {
        if frame.bytes.len() < frame.original_len {
            return Err(Reason::CutShort);
        }
        let udp = frame::slice(frame.link, frame.bytes)?;
        self.tagged += u64::from(udp.tagged);
        self.options += u64::from(udp.options);
        Ok((frame.time, udp))
    }

    const fn count(&mut self, reason: Reason) {
        match reason {
            Reason::CutShort => self.cut_short += 1,
            Reason::Fragment => self.fragments += 1,
            Reason::Other => self.others += 1,
            Reason::Malformed => self.malformed += 1,
            Reason::ForeignLink => self.foreign_links += 1,
        }
    }
}
