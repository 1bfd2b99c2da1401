//! A journal for human eyes: whether it is whole, and what is in it.
//!
//! Goal: what the command line prints. Both only read, take no lock and may look at the journal of a running appliance, whose latest
//! record then may look torn. Non-goal: repairing; the errors say what the operator can do.

use std::fmt;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use wire::journal::{Body, RecordKind, SessionMessage};
use wire::ouch::{Identity, Inbound};
use wire::{DecodeError, Nanos, Seq};

use super::reader::{Reader, Record, Torn};
use super::{JournalError, Position};

/// What [`verify`] found; every record up to `last_seq` is whole and in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyReport {
    /// The directory.
    pub dir: PathBuf,
    /// The journal's name; 0 where there is none.
    pub epoch: u64,
    /// Files, prepared ones included.
    pub segments: usize,
    /// Records.
    pub records: u64,
    /// The oldest record; 0 when there is none. Later than 1 where segments have been pruned and not archived.
    pub first_seq: Seq,
    /// The latest record; 0 when there is none.
    pub last_seq: Seq,
    /// Received first.
    pub first_time: Nanos,
    /// Received last.
    pub last_time: Nanos,
    /// Everything up to here was known durable when the walk began.
    pub marked_seq: Seq,
    /// Where the next record will begin.
    pub end: Option<Position>,
    /// A torn tail, which the next start will cut.
    pub torn: Option<Torn>,
    /// Records whose body is not what their kind says. The checksums are right, so this program or the one that wrote them is wrong.
    pub undecodable: u64,
}

impl fmt::Display for VerifyReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "journal       {}", self.dir.display())?;
        writeln!(f, "epoch         {:016x}", self.epoch)?;
        writeln!(f, "segments      {}", self.segments)?;
        writeln!(f, "records       {}", self.records)?;
        if self.first_seq > Seq(1) {
            writeln!(
                f,
                "first seq     {}: the segments before it have been pruned, and are not in the archive",
                self.first_seq
            )?;
        }
        writeln!(f, "last seq      {}", self.last_seq)?;
        writeln!(f, "known durable {}", self.marked_seq)?;
        writeln!(f, "received_ns   {} to {}", self.first_time.get(), self.last_time.get())?;
        match &self.end {
            Some(end) => writeln!(f, "next record   {end}")?,
            None => writeln!(f, "next record   none: there is no journal here yet")?,
        }
        if self.undecodable > 0 {
            writeln!(f, "undecodable   {}: written by another version; see the dump", self.undecodable)?;
        }
        match &self.torn {
            Some(torn) => write!(f, "end           torn: the next start cuts {torn}"),
            None => f.write_str("end           clean"),
        }
    }
}

/// Which records to print. The default is all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Filter {
    /// The first.
    pub from: Seq,
    /// The last.
    pub to: Seq,
    /// Only this kind.
    pub kind: Option<RecordKind>,
}

impl Default for Filter {
    fn default() -> Self {
        Self { from: Seq(0), to: Seq(u64::MAX), kind: None }
    }
}

impl Filter {
    fn takes(&self, record: &Record<'_>) -> bool {
        (self.from..=self.to).contains(&record.seq) && self.kind.is_none_or(|kind| kind == record.kind)
    }
}

/// Reads a whole journal and checks every record of it.
///
/// # Errors
/// The journal is damaged in a way that a crash does not explain, or cannot be read.
pub fn verify(dir: &Path) -> Result<VerifyReport, JournalError> {
    let mut reader = Reader::open_oldest(dir)?;
    let (mut records, mut undecodable) = (0, 0);
    let (mut first_time, mut last_time, mut first_seq) = (Nanos(0), Nanos(0), Seq(0));
    while let Some(record) = reader.next()? {
        if records == 0 {
            (first_time, first_seq) = (record.receive_time, record.seq);
        }
        last_time = record.receive_time;
        records += 1;
        undecodable += u64::from(Body::decode(record.kind, record.body).is_err());
    }
    let end = reader.end();
    let current = end.and_then(|end| end.current.as_ref());
    Ok(VerifyReport {
        dir: dir.to_owned(),
        epoch: reader.segments().first().map_or(0, |segment| segment.epoch),
        segments: reader.segments().len(),
        records,
        first_seq,
        last_seq: end.map_or(Seq(0), |end| end.last_seq),
        first_time,
        last_time,
        marked_seq: reader.marked(),
        end: current.map(|(name, _, offset)| Position { segment: name.index, offset: *offset as u64 }),
        torn: end.and_then(|end| end.torn.clone()),
        undecodable,
    })
}

/// Prints one line for each record that the filter takes: seq, receive time, place, kind, body. Returns how many.
///
/// # Errors
/// As [`verify`]; what came before the damage has been printed. Or `out` refuses.
pub fn dump(dir: &Path, filter: &Filter, out: &mut impl Write) -> Result<u64, JournalError> {
    let mut reader = Reader::open_oldest(dir)?;
    let mut printed = 0;
    while let Some(record) = reader.next()? {
        if record.seq > filter.to {
            break;
        }
        if filter.takes(&record) {
            print(&record, out).map_err(JournalError::io("print the records of", dir))?;
            printed += 1;
        }
    }
    Ok(printed)
}

/// Prints one record as a line: seq, receive time, place, kind, body.
///
/// # Errors
/// `out` refuses.
pub fn print(record: &Record<'_>, out: &mut impl Write) -> io::Result<()> {
    let Record { seq, receive_time, kind, body, position } = record;
    write!(out, "{seq} {} {}:{} {kind:?}", receive_time.get(), position.segment, position.offset)?;
    match Body::decode(*kind, body) {
        Ok(body) => print_body(&body, out)?,
        Err(error) => print_raw(&error, body, out)?,
    }
    writeln!(out)
}

fn print_body(body: &Body<'_>, out: &mut impl Write) -> io::Result<()> {
    match body {
        Body::Genesis(genesis) => write!(
            out,
            " fingerprint={:016x} created={} feed_session={}",
            genesis.fingerprint,
            genesis.created.get(),
            genesis.feed_session
        ),
        Body::SessionMessage(message) => print_message(message, out),
        // The token is left out: whoever may read a dump need not be able to speak for the session.
        Body::Login(login) => write!(
            out,
            " session={} address={} flags={} cookie_stamp={}",
            login.session, login.address, login.flags, login.cookie_stamp
        ),
        Body::SessionDeath(death) => write!(out, " session={}", death.session),
        Body::SequenceSkip(skip) => write!(out, " session={} next_inbound={}", skip.session, skip.next_inbound),
        Body::CancelSlice(slice) => write!(out, " session={}", slice.session),
        Body::Elect(_) => Ok(()),
        Body::EntryGate(gate) => write!(out, " closed={}", gate.closed),
        Body::StateHash(state) => write!(out, " hash={:016x}", state.hash),
        Body::Logout(logout) => write!(out, " session={}", logout.session),
    }
}

fn print_message(message: &SessionMessage<'_>, out: &mut impl Write) -> io::Result<()> {
    write!(out, " session={} client_seq={}", message.session, message.client_seq)?;
    match Inbound::decode(message.bytes) {
        Ok(Inbound::EnterOrder(order)) => {
            let price = Price(order.price, order.is_market());
            write!(out, " EnterOrder user_ref={} side={:?} qty={}", order.user_ref, order.side, order.qty)?;
            write!(out, " symbol={} price={price} tif={:?}", order.symbol, order.time_in_force)?;
            print_options(order.appendage.as_bytes(), out)
        }
        Ok(Inbound::ReplaceOrder(order)) => {
            let price = Price(order.price, order.is_market());
            write!(out, " ReplaceOrder orig_user_ref={} user_ref={}", order.orig_user_ref, order.user_ref)?;
            write!(out, " qty={} price={price} tif={:?}", order.qty, order.time_in_force)?;
            print_options(order.appendage.as_bytes(), out)
        }
        Ok(Inbound::CancelOrder(order)) => {
            write!(out, " CancelOrder user_ref={} qty={}", order.user_ref, order.qty)
        }
        Ok(Inbound::ModifyOrder(order)) => {
            write!(out, " ModifyOrder user_ref={} side={:?} qty={}", order.user_ref, order.side, order.qty)
        }
        Ok(Inbound::AccountQuery(_)) => write!(out, " AccountQuery"),
        Err(error) => {
            // Not damage: clients may send anything, and it is journaled as it came.
            write!(out, " malformed user_ref={}", Identity::of(message.bytes).user_ref)?;
            print_raw(&error, message.bytes, out)
        }
    }
}

/// A limit, or the word for a market order.
struct Price(wire::Price, bool);

impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.1 { f.write_str("market") } else { self.0.fmt(f) }
    }
}

fn print_options(appendage: &[u8], out: &mut impl Write) -> io::Result<()> {
    if appendage.is_empty() {
        return Ok(());
    }
    write!(out, " options=")?;
    print_hex(appendage, out)
}

fn print_raw(error: &DecodeError, bytes: &[u8], out: &mut impl Write) -> io::Result<()> {
    write!(out, " ({error}) bytes=")?;
    print_hex(bytes, out)
}

fn print_hex(bytes: &[u8], out: &mut impl Write) -> io::Result<()> {
    bytes.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
}
