//! What runs in the processes of the far side: the appliance as `pinion run` runs it, and the two floors.
//!
//! Goal: the real thing, and beside it the least that can be done with the same packets. Non-goal: a command for people.

use std::io::{self, Write};
use std::net::{SocketAddrV4, UdpSocket};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::floor::{REQUEST_MAX, Reply};
use super::network::port_options;
use super::process::READY;
use clap::{Args, Subcommand};
use engine::tile::Wait;
use netio::host::{HostPort, PortKind};
use netio::lab::Side;
use netio::{Endpoint, EndpointIndex, Outgoing, Port};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use signal_hook::consts::SIGTERM;
use tools::run::RunOptions;

/// The far side of `wire`, started by it.
#[derive(Debug, Args)]
pub struct FarArgs {
    #[command(subcommand)]
    part: Part,
}

#[derive(Debug, Subcommand)]
enum Part {
    /// The appliance.
    Appliance(Box<RunOptions>),
    /// A reply and a tick for every datagram, through one of our ports.
    Echo(EchoArgs),
    /// A reply for every datagram, through a socket that blocks.
    Kernel {
        #[arg(long)]
        bind: SocketAddrV4,
        #[arg(long)]
        pin: Option<usize>,
    },
}

#[derive(Debug, Args)]
struct EchoArgs {
    #[arg(long)]
    port: PortKind,
    #[arg(long)]
    bind: SocketAddrV4,
    #[arg(long)]
    group: SocketAddrV4,
    #[arg(long)]
    wait: Wait,
    #[arg(long)]
    pin: Option<usize>,
}

/// Datagrams between two looks at whether to stop.
const BURST: usize = 64;

/// Serves until SIGTERM, or until whoever started it is gone.
pub fn serve(args: &FarArgs) -> ExitCode {
    let served = set_pdeathsig(Signal::SIGKILL).map_err(Into::into).and_then(|()| match &args.part {
        Part::Appliance(options) => tools::run::run(options).map_err(|error| io::Error::other(error.to_string())),
        Part::Echo(args) => echo(args),
        Part::Kernel { bind, pin } => kernel(*bind, *pin),
    });
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// A datagram that is to be answered.
#[derive(Clone, Copy)]
struct Asked {
    from: SocketAddrV4,
    reply: Reply,
}

/// As the net tile does: receive a burst, send a burst.
fn echo(args: &EchoArgs) -> io::Result<()> {
    let stop = begin(args.pin)?;
    let market_data = Endpoint::unicast(SocketAddrV4::new(*args.bind.ip(), 0));
    let mut port = HostPort::open(&port_options(args.port, Side::Far), &[Endpoint::unicast(args.bind), market_data])
        .map_err(io::Error::other)?;
    let mut asked: Vec<Asked> = Vec::with_capacity(BURST);
    let mut idle = 0;
    ready()?;
    while !stop.load(Ordering::Relaxed) {
        let receive = |received: netio::Received<'_>| {
            if let Some(reply) = Reply::asked(received.payload) {
                asked.push(Asked { from: received.from, reply });
            }
        };
        port.receive(BURST, receive).map_err(io::Error::other)?;
        if asked.is_empty() {
            idle += 1;
            args.wait.wait(idle);
            continue;
        }
        idle = 0;
        // Two datagrams for each: the reply, then the tick.
        let mut at = 0;
        while at < 2 * asked.len() {
            let sent = port.send(2 * asked.len() - at, |buffer| {
                let Asked { from, reply } = asked.get(at / 2)?;
                let (endpoint, to, len) = if at.is_multiple_of(2) {
                    (EndpointIndex(0), *from, reply.len)
                } else {
                    (EndpointIndex(1), args.group, reply.tick_len)
                };
                at += 1;
                Some(Outgoing { endpoint, to, len: reply.write(buffer, len) })
            });
            if sent.map_err(io::Error::other)? == 0 && stop.load(Ordering::Relaxed) {
                break;
            }
        }
        port.flush().map_err(io::Error::other)?;
        asked.clear();
    }
    Ok(())
}

/// As one would write it without any of this.
fn kernel(bind: SocketAddrV4, pin: Option<usize>) -> io::Result<()> {
    let stop = begin(pin)?;
    let socket = UdpSocket::bind(bind)?;
    // Interrupted by the signal, or at the latest after this.
    socket.set_read_timeout(Some(std::time::Duration::from_millis(100)))?;
    let mut buffer = [0; REQUEST_MAX];
    ready()?;
    while !stop.load(Ordering::Relaxed) {
        let Ok((len, from)) = socket.recv_from(&mut buffer) else { continue };
        if let Some(reply) = Reply::asked(&buffer[..len]) {
            let len = reply.write(&mut buffer, reply.len);
            // What cannot be sent is lost, and counted where it is missed.
            let _ = socket.send_to(&buffer[..len], from);
        }
    }
    Ok(())
}

fn begin(pin: Option<usize>) -> io::Result<Arc<AtomicBool>> {
    if let Some(core) = pin {
        netio::cpu::pin_current_thread(core).map_err(io::Error::other)?;
    }
    let stop = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(SIGTERM, Arc::clone(&stop))?;
    Ok(stop)
}

fn ready() -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{READY}")?;
    out.flush()
}
