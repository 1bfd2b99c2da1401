//! `pinion normalize`: the command line around [`Works`](super::Works).

use std::error::Error;
use std::io::{self, BufWriter, Write};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use clap::{Args, ValueEnum};
use feedhandler::normalize::{Date, Framing, Symbols, Zone};
use netio::host::{HostPort, PortKind};
use netio::{Endpoint, EndpointIndex};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use wire::Symbol;
use wire::mold::SessionId;

use super::input::{Input, InputOptions};
use super::line::Line;
use super::outlet::{Lines, Outlet};
use super::{Asked, NamesFile, NormalizeOptions, Pace, Server, Works};

const EXAMPLES: &str = "\
Examples:
  pinion normalize --from 01302019.NASDAQ_ITCH50.gz --to -
      prints one tick a line: sequence, time, symbol_id, kind, side, price, quantity
  pinion normalize --from day.pcap --to 239.26.40.1:26440 --to 239.26.40.2:26441 --symbols names.txt
      publishes a captured day (NASDAQ ITCH 5.0 or IEX DEEP) on lines A and B with its original timing
  pinion normalize --from 233.54.12.111:26477@10.0.0.5 --from 233.49.196.111:26477@10.0.1.5 --to 239.26.40.1:26440@10.1.0.5
      listens to both lines of a venue, and publishes on an interface of its own
  pinion normalize --from 239.26.41.1:26450 --from 239.26.41.2:26451 --rerequest 127.0.0.1:26460 --to - --zone utc
      listens to a depth channel of pinion run on this host, and asks for what both lines lost
  pinion normalize --from AAPL_2012-06-21_34200000_57600000_message_10.csv --book AAPL_2012-06-21_34200000_57600000_orderbook_10.csv \\
      --to aapl.pcap
      turns a LOBSTER day into a capture of tick packets

Ends with the input, with the venue's end of session, on SIGINT or SIGTERM. Exit status 1: messages of the input are missing.";

/// Turn other venues' market data into ticks: live lines or recordings in, lines, files or text out.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct NormalizeArgs {
    /// A pcap, pcapng, ITCH 5.0 or LOBSTER message file, plain or compressed; or a group and port to listen to,
    /// `group:port[@interface]`, again for line B
    #[arg(long, required = true, value_name = "FILE|LINE")]
    from: Vec<String>,
    /// A group and port to publish on, `group:port[@interface]`, again for line B; a file for bare ticks, or for packets where
    /// its name ends in .pcap; - for text
    #[arg(long, required = true, value_name = "LINE|FILE|-")]
    to: Vec<String>,
    /// What packets carry; told from the first one when not given
    #[arg(long)]
    format: Option<PacketFormat>,
    /// Of a capture, take only what was sent to this group and port; again for line B
    #[arg(long, value_name = "GROUP:PORT")]
    only: Vec<SocketAddrV4>,
    /// The day of times that count from midnight, YYYY-MM-DD; that of the capture or of the file's name when not given
    #[arg(long, value_parser = date)]
    date: Option<Date>,
    /// The clock of such times: new-york, utc, or an offset such as +01:00
    #[arg(long, default_value = "new-york", value_parser = zone)]
    zone: Zone,
    /// How fast recordings are played: flat, or a multiple of their own speed such as 1 or 2.5. Without it, 1 on lines and flat
    /// elsewhere
    #[arg(long)]
    pace: Option<Pace>,
    /// The directory of names, a file of lines `symbol_id name`: read, and extended by names that are new
    #[arg(long, value_name = "FILE")]
    symbols: Option<PathBuf>,
    /// The book file beside a LOBSTER message file
    #[arg(long, value_name = "FILE")]
    book: Option<PathBuf>,
    /// The instrument of a LOBSTER recording; told from the file's name when not given
    #[arg(long, value_parser = symbol)]
    instrument: Option<Symbol>,
    /// The MoldUDP64 re-request server to ask for what all lines lost; from the interface named here, else from that of the first
    /// line. IEX-TP's own gap fill is not supported
    #[arg(long, value_name = "ADDRESS:PORT[@INTERFACE]")]
    rerequest: Option<Server>,
    /// Name of the published session, 1 to 10 characters; drawn when not given
    #[arg(long, value_parser = session)]
    session: Option<SessionId>,
    /// Address of the interface for lines that name none
    #[arg(long, default_value = "127.0.0.1")]
    interface: Ipv4Addr,
    /// How many routers published packets may pass
    #[arg(long, default_value_t = 1)]
    ttl: u8,
    /// How to reach the network: auto, dpdk, xdp, uring or socket
    #[arg(long, default_value = "auto")]
    port: PortKind,
    /// Heartbeats for so long before the first tick of a recording, so that subscribers can join
    #[arg(long, default_value_t = 500, value_name = "MILLISECONDS")]
    lead_ms: u64,
    /// End after so many messages
    #[arg(long)]
    limit: Option<u64>,
    /// End after so many seconds, live
    #[arg(long)]
    seconds: Option<u64>,
    /// Print ticks and the sum as JSON
    #[arg(long)]
    json: bool,
}

/// What packets carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum PacketFormat {
    /// NASDAQ ITCH 5.0 over MoldUDP64
    Itch50,
    /// IEX DEEP 1.0 over IEX-TP
    IexDeep,
}

impl From<PacketFormat> for Framing {
    fn from(format: PacketFormat) -> Self {
        match format {
            PacketFormat::Itch50 => Self::Mold,
            PacketFormat::IexDeep => Self::IexTp,
        }
    }
}

enum Source {
    Lines(Vec<Line>),
    File(PathBuf),
}

/// Runs the command.
///
/// # Errors
/// The input cannot be read, ticks cannot leave, or messages of the input are missing.
pub fn execute(args: &NormalizeArgs) -> Result<(), Box<dyn Error>> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        flag::register(signal, Arc::clone(&stop))?;
    }
    let from = args.from()?;
    let (names, symbols) = match &args.symbols {
        Some(path) => NamesFile::open(path).map(|(file, symbols)| (Some(file), symbols))?,
        None => (None, Symbols::default()),
    };
    let outlet = args.outlet()?;
    let outcome = match from {
        Source::Lines(lines) => {
            let mut endpoints: Vec<Endpoint> = lines.iter().map(|line| line.receiving(args.interface)).collect();
            let asked = args.asked(&lines, &mut endpoints)?;
            let options = NormalizeOptions { asked, ..args.options(None, Duration::ZERO, &outlet) };
            let mut port = HostPort::open(&args.port.into(), &endpoints)?;
            eprintln!("port: {}", port.choice());
            let mut works = Works::new(options, symbols, names, outlet);
            let heard = works.listen(&mut port, &stop);
            ended(heard, works.finish(None))?
        }
        Source::File(_) if args.rerequest.is_some() => {
            return Err(
                "--rerequest: expected lines to listen to, found a recording, whose venue cannot be asked any more"
                    .into(),
            );
        }
        Source::File(path) => {
            let name = path.file_name().map(|name| name.to_string_lossy());
            let date = name.and_then(|name| Date::in_name(&name));
            let options = args.options(date, Duration::from_millis(args.lead_ms), &outlet);
            let input_options = InputOptions { only: args.only.clone(), instrument: args.instrument };
            let mut input = Input::open(&path, args.book.as_deref(), input_options)?;
            let mut works = Works::new(options, symbols, names, outlet);
            let played = works.play(&mut input, &stop);
            ended(played, works.finish(Some(&input)))?
        }
    };
    let text = if args.json { outcome.to_json() } else { outcome.to_string() };
    if args.to == ["-"] {
        eprintln!("{text}");
    } else {
        writeln!(io::stdout().lock(), "{text}")?;
    }
    Ok(outcome.complete()?)
}

/// What went wrong first counts; what was made until then has left.
fn ended<T, E>(worked: Result<(), E>, finished: Result<T, E>) -> Result<T, E> {
    worked.and(finished)
}

impl NormalizeArgs {
    fn from(&self) -> Result<Source, Box<dyn Error>> {
        if self.from.iter().any(|from| Line::is_like(from)) {
            let lines: Result<Vec<Line>, _> = self.from.iter().map(|from| from.parse()).collect();
            return Ok(Source::Lines(lines?));
        }
        match self.from.as_slice() {
            [file] => Ok(Source::File(PathBuf::from(file))),
            more => {
                Err(format!("--from: expected one file, or the lines of one stream; found {} files", more.len()).into())
            }
        }
    }

    /// The re-request server, and the endpoint for it behind those of the lines.
    fn asked(&self, lines: &[Line], endpoints: &mut Vec<Endpoint>) -> Result<Option<Asked>, Box<dyn Error>> {
        let Some(server) = self.rerequest else { return Ok(None) };
        if self.format == Some(PacketFormat::IexDeep) {
            return Err("--rerequest: expected MoldUDP64 (--format itch50), found iex-deep: IEX-TP's own gap fill is not supported; leave it out".into());
        }
        let endpoint = EndpointIndex(u8::try_from(endpoints.len())?);
        let interface = lines.first().and_then(|line| line.interface).unwrap_or(self.interface);
        endpoints.push(server.asking(interface));
        Ok(Some(Asked { address: server.address, endpoint }))
    }

    fn outlet(&self) -> Result<Outlet<HostPort>, Box<dyn Error>> {
        let session = self.session.map_or_else(drawn_session, Ok)?;
        if self.to.iter().any(|to| Line::is_like(to)) {
            let lines: Result<Vec<Line>, _> = self.to.iter().map(|to| to.parse::<Line>()).collect();
            let lines = lines?;
            let endpoints: Vec<Endpoint> = lines.iter().map(|line| line.sending(self.interface, self.ttl)).collect();
            let port = HostPort::open(&self.port.into(), &endpoints)?;
            eprintln!("publishing session {session} over {}", port.choice());
            let groups = lines.iter().map(|line| line.group).collect();
            return Ok(Outlet::lines(Lines { port, groups }, session));
        }
        match self.to.as_slice() {
            [to] if to == "-" => Ok(Outlet::text(Box::new(BufWriter::new(io::stdout())), self.json, session)),
            [to] => Ok(Outlet::file(Path::new(to), session)?),
            more => {
                Err(format!("--to: expected one file or -, or the lines to publish on; found {} files", more.len())
                    .into())
            }
        }
    }

    fn options(&self, named: Option<Date>, lead: Duration, outlet: &Outlet<HostPort>) -> NormalizeOptions {
        let pace = self.pace.unwrap_or(if outlet.is_live() { Pace::ORIGINAL } else { Pace::Flat });
        NormalizeOptions {
            framing: self.format.map(Framing::from),
            date: self.date.or(named),
            zone: self.zone,
            pace,
            lead,
            asked: None,
            limit: self.limit,
            duration: self.seconds.map(Duration::from_secs),
        }
    }
}

/// A name that no other session has, so that a subscriber notices a new beginning.
fn drawn_session() -> Result<SessionId, Box<dyn Error>> {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut drawn = [0; 10];
    getrandom::fill(&mut drawn)
        .map_err(|error| format!("cannot draw the name of a session: {error}; give --session"))?;
    Ok(SessionId(drawn.map(|byte| LETTERS[usize::from(byte % 32)])))
}

fn date(text: &str) -> Result<Date, String> {
    Date::parse(text).ok_or_else(|| "expected a date from 1970 on, such as 2019-01-30".to_owned())
}

fn zone(text: &str) -> Result<Zone, String> {
    Zone::parse(text).ok_or_else(|| "expected new-york, utc, or an offset such as +01:00".to_owned())
}

fn session(text: &str) -> Result<SessionId, String> {
    let name = SessionId::new(text).filter(|_| !text.trim().is_empty());
    name.ok_or_else(|| "expected 1 to 10 printable ASCII characters".to_owned())
}

fn symbol(text: &str) -> Result<Symbol, String> {
    Symbol::new(text).ok_or_else(|| "expected 1 to 8 printable ASCII characters without spaces".to_owned())
}
