//! The benchmark works: each suite runs at its smallest size, and a wrong answer has no figures.

use std::process::{Command, Output};

use serde_json::{Value, json};

fn bench(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pinion-bench"));
    command.arg("--smoke").args(arguments).output().expect("the program starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("plain text")
}

fn measured(arguments: &[&str]) -> String {
    let output = bench(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

/// The value of a figure in the JSON.
fn figure(json: &str, subject: &str, name: &str) -> u64 {
    let start = format!("\"subject\":\"{subject}\",\"name\":\"{name}\",\"value\":");
    let at = json.find(&start).unwrap_or_else(|| panic!("no {name} of {subject} in {json}"));
    let digits: String = json[at + start.len()..].chars().take_while(char::is_ascii_digit).collect();
    digits.parse().expect("a number")
}

#[test]
fn the_core_gives_the_published_answers() {
    let json = measured(&["core", "--json"]);
    for published in [
        "75465244465e144211887b27fa9d16264940e34827fe1e54f9820195c7745fc3, the published one",
        "7e32c8ad534265a77e66b9fc1df15cc61fe3030434a5b0ab9548704d23bb0395, the published one",
    ] {
        assert!(json.contains(published), "{published} in {json}");
    }
    for scenario in ["static", "normal", "swing-25", "swing-40", "flash-crash", "worst"] {
        assert!(figure(&json, scenario, "messages_per_s") > 0, "{scenario}");
    }
}

#[test]
fn another_seed_has_a_hash_and_nothing_to_compare_it_with() {
    let of_seed = |seed| measured(&["core", "--scenario", "normal", "--orders", "1000", "--seed", seed]);
    let screen = of_seed("7");
    assert!(screen.contains("sha256") && screen.contains("none published to compare with"), "{screen}");
    let hash = |screen: &str| screen.split("sha256 ").nth(1).map(|rest| rest[..64].to_owned());
    assert!(hash(&screen).is_some());
    assert_ne!(hash(&screen), hash(&of_seed("8")));
}

#[test]
fn reports_may_go_through_a_ring() {
    let json = measured(&["core", "--scenario", "flash-crash", "--orders", "5000", "--ring", "--json"]);
    assert!(figure(&json, "flash-crash", "messages_per_s") > 0);
    assert!(json.contains("through a ring to core") || json.contains("a ring needs 2 cores"), "{json}");
}

#[test]
fn many_instruments_are_compared_with_one() {
    let json = measured(&["instruments", "--instruments", "1,100", "--json"]);
    assert_eq!(figure(&json, "1 instrument", "rate_ratio"), 1_000);
    assert!(figure(&json, "100 instruments", "rate_ratio") > 0);
    assert!(figure(&json, "100 instruments", "trades") > 0);
    if !json.contains("not measured") {
        assert!(figure(&json, "100 instruments, ring", "messages_per_s") > 0);
    }
}

#[test]
fn a_market_can_be_written_into_a_file() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("commands");
    let name = path.to_str().expect("a plain path");
    let screen = measured(&["instruments", "--instruments", "100", "--write-commands", name]);
    assert!(screen.contains("6000 commands, 1000 of them make the book"), "{screen}");
    assert_eq!(std::fs::metadata(path).expect("the file").len(), 64 + 6_000 * 32);
}

#[test]
fn every_workload_is_measured() {
    let text = "N 7 B 100 5\nN 8 S 101 4\nM 7 B 101 6\nC 8\nC 7\n";
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("own.txt");
    std::fs::write(&path, text).expect("written");
    let json = measured(&["workloads", "--json", "--flow", path.to_str().expect("a plain path")]);
    for load in ["one instrument", "10,000 instruments", "cancels", "sweeps", "deep book", "itch file", "own.txt"] {
        for name in ["messages_per_s", "per_message_ns", "p50_ns", "p9999_ns", "trades"] {
            assert!(figure(&json, load, name) > 0, "{load} {name}");
        }
    }
    assert!(figure(&json, "sweeps", "trades") > 3 * figure(&json, "cancels", "trades"), "{json}");
}

#[test]
fn every_operation_is_measured_on_every_book() {
    let json = measured(&["book", "--json"]);
    for book in ["96 orders", "400 orders"] {
        for operation in ["add, new level", "cancel middle", "modify", "sweep 10 levels", "cancel, unknown"] {
            let subject = format!("{book}: {operation}");
            assert!(figure(&json, &subject, "batch_ns") > 0, "{subject}");
            assert!(figure(&json, &subject, "p999_to_p50_ratio") >= 1_000, "{subject}");
        }
    }
    assert!(json.contains("20 instruments: hit one"), "{json}");
}

#[test]
fn what_is_counted_runs_without_valgrind_too() {
    let screen = measured(&["instructions", "--inside"]);
    let counts = screen.lines().find_map(|line| line.trim().strip_prefix("counts: ")).expect("counts");
    assert_eq!(counts.split(' ').count(), 12 + 5, "{counts}");
}

#[test]
fn instructions_are_counted_where_there_is_valgrind() {
    if Command::new("valgrind").arg("--version").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "valgrind is absent: scripts/setup installs it");
        eprintln!("valgrind is absent: instructions are not counted");
        return;
    }
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("table.csv");
    let name = path.to_str().expect("a plain path");
    let json = measured(&["instructions", "--table", name, "--write", "--json"]);
    let reduce = figure(&json, "reduce", "instructions");
    assert!(reduce > 100, "tenths of instructions: {reduce}");
    assert!(figure(&json, "sweep10", "instructions") > 5 * figure(&json, "hit-one", "instructions"));

    // A table that expects half as much names what it finds.
    let table = std::fs::read_to_string(&path).expect("the table");
    let line = table.lines().find(|line| line.starts_with("reduce,")).expect("a row");
    std::fs::write(&path, table.replace(line, "reduce,1.0")).expect("written");
    let output = bench(&["instructions", "--table", name, "--check"]);
    let said = text(&output.stderr);
    assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(1), ""), "{said}");
    assert!(said.contains("found: reduce needs") && said.contains("before 1.0;"), "{said}");
}

#[test]
fn the_core_is_measured_at_three_depths_and_gives_the_published_answer() {
    let json = measured(&["depths", "--json"]);
    assert!(json.contains("7e32c8ad534265a77e66b9fc1df15cc61fe3030434a5b0ab9548704d23bb0395, the published one"));
    for depth in ["book", "exchange", "venue"] {
        for name in ["messages_per_s", "time_ratio", "p50_ns", "p99_ns", "p999_ns"] {
            assert!(figure(&json, depth, name) > 0, "{depth} {name}");
        }
    }
    assert_eq!(figure(&json, "book", "time_ratio"), 1_000);
}

#[test]
fn a_wrong_answer_has_no_figures() {
    let output = bench(&["depths", "--only", "exchange", "--sha256", "00"]);
    assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(1), ""));
    let said = text(&output.stderr);
    assert!(said.contains("exchange: expected the report stream with SHA-256 00, found"), "{said}");
}

#[test]
fn a_book_too_small_for_the_flow_is_a_wrong_answer() {
    let output = bench(&["depths", "--only", "book", "--set", "limits.orders=16", "--set", "limits.levels=16"]);
    // The session's own limit is checked against the book's first: whichever speaks, there are no figures.
    assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(1), ""));
}

#[test]
fn rings_are_measured_or_say_why_not() {
    let json = measured(&["rings", "--json"]);
    if json.contains("\"not measured\"") {
        return;
    }
    assert!(figure(&json, "one slot", "round_trip_p50_ns") > 0);
    for stream in ["stream by 1", "stream by 32"] {
        assert!(figure(&json, stream, "slots_per_s") > 0);
    }
}

#[test]
fn the_journal_is_measured_beside_its_disk() {
    let dir = tempfile::tempdir().expect("a directory");
    let json = measured(&["journal", "--json", "--dir", dir.path().to_str().expect("a plain path")]);
    assert!(figure(&json, "disk alone", "samples") > 0);
    assert!(figure(&json, "mapped", "records_per_s") > 0);
    assert!(figure(&json, "synced, alone", "commit_p50_ns") > 0);
    assert!(figure(&json, "synced, stream", "records_per_sync") > 0);
    assert_eq!(dir.path().read_dir().expect("readable").count(), 0, "nothing is left behind");
}

#[test]
fn wire_to_wire_is_measured_beside_its_floor() {
    let dir = tempfile::tempdir().expect("a directory");
    let json = measured(&["wire", "--port", "socket", "--json", "--dir", dir.path().to_str().expect("a plain path")]);
    for subject in
        ["echo: report", "echo: tick", "kernel echo: report", "mapped, 1 core: report", "synced, 1 core: tick"]
    {
        let subject = format!("socket 2000/s, {subject}");
        assert_eq!(figure(&json, &subject, "sent"), 120, "{subject}");
        assert_eq!(figure(&json, &subject, "answered") + figure(&json, &subject, "lost"), 120, "{subject}");
        assert!(figure(&json, &subject, "p50_ns") > 0, "{subject}");
    }
    assert!(figure(&json, "socket 2000/s, mapped, 1 core: report", "p50_to_floor_ratio") > 0);
    assert!(json.contains("\"knee\":\"p99 of the report passes") && json.contains("socket mapped, 1 core: "), "{json}");
    assert_eq!(dir.path().read_dir().expect("readable").count(), 0, "nothing is left behind");
}

#[test]
fn a_journal_is_replayed_to_a_proven_state() {
    let dir = tempfile::tempdir().expect("a directory");
    let json = measured(&["recovery", "--json", "--dir", dir.path().to_str().expect("a plain path")]);
    assert!(json.contains("every replay ended with state hash"), "{json}");
    for name in ["scan_ratio", "core_ratio", "core_per_s", "messages_per_s", "bytes_per_s", "time_ns"] {
        assert!(figure(&json, "recover", name) > 0, "{name}");
    }
    assert!(figure(&json, "scan", "messages_per_s") > 0);
    assert_eq!(dir.path().read_dir().expect("readable").count(), 0, "nothing is left behind");
}

#[test]
fn market_data_is_published_handled_and_made_into_books() {
    let json = measured(&["feed", "--port", "socket", "--json"]);
    for subject in [
        "copy of 64 bytes",
        "tick encoded",
        "ticks published, the tile alone",
        "depth published through the port",
        "ticks handled, two lines",
        "depth handled, one line",
        "ITCH books, many instruments",
    ] {
        assert!(figure(&json, subject, "message_ns") > 0, "{subject}");
    }
    assert!(figure(&json, "matching, ticks and depth into the link", "p50_ratio") > 0);
}

#[test]
fn snapshots_are_taken_beside_messages_and_begun_from() {
    let dir = tempfile::tempdir().expect("a directory");
    let json = measured(&["snapshot", "--json", "--dir", dir.path().to_str().expect("a plain path")]);
    assert!(json.contains("2000 orders rest in 10 instruments"), "{json}");
    for (subject, name) in [
        ("appending, mapped, static", "time_ratio"),
        ("matching, quiet", "p999_ns"),
        ("matching, snapshot under way", "snapshot_ns"),
        ("start, files cold", "floor_ratio"),
    ] {
        assert!(figure(&json, subject, name) > 0, "{subject}: {name}");
    }
    assert_eq!(dir.path().read_dir().expect("readable").count(), 0, "nothing is left behind");
}

#[test]
fn a_cancel_of_many_orders_is_measured_beside_an_order_that_waits() {
    let dir = tempfile::tempdir().expect("a directory");
    let json = measured(&["operators", "--json", "--dir", dir.path().to_str().expect("a plain path")]);
    let first = "all of a session, an order comes with it";
    // The order that was entered before, to see what one takes alone, is another session's and stays.
    assert_eq!((figure(&json, first, "orders"), figure(&json, first, "slices")), (5_000, 5));
    for name in ["whole_ns", "slice_ns", "order_ns", "turn_max_ns", "wait_ns"] {
        assert!(figure(&json, first, name) > 0, "{name}");
    }
    assert!(figure(&json, "an order, nobody cancels", "wait_ns") > 0);
    assert_eq!(figure(&json, "all of a session in an instrument, an order comes with it", "orders"), 50);
    assert_eq!(dir.path().read_dir().expect("readable").count(), 0, "nothing is left behind");
}

#[test]
fn what_counters_cost_is_counted_in_instructions() {
    if Command::new("valgrind").arg("--version").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "valgrind is absent: scripts/setup installs it");
        eprintln!("valgrind is absent: what counters cost is not counted");
        return;
    }
    let json = measured(&["counting", "--json"]);
    let of = |name: &str| figure(&json, name, "instructions");
    assert!(of("a message alone, not counted") < of("a message alone, counted"), "{json}");
    assert!(of("a message alone, counted") < of("a message alone, counted and followed"), "{json}");
    assert!(of("keeping house, not counted") < of("keeping house, counted") / 10, "{json}");
}

#[test]
fn the_canonical_run_is_one_screen() {
    let screen = measured(&[]);
    for line in ["core", "pipeline", "budget", "wire", "journal", "recovery"] {
        assert!(screen.lines().any(|found| found == line), "{line} in {screen}");
    }
    assert!(screen.contains("smoke sizes: the figures mean nothing"));
    // A line or two more where the machine gives more reasons for a warning.
    assert!(screen.lines().count() <= 64, "{screen}");
    let facts = ["date ", "commit ", "cpu ", "load ", "steal "];
    assert!(facts.iter().all(|fact| screen.contains(fact)), "{screen}");
}

#[test]
fn rounds_are_kept_and_shown_again() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("run.json");
    let name = path.to_str().expect("a plain path");
    let run = ["core", "--scenario", "normal", "--orders", "1000"];
    let screen = measured(&[&run[..], &["--rounds", "3", "--out", name]].concat());
    assert!(screen.contains("rounds         3, of each figure the middle one"), "{screen}");
    assert_eq!(measured(&["show", name]), screen);
    let kept: Value = serde_json::from_str(&std::fs::read_to_string(&path).expect("the file")).expect("JSON");
    let figure = &kept["figures"][0];
    assert_eq!((&figure["suite"], &figure["name"]), (&json!("core"), &json!("messages_per_s")));
    let mut rounds: Vec<u64> = serde_json::from_value(figure["rounds"].clone()).expect("numbers");
    rounds.sort_unstable();
    assert_eq!((rounds.len(), Some(rounds[1])), (3, figure["value"].as_u64()));
}

#[test]
fn a_program_does_not_differ_from_itself() {
    let dir = tempfile::tempdir().expect("a directory");
    let name = dir.path().to_str().expect("a plain path");
    let this = env!("CARGO_BIN_EXE_pinion-bench");
    let asked = ["--", "core", "--scenario", "normal", "--orders", "1000"];
    let mut arguments = vec!["compare", "--against", this, "--rounds", "2", "--out-dir", name];
    arguments.extend(asked);
    let screen = measured(&arguments);
    assert!(screen.trim_end().ends_with("no difference in 4 figures"), "{screen}");
    assert!(screen.contains("NOTE: 2 rounds in both") && !screen.contains("not taken in turns"), "{screen}");
    let (a, b) = (dir.path().join("a.json"), dir.path().join("b.json"));
    let files = [a.to_str().expect("plain"), b.to_str().expect("plain")];
    let again = measured(&["compare", files[0], files[1], "--fail-on-slower"]);
    assert!(again.trim_end().ends_with("no difference in 4 figures"), "{again}");
}

#[test]
fn a_slower_run_is_named_and_may_fail_a_script() {
    let dir = tempfile::tempdir().expect("a directory");
    let (a, b) = (dir.path().join("a.json"), dir.path().join("b.json"));
    let files = [a.to_str().expect("plain"), b.to_str().expect("plain")];
    let run =
        ["core", "--scenario", "normal", "--orders", "1000", "--passes", "1", "--rounds", "10", "--out", files[0]];
    measured(&run);
    let mut kept: Value = serde_json::from_str(&std::fs::read_to_string(&a).expect("the file")).expect("JSON");
    // A twentieth of the rate in every round, which no noise of this machine is.
    for round in kept["figures"][0]["rounds"].as_array_mut().expect("rounds") {
        *round = json!(round.as_u64().expect("a number") / 20);
    }
    std::fs::write(&b, kept.to_string()).expect("written");
    let compared = bench(&["compare", files[0], files[1]]);
    let screen = text(&compared.stdout);
    assert!(compared.status.success(), "{screen}");
    assert!(screen.contains("slower: core, normal, messages_per_s: 0.05×"), "{screen}");
    assert!(screen.trim_end().ends_with("slower in 1, faster in 0, no difference in 3 of 4 figures"), "{screen}");
    assert!(measured(&["compare", files[0], files[1], "--json"]).contains("\"verdict\":\"slower\""));

    let failed = bench(&["compare", files[0], files[1], "--fail-on-slower"]);
    assert_eq!(failed.status.code(), Some(1));
    assert!(text(&failed.stderr).contains("slower: core, normal, messages_per_s"), "{}", text(&failed.stderr));
    let wrong = bench(&["compare", files[0]]);
    assert_eq!(wrong.status.code(), Some(2), "{}", text(&wrong.stderr));
}
