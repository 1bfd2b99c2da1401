//! `pinion replay`: the command line around [`run`](super::run).

use std::error::Error;
use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use super::{Progress, ReplayOptions, run};
use crate::client::ClientConfig;
use crate::run::capturing;
use clap::Args;
use feedhandler::flow::recording::RecordingOptions;
use feedhandler::flow::{Format, Recording};
use indicatif::{ProgressBar, ProgressStyle};
use netio::Endpoint;
use netio::fault::{FaultPlan, FaultPort};
use netio::host::{HostPort, PortKind};
use netio::pcap::PcapPort;
use wire::Symbol;
use wire::login::{Key, Username};

const EXAMPLES: &str = "\
Examples:
  pinion replay normal_s23_n1000000.txt.xz
      sends the flow as fast as the window allows; ends with the line 'reports N sha256 HEX'
  pinion replay --rate 50000 --limit 100000 flow.txt
      open-loop: 50,000 messages a second, whether or not answers come
  pinion replay --format lobster --book AAPL_orderbook_10.csv AAPL_message_10.csv
      seeds the book from row 1, then repeats the day
  pinion replay --faults drop=1%,duplicate=1%,reorder=1%,seed=7 flow.txt.gz
      the same answer over a bad network";

/// Send a recorded order flow to a running appliance.
///
/// Formats: consensus text, ITCH 5.0 files, LOBSTER; plain or compressed (.xz, .gz, .zst).
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ReplayArgs {
    /// The recording
    file: PathBuf,
    /// consensus, itch50 or lobster; told from the content when not given
    #[arg(long)]
    format: Option<Format>,
    /// The book file beside a LOBSTER message file
    #[arg(long)]
    book: Option<PathBuf>,
    /// The instrument of formats that name none
    #[arg(long, default_value = "PINION", value_parser = symbol)]
    symbol: Symbol,
    #[command(flatten)]
    login: LoginArgs,
    /// Messages in a second, sent by the clock; without it, as fast as the window allows
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    rate: Option<u32>,
    /// Write the report stream into this file
    #[arg(long)]
    reports: Option<PathBuf>,
    /// Send so many messages at most
    #[arg(long)]
    limit: Option<u64>,
    /// Print the sum as one JSON object
    #[arg(long)]
    json: bool,
}

/// Where and as whom to log in.
#[derive(Clone, Debug, Args)]
pub struct LoginArgs {
    /// The appliance's order-entry address
    #[arg(long, default_value = "127.0.0.1:26400")]
    server: SocketAddrV4,
    /// The appliance's re-request address; the port after that of the server when not given
    #[arg(long)]
    rerequest: Option<SocketAddrV4>,
    /// The login
    #[arg(long, default_value = "trader1", value_parser = username)]
    user: Username,
    /// Its key, 64 hexadecimal digits; the development key of the built-in configuration when not given
    #[arg(long, value_parser = key)]
    key: Option<Key>,
    /// Messages that may be unanswered
    #[arg(long, default_value_t = 1_024, value_parser = window)]
    window: usize,
    /// How to reach the network: auto, dpdk, xdp, uring or socket
    #[arg(long, default_value = "auto")]
    port: PortKind,
    /// Faults to inject in both directions, such as drop=1%,duplicate=1%,reorder=1%,seed=7
    #[arg(long, default_value = "")]
    faults: FaultPlan,
    /// Write the datagrams of this client into this file, for tcpdump, tshark or Wireshark
    #[arg(long, value_name = "FILE")]
    pcap: Option<PathBuf>,
}

impl LoginArgs {
    /// The client's configuration.
    ///
    /// # Errors
    /// No key is given, and the built-in configuration knows no such user.
    pub fn client(&self) -> Result<ClientConfig, String> {
        let key = self.key.map_or_else(|| development_key(self.user), Ok)?;
        let rerequest = match self.rerequest {
            Some(address) => address,
            None => {
                let port = self.server.port().checked_add(1);
                let port =
                    port.ok_or("expected a re-request address beside the server's port 65535; give --rerequest")?;
                SocketAddrV4::new(*self.server.ip(), port)
            }
        };
        let config = ClientConfig::new(self.user, key, self.server.into(), rerequest.into());
        Ok(ClientConfig { window_messages: self.window, ..config })
    }

    /// A port on any free local address from which the server can be reached.
    ///
    /// # Errors
    /// There is none, or the file for the capture cannot be created.
    pub fn open_port(&self) -> Result<FaultPort<PcapPort<HostPort>>, Box<dyn Error>> {
        let local = if self.server.ip().is_loopback() { Ipv4Addr::LOCALHOST } else { Ipv4Addr::UNSPECIFIED };
        let endpoint = Endpoint::unicast(SocketAddrV4::new(local, 0));
        let port = HostPort::open(&self.port.into(), &[endpoint])?;
        eprintln!("port: {}", port.choice());
        Ok(FaultPort::new(capturing(port, 1, self.pcap.as_deref())?, &self.faults))
    }
}

fn development_key(user: Username) -> Result<Key, String> {
    let config = engine::config::Config::default();
    let session = config.sessions.iter().find(|session| session.username == user.as_str());
    let session = session.ok_or_else(|| {
        format!("expected --key for user '{user}': only the users of the built-in configuration have a known key")
    })?;
    Ok(session.key)
}

/// Runs the command.
///
/// # Errors
/// Whatever keeps the recording from being sent whole.
pub fn execute(args: &ReplayArgs) -> Result<(), Box<dyn Error>> {
    let client = args.login.client()?;
    let options = ReplayOptions { client, rate_per_s: args.rate, limit: args.limit };
    let recording = open(args)?;
    let format = recording.format();
    let port = args.login.open_port()?;
    let captured = port.inner().captured();
    let reports: Box<dyn Write> = match &args.reports {
        Some(path) => Box::new(BufWriter::new(create(path)?)),
        None => Box::new(io::sink()),
    };
    let bar = progress_bar(args);
    let outcome = run(recording, port, &options, reports, |progress| {
        if let Some(bar) = &bar {
            bar.show(progress);
        }
    })?;
    if let Some(bar) = bar {
        bar.bar.finish_and_clear();
    }
    if let Some(captured) = captured {
        eprintln!("pcap: {captured}");
    }
    let mut out = io::stdout().lock();
    if args.json {
        writeln!(out, "{}", outcome.to_json())?;
        return Ok(());
    }
    writeln!(out, "{outcome}")?;
    if format == Format::Consensus {
        writeln!(out, "{}", outcome.proof())?;
    }
    Ok(())
}

fn open(args: &ReplayArgs) -> Result<Recording<'static>, feedhandler::FlowError> {
    let options = RecordingOptions { format: args.format, instrument: Some(args.symbol), book: args.book.as_deref() };
    Recording::open(&args.file, &options)
}

fn create(path: &Path) -> Result<File, String> {
    File::create(path).map_err(|error| format!("cannot create '{}': {error}", path.display()))
}

/// A bar that learns the length of the recording while the replay runs.
struct Bar {
    bar: ProgressBar,
    length: Arc<OnceLock<u64>>,
}

impl Bar {
    fn show(&self, progress: Progress) {
        if let Some(length) = self.length.get()
            && self.bar.length() != Some(*length)
        {
            self.bar.set_length(*length);
        }
        self.bar.set_position(progress.answered);
    }
}

/// On a terminal only: elsewhere a bar is noise.
fn progress_bar(args: &ReplayArgs) -> Option<Bar> {
    if !io::stderr().is_terminal() {
        return None;
    }
    let style = ProgressStyle::with_template("{wide_bar} {human_pos}/{human_len} {per_sec} ETA {eta}").ok()?;
    let bar = ProgressBar::no_length().with_style(style);
    bar.enable_steady_tick(Duration::from_millis(200));
    let length = Arc::new(OnceLock::new());
    let known = Arc::clone(&length);
    // Only reading it tells how many messages a compressed text has; meanwhile the replay has begun. Nothing is wrong when it fails: the
    // replay meets the same error.
    let (limit, recording) = (args.limit.unwrap_or(u64::MAX), open(args).ok()?);
    thread::spawn(move || {
        let count = recording.map_while(Result::ok).map(|_| 1_u64).sum::<u64>();
        known.set(count.min(limit))
    });
    Some(Bar { bar, length })
}

fn symbol(text: &str) -> Result<Symbol, String> {
    Symbol::new(text).ok_or_else(|| "expected 1 to 8 printable ASCII characters without spaces".to_owned())
}

fn username(text: &str) -> Result<Username, String> {
    let name = Username::new(text).filter(|_| !text.is_empty());
    name.ok_or_else(|| "expected 1 to 16 printable ASCII characters".to_owned())
}

fn key(text: &str) -> Result<Key, String> {
    Key::from_hex(text).ok_or_else(|| format!("expected 64 hexadecimal digits, found {} characters", text.len()))
}

fn window(text: &str) -> Result<usize, String> {
    const WINDOW_MAX: usize = 1 << 20;
    let number = text.parse().ok().filter(|number| (1..=WINDOW_MAX).contains(number));
    number.ok_or_else(|| format!("expected a number from 1 to {WINDOW_MAX}"))
}
