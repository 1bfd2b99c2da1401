//! Every rule by a case that breaks it, beside one that almost does.

use crate::made::Made;
use engine::counters::schema::{appliance, feed, gateway, journal, link, port, reject, session};
use tools::stats::look::ProcessState;
use tools::stats::{Grade, Health, Rule, Verdict};

/// It is so for this reason first, and says these words.
#[track_caller]
fn assert_found(health: &Health, verdict: Verdict, rule: Rule, words: &str) {
    let first = health.first().unwrap_or_else(|| panic!("expected {rule:?}, found nothing wrong"));
    assert_eq!((health.verdict, first.rule), (verdict, rule), "{health:?}");
    assert!(first.what.contains(words), "expected '{words}' in '{}'", first.what);
    assert!(!first.remedy.is_empty(), "{first:?}");
}

#[track_caller]
fn assert_healthy(health: &Health) {
    assert!(health.is_healthy() && health.reasons.is_empty(), "{health:?}");
}

#[test]
fn a_busy_appliance_is_healthy_from_the_first_look_on() {
    let mut made = Made::new();
    assert_healthy(&made.health(100));
    assert_healthy(&made.health(5_000));
    // A clock of the tiles that goes by another wall clock than ours does not make it dead.
    let mut made = Made::new();
    made.run(1_000);
    let behind = made.wall().get() - 3_600_000_000_000;
    let mut step = 0;
    let look = made.run_with(2_000, |made| {
        step += 1;
        made.set(&appliance::GROUP, 0, appliance::heartbeat_ns, behind + step);
    });
    assert_healthy(&Health::of(&look));
}

#[test]
fn a_process_that_is_gone_or_held_is_seen_before_anything_else() {
    let mut made = Made::new();
    made.run(2_000);
    made.process = ProcessState::Gone;
    assert_found(&Health::of(&made.look()), Verdict::Gone, Rule::Process, "ended without being told to");
    made.set(&appliance::GROUP, 0, appliance::phase, 3);
    assert_found(&Health::of(&made.look()), Verdict::Gone, Rule::Process, "stopped in order");
    made.set(&appliance::GROUP, 0, appliance::phase, 4);
    assert_found(&Health::of(&made.look()), Verdict::Gone, Rule::Process, "has failed");
    made.process = ProcessState::Runs;
    assert_found(&Health::of(&made.look()), Verdict::Broken, Rule::Failed, "has failed");
    made.set(&appliance::GROUP, 0, appliance::phase, 1);
    made.process = ProcessState::Stopped;
    let held = Health::of(&made.look());
    assert_found(&held, Verdict::Broken, Rule::Process, "held");
    assert!(held.first().expect("one").remedy.contains("kill -CONT"));
}

#[test]
fn whose_heartbeat_stands_still_is_named_within_a_second() {
    for (group, label, words) in [
        ("appliance", "pinion", "the appliance has published nothing for"),
        ("thread", "net+feed", "tile net+feed stands still for 600 ms (core 2)"),
        ("thread", "matching+journal", "tile matching+journal stands still for"),
        ("tile", "journal", "tile journal stands still for"),
    ] {
        let mut made = Made::new();
        made.run(3_000);
        made.held.insert((group, label));
        assert_healthy(&made.health(400));
        assert_found(&made.health(200), Verdict::Broken, Rule::Heartbeat, words);
        made.held.clear();
        assert_healthy(&made.health(100));
    }
}

#[test]
fn a_start_says_how_far_it_is_and_wants_no_tiles() {
    let mut made = Made::new();
    made.set(&appliance::GROUP, 0, appliance::phase, 0);
    made.set(&appliance::GROUP, 0, appliance::recovery_records, 2_000_000);
    made.set(&appliance::GROUP, 0, appliance::recovery_done, 500_000);
    for label in ["net+feed", "matching+journal"] {
        made.held.insert(("thread", label));
    }
    assert_found(&made.health(2_000), Verdict::Starting, Rule::Recovery, "500k of 2.00M records, 25.0%");
    // A recovery that stands still altogether is not starting any more.
    made.held.insert(("appliance", "pinion"));
    assert_found(&made.health(1_000), Verdict::Broken, Rule::Heartbeat, "the appliance");
}

#[test]
fn records_that_are_not_durable_in_time() {
    let mut made = Made::new();
    made.run(2_000);
    let since = made.wall().get();
    let look = made.run_with(100, |made| made.set(&journal::GROUP, 0, journal::waiting_since_ns, since + 50_000_000));
    assert_healthy(&Health::of(&look));
    made.set(&journal::GROUP, 0, journal::appended_seq, 1_000_000);
    assert_found(&Health::of(&made.run(200)), Verdict::Degraded, Rule::Durable, "250 ms");
    assert_found(&Health::of(&made.run(900)), Verdict::Broken, Rule::Durable, "1.15 s");
    made.set(&journal::GROUP, 0, journal::waiting_since_ns, 0);
    assert_healthy(&made.health(100));
    made.set(&journal::GROUP, 0, journal::failed, 1);
    assert_found(&made.health(100), Verdict::Broken, Rule::Journal, "failed");
}

#[test]
fn a_disk_that_fills_up() {
    let mut made = Made::new();
    made.set(&journal::GROUP, 0, journal::free_bytes, 2 << 30);
    assert_healthy(&made.health(100));
    made.set(&journal::GROUP, 0, journal::free_bytes, (2 << 30) - 1);
    assert_found(&made.health(100), Verdict::Degraded, Rule::Disk, "1.99 GiB left; below 1.00 GiB");
    made.set(&appliance::GROUP, 0, appliance::entry_closed, 1);
    assert_found(&made.health(100), Verdict::Broken, Rule::Disk, "new orders are rejected");
}

#[test]
fn a_link_that_stays_full_or_drops() {
    let mut made = Made::new();
    made.run(2_000);
    made.set(&link::GROUP, 3, link::depth, 1_024);
    assert_healthy(&made.health(900));
    assert_found(&made.health(300), Verdict::Degraded, Rule::Link, "link commands has been full");
    made.set(&link::GROUP, 3, link::depth, 1_023);
    assert_healthy(&made.health(100));
    // A burst fills it, and again, and is no reason.
    let mut step = 0;
    let look = made.run_with(3_000, |made| {
        step += 1;
        made.set(&link::GROUP, 3, link::depth, if step % 3 == 0 { 0 } else { 1_024 });
    });
    assert_healthy(&Health::of(&look));
    made.add(&link::GROUP, 4, link::drops, 3);
    assert_found(&made.health(100), Verdict::Degraded, Rule::Drops, "market_data dropped 3 ");
    assert_healthy(&made.health(12_000));
    made.add(&gateway::GROUP, 0, gateway::replies_dropped, 5);
    assert_found(&made.health(100), Verdict::Degraded, Rule::Drops, "5 answers");
}

#[test]
fn a_thread_without_reserve_names_who_sends_most() {
    let mut made = Made::new();
    made.busy_permille = 980;
    // A second of it is a burst.
    assert_healthy(&made.health(2_000));
    assert_found(
        &made.health(4_000),
        Verdict::Degraded,
        Rule::Busy,
        "98.0% of the last 3 s; trader1 sends 70.0% of the",
    );
    made.busy_permille = 940;
    assert_healthy(&made.health(4_000));
}

#[test]
fn a_stream_that_is_silent_for_two_heartbeats() {
    let mut made = Made::new();
    made.run(1_000);
    made.held.insert(("feed", "main.depth"));
    assert_healthy(&made.health(2_200));
    assert_found(&made.health(100), Verdict::Broken, Rule::Feed, "nothing was sent on main.depth for 2.30 s");
    // Its own interval counts, and a stream without lines has nothing to send.
    made.set(&feed::GROUP, 1, feed::heartbeat_ms, 5_000);
    assert_healthy(&made.health(100));
    made.set(&feed::GROUP, 1, feed::heartbeat_ms, 0);
    assert_eq!(made.health(100).verdict, Verdict::Broken);
    made.set(&feed::GROUP, 1, feed::lines, 0);
    assert_healthy(&made.health(100));
}

#[test]
fn what_a_port_loses_or_cannot_send() {
    for (field, name) in [
        (port::rx_missed, "rx_missed"),
        (port::rx_no_buffer, "rx_no_buffer"),
        (port::rx_errors, "rx_errors"),
        (port::tx_errors, "tx_errors"),
    ] {
        let mut made = Made::new();
        made.run(1_000);
        made.add(&port::GROUP, 0, field, 1);
        assert_found(&made.health(100), Verdict::Degraded, Rule::Port, name);
        assert_healthy(&made.health(12_000));
    }
    // What is only for others is nobody's trouble; what has no address is said once.
    let mut made = Made::new();
    made.run(1_000);
    made.add(&port::GROUP, 0, port::rx_not_ours, 1_000_000);
    assert_healthy(&made.health(100));
    made.add(&port::GROUP, 0, port::tx_errors, 7);
    made.add(&port::GROUP, 0, port::tx_unresolved, 7);
    let health = made.health(100);
    assert_found(&health, Verdict::Degraded, Rule::Port, "tx_unresolved");
    assert_eq!(health.reasons.len(), 1, "{health:?}");
}

#[test]
fn garbage_is_counted_a_second() {
    let mut made = Made::new();
    made.run(2_000);
    let flood = |each: u64| move |made: &Made| made.add(&gateway::GROUP, 0, gateway::forged, each);
    assert_healthy(&Health::of(&made.run_with(2_000, flood(9))));
    let health = Health::of(&made.run_with(2_000, flood(20)));
    assert_found(
        &health,
        Verdict::Degraded,
        Rule::Garbage,
        "200 datagrams a second are of no use, most of them forged",
    );
}

#[test]
fn rejects_name_the_session_and_the_code() {
    let mut made = Made::new();
    made.run(2_000);
    made.region.row(&reject::GROUP, 0).label("0x001D INVALID_PRICE");
    let rejecting = |each: u64| {
        move |made: &Made| {
            made.add(&session::GROUP, 0, session::rejects, each);
            made.add(&reject::GROUP, 0, reject::count, each);
        }
    };
    assert_healthy(&Health::of(&made.run_with(2_000, rejecting(49))));
    let health = Health::of(&made.run_with(2_000, rejecting(60)));
    let words =
        "60.0% of 1000 messages a second are rejected, most of them 0x001D INVALID_PRICE; trader1 has 600 of them";
    assert_found(&health, Verdict::Degraded, Rule::Rejects, words);
    assert_eq!(health.first().expect("one").subject, "trader1");
}

#[test]
fn sessions_that_die_lag_or_hold_too_much() {
    let mut made = Made::new();
    made.run(2_000);
    made.set(&session::GROUP, 1, session::pending, 5_000);
    assert_healthy(&made.health(900));
    assert_found(&made.health(300), Verdict::Degraded, Rule::Session, "trader2 does not take its reports: 5000 wait");
    // Nobody expects somebody who is not there to take them.
    made.set(&session::GROUP, 1, session::alive, 0);
    assert_healthy(&made.health(100));
    made.set(&session::GROUP, 1, session::alive, 1);
    made.set(&session::GROUP, 1, session::pending, 0);
    made.run(1_000);
    made.set(&session::GROUP, 1, session::alive, 0);
    // A logout is no death.
    assert_healthy(&made.health(100));
    made.add(&gateway::GROUP, 0, gateway::deaths, 1);
    assert_found(&made.health(100), Verdict::Degraded, Rule::Session, "session trader2 died of silence");
    assert_healthy(&made.health(12_000));
    made.set(&session::GROUP, 0, session::open_orders, 899);
    assert_healthy(&made.health(100));
    made.set(&session::GROUP, 0, session::open_orders, 900);
    assert_found(&made.health(100), Verdict::Degraded, Rule::Session, "trader1 has 900 of the 1000 open orders");
}

#[test]
fn limits_and_clocks() {
    let mut made = Made::new();
    made.run(1_000);
    made.set(&appliance::GROUP, 0, appliance::levels, 58_900);
    assert_healthy(&made.health(100));
    made.set(&appliance::GROUP, 0, appliance::levels, 59_000);
    assert_found(&made.health(100), Verdict::Degraded, Rule::Capacity, "59000 of 65536 levels");
    made.set(&appliance::GROUP, 0, appliance::levels, 0);
    made.add(&appliance::GROUP, 0, appliance::clock_steps, 1);
    assert_found(&made.health(100), Verdict::Degraded, Rule::Clock, "stepped");
}

#[test]
fn what_somebody_wanted_so_is_said_and_is_no_illness() {
    for (field, rule) in
        [(appliance::locked, Rule::Lock), (appliance::draining, Rule::Drain), (appliance::market_closed, Rule::Market)]
    {
        let mut made = Made::new();
        made.set(&appliance::GROUP, 0, field, 1);
        let health = made.health(1_000);
        assert!(health.is_healthy(), "{health:?}");
        assert_eq!(
            health.reasons.iter().map(|reason| (reason.rule, reason.grade)).collect::<Vec<_>>(),
            [(rule, Grade::Note)]
        );
    }
    let mut made = Made::new();
    made.set(&session::GROUP, 1, session::locked, 1);
    let health = made.health(1_000);
    assert_found(&health, Verdict::Healthy, Rule::Lock, "session trader2 is locked");
    // With the whole venue locked each session is, too.
    made.set(&appliance::GROUP, 0, appliance::locked, 1);
    assert_eq!(made.health(1_000).reasons.len(), 1);
}

#[test]
fn the_worst_comes_first_and_the_names_stay() {
    let mut made = Made::new();
    made.run(1_000);
    made.set(&appliance::GROUP, 0, appliance::draining, 1);
    made.add(&link::GROUP, 4, link::drops, 3);
    made.set(&journal::GROUP, 0, journal::failed, 1);
    let health = made.health(100);
    let rules: Vec<&str> = health.reasons.iter().map(|reason| reason.rule.name()).collect();
    assert_eq!((rules, health.verdict), (vec!["journal", "drops", "drain"], Verdict::Broken));
    let names: Vec<&str> = Rule::ALL.iter().map(|rule| rule.name()).collect();
    let known = "process heartbeat failed recovery durable journal disk link drops busy feed port garbage rejects session capacity \
                 clock market drain lock";
    assert_eq!(names.join(" "), known);
}
