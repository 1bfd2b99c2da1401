//! Each rule fires when it should, names its subject, and resolves.

use crate::made::{Made, STEP_MS};
use engine::config::{Alert, Config};
use engine::counters::schema::{appliance, gateway, journal, session, stage};
use feedhandler::handler::LineState;
use tools::alerts::sessions::Sessions;
use tools::alerts::{Change, ClockPair, LineSight, Rules, Sight};
use tools::log::Kind;
use tools::stats::look::ProcessState;
use wire::Nanos;

/// The rules of a text.
fn rules(text: &str) -> Vec<Alert> {
    Config::parse(text, "test").expect("rules").alert_rules
}

/// A made appliance under some rules.
struct Scene {
    made: Made,
    rules: Rules,
    disk_free_bytes: Option<u64>,
    lines: Option<Vec<LineSight>>,
    /// How far the wall clock was set, ns.
    set_ns: u64,
}

impl Scene {
    fn of(rule: &str) -> Self {
        let rules = Rules::new(&rules(&format!("[[alert]]\nname = \"rule\"\n{rule}\n")));
        let mut scene = Self { made: Made::new(), rules, disk_free_bytes: None, lines: None, set_ns: 0 };
        assert_eq!(scene.run(2_000), [], "nothing fires while all is well");
        scene
    }

    fn sight(&self, look: tools::stats::Look) -> Sight {
        let steady = look.at.steady;
        let clocks = Some(ClockPair { wall: Nanos(look.at.wall.get() + self.set_ns), steady });
        let (disk_free_bytes, lines) = (self.disk_free_bytes, self.lines.clone());
        Sight { steady, clocks, look: Some(look), no_counters: None, disk_free_bytes, lines }
    }

    fn run(&mut self, ms: u64) -> Vec<Change> {
        self.run_with(ms, |_| {})
    }

    fn run_with(&mut self, ms: u64, mut happens: impl FnMut(&Made)) -> Vec<Change> {
        let mut changes = Vec::new();
        for _ in 0..ms / STEP_MS {
            let look = self.made.run_with(STEP_MS, &mut happens);
            changes.extend(self.rules.evaluate(&self.sight(look)));
        }
        changes
    }

    /// What is seen of one that lives no more.
    fn look(&mut self) -> Vec<Change> {
        let look = self.made.look();
        let sight = self.sight(look);
        self.rules.evaluate(&sight)
    }
}

/// One change: state, of what, and words.
#[track_caller]
fn assert_one(changes: &[Change], state: &str, of: &str, words: &str) {
    let [change] = changes else { panic!("expected one change, found {changes:?}") };
    assert_eq!((change.state.name(), change.of.as_str()), (state, of), "{change:?}");
    assert!(change.text.contains(words), "expected '{words}' in '{}'", change.text);
}

#[test]
fn p99_above() {
    let mut scene = Scene::of("what = \"p99_above\"\nlimit_ns = 100000");
    let slow = |made: &Made| made.region.row(&stage::GROUP, 10).add_duration(stage::duration, 5_000_000);
    let fired = scene.run_with(500, slow);
    assert_one(&fired, "firing", "whole", "p99 of whole is");
    assert!(fired[0].value > 4_900_000, "{}", fired[0].value);
    assert_one(&scene.run(3_000), "resolved", "whole", "p99");
    // Another stage than the one that is slow.
    let mut scene = Scene::of("what = \"p99_above\"\nof = \"match\"\nlimit_ns = 100000");
    assert_eq!(scene.run_with(1_000, slow), []);
}

#[test]
fn durable_lag_above_within_a_second() {
    let mut scene = Scene::of("what = \"durable_lag_above\"\nlimit_ms = 300");
    let since = scene.made.wall().get();
    let waits = move |made: &Made| made.set(&journal::GROUP, 0, journal::waiting_since_ns, since);
    assert_eq!(scene.run_with(300, waits), []);
    assert_one(&scene.run_with(700, waits), "firing", "", "waits for");
    let released = |made: &Made| made.set(&journal::GROUP, 0, journal::waiting_since_ns, 0);
    assert_one(&scene.run_with(200, released), "resolved", "", "waits for 0 ms");
}

#[test]
fn a_line_that_is_silent_behind_or_skips_messages() {
    let mut scene = Scene::of("what = \"gap_on_line\"");
    let line = |state, lost| LineSight { stream: "main.tick".into(), line: "239.1.1.1:1".into(), state, lost };
    let seen = |scene: &mut Scene, state, lost, ms| {
        scene.lines = Some(vec![line(state, lost)]);
        scene.run(ms)
    };
    assert_eq!(seen(&mut scene, LineState::Up, 0, 300), []);
    let of = "main.tick 239.1.1.1:1";
    assert_one(&seen(&mut scene, LineState::Silent, 0, 100), "firing", of, "nothing is heard");
    assert_one(&seen(&mut scene, LineState::Up, 0, 100), "resolved", of, "whole");
    assert_one(&seen(&mut scene, LineState::Lagging, 0, 100), "firing", of, "behind");
    assert_one(&seen(&mut scene, LineState::Up, 0, 100), "resolved", of, "whole");
    assert_one(&seen(&mut scene, LineState::Up, 3, 100), "firing", of, "has skipped 3 messages");
    assert_eq!(seen(&mut scene, LineState::Up, 3, 4_000), [], "it is remembered for a while");
    assert_one(&seen(&mut scene, LineState::Up, 3, 2_000), "resolved", of, "whole");
    // Not heard is not known.
    scene.lines = None;
    assert_eq!(scene.run(1_000), []);
}

#[test]
fn a_session_that_dies_is_lost_and_one_that_logs_out_is_not() {
    let mut scene = Scene::of("what = \"session_lost\"");
    let stands = |made: &Made, row, alive| made.set(&session::GROUP, row, session::alive, alive);
    stands(&scene.made, 1, 0);
    scene.made.add(&gateway::GROUP, 0, gateway::logouts, 1);
    assert_eq!(scene.run(500), [], "it logged out");
    stands(&scene.made, 0, 0);
    scene.made.add(&gateway::GROUP, 0, gateway::deaths, 1);
    assert_one(&scene.run(500), "firing", "trader1", "session trader1 is lost");
    stands(&scene.made, 0, 1);
    assert_one(&scene.run(500), "resolved", "trader1", "is there");
    let mut scene = Scene::of("what = \"session_lost\"\nof = \"trader2\"");
    stands(&scene.made, 0, 0);
    scene.made.add(&gateway::GROUP, 0, gateway::deaths, 1);
    assert_eq!(scene.run(500), [], "of another session");
}

#[test]
fn a_runaway_session_is_named() {
    let mut scene = Scene::of("what = \"rate_above\"\nlimit_per_s = 5000");
    let floods = |made: &Made| made.add(&session::GROUP, 1, session::messages, 5_000);
    assert_one(&scene.run_with(1_000, floods), "firing", "trader2", "session trader2 sends");
    assert_one(&scene.run(3_000), "resolved", "trader2", "trader2");
}

#[test]
fn a_disk_that_fills() {
    let mut scene = Scene::of("what = \"disk_below\"\nlimit_bytes = 1000000000");
    scene.disk_free_bytes = Some(1_000_000_000);
    assert_eq!(scene.run(200), []);
    scene.disk_free_bytes = Some(999_999_999);
    assert_one(&scene.run(200), "firing", "", "953 MiB left");
    scene.disk_free_bytes = None;
    assert_eq!(scene.run(200), [], "not known is neither");
    scene.disk_free_bytes = Some(2_000_000_000);
    assert_one(&scene.run(200), "resolved", "", "MiB left");
}

#[test]
fn a_clock_that_is_set() {
    let mut scene = Scene::of("what = \"clock_step\"\nlimit_ms = 100");
    scene.set_ns += 99_000_000;
    assert_eq!(scene.run(500), []);
    scene.set_ns += 5_000_000_000;
    let fired = scene.run(500);
    assert_one(&fired, "firing", "", "set by 5000 ms");
    assert_eq!(fired[0].value, 5_000);
    assert_one(&scene.run(6_000), "resolved", "", "evenly");
}

#[test]
fn a_heartbeat_that_is_missing() {
    let mut scene = Scene::of("what = \"heartbeat_missing\"\nlimit_ms = 500");
    scene.made.held.insert(("thread", "matching+journal"));
    assert_eq!(scene.run(500), []);
    assert_one(&scene.run(300), "firing", "matching+journal", "no sign of life of thread matching+journal for 600 ms");
    scene.made.held.clear();
    assert_one(&scene.run(200), "resolved", "matching+journal", "");
    let mut scene = Scene::of("what = \"heartbeat_missing\"\nof = \"journal\"\nlimit_ms = 500");
    scene.made.held.insert(("tile", "journal"));
    scene.made.held.insert(("thread", "net+feed"));
    assert_one(&scene.run(900), "firing", "journal", "of tile journal");
}

#[test]
fn the_whole_that_is_unhealthy() {
    let mut scene = Scene::of("what = \"unhealthy\"\nof = \"broken\"");
    scene.made.busy_permille = 990;
    assert_eq!(scene.run(4_000), [], "degraded is not broken");
    scene.made.process = ProcessState::Gone;
    assert_one(&scene.look(), "firing", "", "gone: process");
    scene.made.process = ProcessState::Stopped;
    scene.made.busy_permille = 300;
    assert_eq!(scene.run(200), [], "held is no better");
    scene.made.process = ProcessState::Runs;
    assert_one(&scene.run(4_000), "resolved", "", "");
    scene.made.process = ProcessState::Gone;
    scene.made.set(&appliance::GROUP, 0, appliance::phase, 3);
    assert_eq!(scene.look(), [], "it was stopped in order");
    let mut rules = Rules::new(&rules("[[alert]]\nname = \"x\"\nwhat = \"unhealthy\"\n"));
    let nothing = Sight { no_counters: Some("no such file".into()), ..Sight::default() };
    assert_one(&rules.evaluate(&nothing), "firing", "", "no appliance runs under this configuration: no such file");
}

#[test]
fn it_must_hold_for_a_while_and_is_told_again() {
    let mut scene = Scene::of("what = \"disk_below\"\nlimit_bytes = 1000\nfor_ms = 500\nrepeat_s = 2");
    scene.disk_free_bytes = Some(1);
    assert_eq!(scene.run(500), []);
    scene.disk_free_bytes = Some(2_000);
    assert_eq!(scene.run(100), [], "it never fired");
    scene.disk_free_bytes = Some(1);
    let told = scene.run(5_000);
    assert_eq!(told.iter().map(|change| change.is_repeat).collect::<Vec<_>>(), [false, true, true]);
    assert_eq!(scene.rules.firing(), [("rule".to_owned(), String::new())]);
}

#[test]
fn every_kind_of_rule_has_a_case_here() {
    let here = include_str!("rules.rs");
    for what in engine::config::AlertWhat::ALL {
        assert!(here.contains(&format!("what = \\\"{}\\\"", what.name())), "no case for {}", what.name());
    }
}

#[test]
fn rules_that_make_no_sense_are_refused_by_name() {
    for (text, words) in [
        ("what = \"p99_above\"", "limit_ns"),
        ("what = \"p99_above\"\nlimit_ms = 5", "limit_ns instead"),
        ("what = \"unhealthy\"\nlimit_ms = 5", "has none"),
        ("what = \"unhealthy\"\nof = \"ill\"", "degraded"),
        ("what = \"session_lost\"\nof = \"nobody\"", "username"),
        ("what = \"no_such\"", "disk_below"),
        ("what = \"unhealthy\"\nexec = [\"page\"]", "from the root"),
        ("what = \"unhealthy\"\nwebhook = \"https://a/\"", "relay"),
        ("what = \"unhealthy\"\n[[alert]]\nname = \"rule\"\nwhat = \"unhealthy\"", "twice"),
    ] {
        let error =
            Config::parse(&format!("[[alert]]\nname = \"rule\"\n{text}\n"), "test").expect_err(text).to_string();
        assert!(error.contains(words), "expected '{words}' in {error}");
    }
}

#[test]
fn logins_and_ends_of_sessions_become_lines() {
    let mut made = Made::new();
    let mut sessions = Sessions::default();
    let look = made.run(100);
    // What stood before anybody looked is no login.
    assert_eq!(sessions.see(&look), []);
    made.add(&session::GROUP, 0, session::logins, 1);
    let told = sessions.see(&made.run(100));
    assert!(matches!(&told[..], [(Kind::SessionLogin, text, _)] if text == "session trader1: logged in"), "{told:?}");
    made.set(&session::GROUP, 0, session::alive, 0);
    made.add(&gateway::GROUP, 0, gateway::deaths, 1);
    let told = sessions.see(&made.run(100));
    assert!(matches!(&told[..], [(Kind::SessionLost, text, _)] if text.contains("trader1: lost")), "{told:?}");
    made.set(&session::GROUP, 1, session::alive, 0);
    let told = sessions.see(&made.run(100));
    assert!(matches!(&told[..], [(Kind::SessionLogout, text, _)] if text.contains("trader2")), "{told:?}");
    assert_eq!(sessions.see(&made.run(100)), []);
}
