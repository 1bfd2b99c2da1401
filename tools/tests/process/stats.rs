//! `pinion stats` beside a real appliance: what an operator sees of it under load, and of each of its troubles.

use crate::held::Held;
use crate::loop_disk::{LoopDisk, small_site};
use crate::mounts::own_mounts;
use crate::power_disk::{Platter, PowerDisk};
use crate::process::{Finished, Process, wait_until};
use crate::site::{PINION, Site};
use crate::terminal::{Screen, line_of};
use crate::trader::Trader;
use netio::Endpoint;
use netio::host::{HostPort, PortKind, PortOptions};
use netio::lab::{Lab, Side, excuse};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddrV4, TcpStream};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use tools::client::connection::Connection;
use tools::client::{ClientConfig, SubmitError};
use wire::login::{Key, Username};
use wire::ouch::{Appendage, Capacity, ClOrdId, CrossType, Display, EnterOrder, OrderSide, TimeInForce, YesNo};
use wire::{Price, Qty, Symbol, UserRefNum};

const SMALL: (u16, u16) = (80, 24);

/// `pinion stats` of the site's appliance.
fn command(site: &Site, more: &[&str]) -> Command {
    let mut command = Command::new(PINION);
    command.arg("stats").args(more).args(site.run_command(&[]).get_args().skip(1));
    command
}

fn stats(site: &Site, more: &[&str]) -> Finished {
    site.spawn(command(site, more), "stats").wait()
}

fn json(site: &Site) -> serde_json::Value {
    serde_json::from_str(&stats(site, &["--json"]).out).expect("one object")
}

/// The live screen in a terminal; `None` where there is no tmux.
fn live(site: &Site, size: (u16, u16), name: &str) -> Option<Screen> {
    Screen::run(&site.path(name), size, &line_of(&command(site, &[])))
}

/// Waits for a verdict and words behind it on the first lines, and tells how long it took: what happened is to be seen within a second, which
/// `tests/stats` proves in a time of its own and a busy machine does not.
#[track_caller]
fn see(screen: &Screen, verdict: &str, words: &str) -> String {
    let begin = Instant::now();
    let text = screen.wait(&format!("{verdict} and '{words}'"), |text| {
        let head: Vec<&str> = text.lines().take(3).flat_map(str::split_whitespace).collect();
        head.first() == Some(&verdict) && head.join(" ").contains(words)
    });
    eprintln!("{verdict}, {words}: seen after {} ms", begin.elapsed().as_millis());
    text
}

fn signal(pid: u32, signal: Signal) {
    kill(Pid::from_raw(i32::try_from(pid).expect("a process")), signal).expect("it is there");
}

#[test]
fn a_working_appliance_is_seen_whole_in_both_sizes_and_its_death_at_once() {
    let site = Site::new().with("topology.cores=2").with("stats.sample=16");
    let mut appliance = Some(site.start());
    let trader = Trader::begin(&site, 2_000);
    trader.wait_answered(100);
    for size in [SMALL, (200, 50)] {
        let Some(screen) = live(&site, size, &format!("screen-{}", size.0)) else { return };
        let rate = |text: &str| {
            let rate =
                text.lines().find_map(|line| line.strip_prefix("msg/s ")?.split(' ').next()?.parse::<u64>().ok());
            rate.is_some_and(|rate| rate > 500)
        };
        // Percentiles, a rate, both threads busy, the session up, and its instrument traded.
        let text = screen.wait("a healthy appliance under load", |text| {
            let has = |begin: &str, word: &str| {
                text.lines().find(|line| line.starts_with(begin)).is_some_and(|line| line.contains(word))
            };
            text.starts_with(" HEALTHY  pinion")
                && rate(text)
                && has("matching", "%")
                && has("whole", "s ")
                && has("trader1", " up ")
                && text.contains("PINION")
        });
        assert!(screen.is_taken() && text.lines().count() == usize::from(size.1), "{text}");
        let line = |begin: &str| {
            text.lines().find(|line| line.starts_with(begin)).unwrap_or_else(|| panic!("no {begin} in\n{text}"))
        };
        assert!(line("whole").contains('s') && !line("whole").contains(" - "), "{text}");
        assert!(line("matching").contains('%') && line("trader1").contains(" up "), "{text}");
        assert!(line("journal mapped").contains("lag") && text.contains("main.depth"), "{text}");
        for (key, words) in
            [("6", "open_orders"), ("7", "bid qty"), ("1", "one of"), ("4", "durability"), ("9", "no buffer")]
        {
            screen.press(key);
            let words = if key == "6" { "heard" } else { words };
            screen.wait(words, |text| text.contains(words) && text.contains("esc overview"));
        }
        screen.press("Escape");
        screen.press("p");
        screen.wait("a pause", |text| text.contains("PAUSED"));
        screen.press("p");
        screen.wait("no pause", |text| !text.contains("PAUSED"));
        if size == SMALL {
            screen.press("q");
        } else {
            appliance.take().expect("it runs").kill();
            see(&screen, "GONE", "ended without being told to");
            // Another one on the same journal is seen without a word from us.
            appliance = Some(site.start());
            see(&screen, "HEALTHY", "pinion");
            signal(screen.child(), Signal::SIGTERM);
        }
        let text = screen.wait("the end", |text| text.contains("it echoes"));
        assert!(text.contains("ended with 0") && !screen.is_taken(), "{text}");
    }
    drop(trader);
    appliance.expect("it runs").stop();
}

#[test]
fn printed_it_is_text_json_or_everything_and_the_status_tells() {
    let site = Site::new();
    let absent = stats(&site, &["--once"]);
    absent.expect_refusal(&["expected the counters of a running appliance", "does not run"]);
    let appliance = site.start();
    let once = stats(&site, &["--once"]).expect_success();
    assert!(once.out.starts_with(" HEALTHY  pinion") && once.out.lines().count() < 24, "{}", once.out);
    assert!(once.out.lines().all(|line| line.chars().count() <= 80), "{}", once.out);
    let all = stats(&site, &["--all"]).expect_success();
    assert!(
        all.out.contains("\ntile[matching].polls ") && all.out.contains("\nsession[trader2].alive 0"),
        "{}",
        all.out
    );
    let object = json(&site);
    assert_eq!((&object["verdict"], &object["appliance"]["pid"]), (&"healthy".into(), &appliance.pid().into()));
    assert!(object["appliance"]["phase"] == 1 && object["tiles"][1]["polls_per_s"].as_u64() > Some(0), "{object}");
    // By its file, and again and again.
    let file = object["appliance"]["file"].as_str().expect("a path").to_owned();
    let mut watch = Command::new(PINION);
    watch.args(["stats", "--watch", "1", "--json", "--file", &file]);
    let watch = site.spawn(watch, "watch");
    wait_until("two looks", || watch.out().lines().count() >= 2);
    let pid = appliance.pid();
    signal(pid, Signal::SIGSTOP);
    let held = stats(&site, &["--once"]);
    assert!(held.status.code() == Some(1) && held.out.starts_with(" BROKEN  process"), "{held:?}");
    wait_until("the watcher to see it", || watch.out().contains("\"verdict\":\"broken\""));
    signal(pid, Signal::SIGCONT);
    appliance.kill();
    wait_until("its death", || watch.out().contains("\"verdict\":\"gone\""));
    watch.signal(Signal::SIGTERM);
    let watched = watch.wait();
    assert_eq!(watched.status.code(), Some(1), "{watched:?}");
    assert!(watched.out.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()), "{}", watched.out);
    assert_eq!(stats(&site, &["--once"]).status.code(), Some(1));
    // What is no file of counters is said.
    let odd = site.path("odd.counters");
    fs::write(&odd, "something else").expect("a file");
    let mut command = Command::new(PINION);
    command.args(["stats", "--once", "--file"]).arg(&odd);
    site.spawn(command, "odd").wait().expect_refusal(&["not counters that this program can read"]);
}

#[test]
fn any_tile_that_stands_still_is_named_and_so_is_a_process_that_is_held() {
    let site = Site::new().with("topology.cores=4");
    let appliance = site.start();
    let Some(screen) = live(&site, SMALL, "screen") else { return };
    see(&screen, "HEALTHY", "pinion");
    for (tile, thread) in [("net", "net"), ("matching", "match"), ("journal", "jrnl"), ("feed", "feed")] {
        let Some(held) = Held::thread(appliance.pid(), thread) else { break };
        see(&screen, "BROKEN", &format!("tile {tile} stands still for"));
        drop(held);
        see(&screen, "HEALTHY", "pinion");
    }
    // The keeper is no tile, and nothing else would be known.
    if let Some(held) = Held::thread(appliance.pid(), "stats") {
        see(&screen, "BROKEN", "the appliance has published nothing for");
        drop(held);
        see(&screen, "HEALTHY", "pinion");
    }
    signal(appliance.pid(), Signal::SIGSTOP);
    see(&screen, "BROKEN", "is held by a signal");
    signal(appliance.pid(), Signal::SIGCONT);
    see(&screen, "HEALTHY", "pinion");
    appliance.stop();
    see(&screen, "GONE", "stopped in order");
    screen.press("q");
}

#[test]
fn a_disk_that_is_slow_and_one_that_fails() {
    if own_mounts("a slow disk").is_none() {
        return;
    }
    let site = Site::new()
        .with("journal.durability=synced")
        .with("journal.segment_bytes=1048576")
        .with("journal.disk_floor_bytes=0");
    fs::create_dir(site.journal()).expect("a directory");
    let disk = PowerDisk::mount(&site.journal(), Platter::new()).expect("a FUSE file system");
    let appliance = site.start();
    let Some(screen) = live(&site, SMALL, "screen") else { return };
    see(&screen, "HEALTHY", "pinion");
    let trader = Trader::begin(&site, 1_000);
    trader.wait_answered(50);
    disk.slow_syncs(Duration::from_millis(400));
    see(&screen, "DEGRADED", "a record waits to be durable for");
    disk.slow_syncs(Duration::from_millis(1_600));
    see(&screen, "BROKEN", "a record waits to be durable for");
    disk.slow_syncs(Duration::ZERO);
    see(&screen, "HEALTHY", "pinion");
    disk.refuse_one_sync(libc::EIO);
    see(&screen, "GONE", "has failed and ended");
    appliance.ended();
    drop(trader);
}

#[test]
fn a_disk_that_fills_up() {
    let site = small_site();
    let Some(_disk) = LoopDisk::mount(&site, "a disk that fills up", 96, 120) else { return };
    let appliance = site.start();
    let Some(screen) = live(&site, SMALL, "screen") else { return };
    see(&screen, "HEALTHY", "pinion");
    let file = site.journal().join("something else");
    fs::write(&file, vec![1; 48 << 20]).expect("there is room");
    see(&screen, "DEGRADED", "below 16.0 MiB new orders are rejected");
    fs::write(site.journal().join("more"), vec![1; 16 << 20]).expect("there is room");
    see(&screen, "BROKEN", "new orders are rejected: the journal's disk has");
    fs::remove_file(&file).expect("the test's own file");
    see(&screen, "HEALTHY", "pinion");
    appliance.stop();
}

/// A client that sends nothing but orders at a price that cannot be.
fn flood(site: &Site, stop: Arc<AtomicBool>) -> thread::JoinHandle<()> {
    let key = Key::from_hex("70696e696f6e2d646576656c6f706d656e742d6b65792d2d2d74726164657231").expect("a key");
    let user = Username::new("trader1").expect("a name");
    let config = ClientConfig::new(user, key, site.ports.order_entry().into(), site.ports.rerequest().into());
    thread::spawn(move || {
        let options = PortOptions { kind: PortKind::Socket, ..PortOptions::default() };
        let port =
            HostPort::open(&options, &[Endpoint::unicast(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0))]).expect("a port");
        let mut connection = Connection::new(config, port);
        connection.log_in(|_, _| {}).expect("it serves");
        let mut number = 0;
        while !stop.load(Ordering::Relaxed) {
            for _ in 0..20 {
                let order = EnterOrder {
                    user_ref: UserRefNum(number + 1),
                    side: OrderSide::Buy,
                    qty: Qty(1),
                    symbol: Symbol::new("PINION").expect("a name"),
                    price: Price(-5),
                    time_in_force: TimeInForce::Day,
                    display: Display::Visible,
                    capacity: Capacity::Agency,
                    sweep: YesNo::No,
                    cross_type: CrossType::Continuous,
                    cl_ord_id: ClOrdId::BLANK,
                    appendage: Appendage::EMPTY,
                };
                match connection.client().submit(|out| order.encode(out)) {
                    Ok(_) => number += 1,
                    Err(SubmitError::Full(_)) => break,
                    Err(error) => panic!("{error}"),
                }
            }
            connection.turn(|_, _| {}).expect("it serves");
            thread::sleep(Duration::from_millis(5));
        }
    })
}

#[test]
fn a_runaway_session_is_named_with_its_code() {
    let site = Site::new();
    let appliance = site.start();
    let Some(screen) = live(&site, SMALL, "screen") else { return };
    see(&screen, "HEALTHY", "pinion");
    let stop = Arc::new(AtomicBool::new(false));
    let flooding = flood(&site, Arc::clone(&stop));
    let text = see(&screen, "DEGRADED", "are rejected, most of them 0x");
    assert!(text.contains("trader1 has"), "{text}");
    stop.store(true, Ordering::Relaxed);
    flooding.join().expect("the client ran");
    screen.press("q");
    appliance.stop();
}

/// The feed leaves by an interface that goes down; order entry is somewhere else.
#[test]
fn a_line_that_is_cut_off_is_seen_at_the_port() {
    let lab = match Lab::make(1) {
        Ok(lab) => lab,
        Err(error) => return excuse("a line that is cut off", &error),
    };
    let address = Side::Far.address();
    let site = Site::new()
        .with("network.port=socket")
        .with("feed.heartbeat_ms=50")
        .with(format!("channel.0.tick_lines=[\"239.29.1.1:29101@{address}\"]"))
        .with(format!("channel.0.depth_lines=[\"239.29.1.2:29102@{address}\"]"));
    let appliance = lab.on(Side::Far, || site.start()).expect("the namespace is there");
    let Some(screen) = live(&site, SMALL, "screen") else { return };
    see(&screen, "HEALTHY", "pinion");
    let device = Side::Far.device();
    let down = lab.on(Side::Far, || Command::new("ip").args(["link", "set", device, "down"]).status());
    assert!(down.expect("the namespace is there").expect("ip is there").success());
    see(&screen, "DEGRADED", "could not be sent: a line or a client is cut off (tx_errors)");
    screen.press("q");
    appliance.stop();
}

fn scrape(address: &str, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n").as_bytes()).ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    Some(text)
}

#[test]
fn metrics_survive_the_appliance() {
    let site = Site::new();
    let exporter = site.spawn(command(&site, &["--prometheus", "127.0.0.1:0"]), "metrics");
    let address = |process: &Process| {
        let err = process.err();
        Some(err.split_once("http://")?.1.split_once("/metrics")?.0.to_owned())
    };
    wait_until("its address", || address(&exporter).is_some());
    let address = address(&exporter).expect("just seen");
    let wait = |words: &str, path: &str| {
        wait_until(words, || scrape(&address, path).is_some_and(|text| text.contains(words)));
        scrape(&address, path).expect("just seen")
    };
    wait("pinion_up 0", "/metrics");
    assert!(scrape(&address, "/health").expect("it serves").starts_with("HTTP/1.1 503"));
    for _ in 0..2 {
        let appliance = site.start();
        wait("pinion_health{appliance=\"pinion\",verdict=\"healthy\"} 1", "/metrics");
        let text = wait(&format!("pid=\"{}\"", appliance.pid()), "/metrics");
        assert!(text.contains("pinion_tile_polls_total{appliance=\"pinion\",tile=\"matching\"} "), "{text}");
        assert!(wait("healthy", "/health").starts_with("HTTP/1.1 200"));
        appliance.kill();
        wait("pinion_up{appliance=\"pinion\"} 0", "/metrics");
        assert!(wait("gone", "/health").starts_with("HTTP/1.1 503"));
    }
    exporter.signal(Signal::SIGTERM);
    exporter.wait();
}
