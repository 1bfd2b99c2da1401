//! Programs and webhooks: told all of it, bounded whatever they do.

use engine::config::{Alert, Config};
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};
use tools::alerts::{Actions, Change, ChangeState, post, run_program};
use tools::log::LogThread;

/// A change of a rule with these keys.
fn change(more: &str) -> (Config, Change) {
    let text = format!(
        "[alerts]\nwebhook_timeout_ms = 300\nwebhook_attempts = 2\n[[alert]]\nname = \"rule\"\nwhat = \"unhealthy\"\n{more}\n"
    );
    let config = Config::parse(&text, "test").expect("a rule");
    let rule: Arc<Alert> = Arc::new(config.alert_rules[0].clone());
    let (of, text) = ("trader1".to_owned(), "two \"words\"; $(touch nothing)".to_owned());
    (config, Change { rule, of, state: ChangeState::Firing, is_repeat: false, value: 7, text })
}

/// A program of the test.
fn program(dir: &Path, name: &str, text: &str) -> PathBuf {
    let path = dir.join(name);
    fs::write(&path, format!("#!/bin/sh\n{text}\n")).expect("a file");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("ours");
    path
}

const LONG: Duration = Duration::from_secs(5);

#[test]
fn a_program_gets_its_arguments_and_the_change_as_they_are() {
    let dir = tempfile::tempdir().expect("a directory");
    let out = dir.path().join("out");
    let names = "$PINION_ALERT_NAME|$PINION_ALERT_STATE|$PINION_ALERT_OF|$PINION_ALERT_VALUE|$PINION_ALERT_TEXT";
    let path = program(dir.path(), "page", &format!("printf '%s' \"$1|{names}\" > \"$2\""));
    let exec = format!("exec = [\"{}\", \"a b; $HOME\", \"{}\"]", path.display(), out.display());
    let (_, change) = change(&exec);
    run_program(&change, LONG).expect("it ends well");
    let told = fs::read_to_string(&out).expect("it was told");
    assert_eq!(told, "a b; $HOME|rule|firing|trader1|7|two \"words\"; $(touch nothing)");
}

#[test]
fn a_program_that_fails_hangs_or_is_not_there_is_named() {
    let dir = tempfile::tempdir().expect("a directory");
    let fails = program(dir.path(), "fails", "exit 3");
    let (_, change_of) = change(&format!("exec = [\"{}\"]", fails.display()));
    assert!(run_program(&change_of, LONG).expect_err("it fails").contains("exit status: 3"));
    let (_, nowhere) = change("exec = [\"/no/such/program\"]");
    assert!(run_program(&nowhere, LONG).expect_err("not there").contains("does not start"));
    // With all that it has started.
    let child = dir.path().join("child");
    let hangs = program(dir.path(), "hangs", &format!("sleep 60 &\necho $! > {}\nwait", child.display()));
    let (_, hanging) = change(&format!("exec = [\"{}\"]", hangs.display()));
    let begin = Instant::now();
    let error = run_program(&hanging, Duration::from_millis(300)).expect_err("it hangs");
    assert!(error.contains("took longer than 300 ms and was killed"), "{error}");
    assert!(begin.elapsed() < LONG);
    let child: u32 = fs::read_to_string(&child).expect("it had begun").trim().parse().expect("a number");
    let begin = Instant::now();
    // Dead, or waiting to be buried by somebody else.
    let state = || fs::read_to_string(format!("/proc/{child}/stat")).unwrap_or_default();
    while !state().is_empty() && !state().contains(") Z ") {
        assert!(begin.elapsed() < LONG, "what it started lives on: {}", state());
        thread::sleep(Duration::from_millis(5));
    }
}

/// A server that answers each connection by the next of `answers` (`None`: not at all), and the requests that it got.
fn server(answers: Vec<Option<&'static str>>) -> (u16, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let (say, hear) = channel();
    thread::spawn(move || {
        for answer in answers {
            let Ok((mut stream, _)) = listener.accept() else { return };
            let _ = say.send(request(&mut stream));
            match answer {
                Some(answer) => drop(stream.write_all(answer.as_bytes())),
                None => thread::sleep(Duration::from_secs(2)),
            }
        }
    });
    (port, hear)
}

/// A request, body included.
fn request(stream: &mut TcpStream) -> String {
    stream.set_read_timeout(Some(Duration::from_secs(2))).expect("a socket");
    let mut text = String::new();
    let mut piece = [0; 4_096];
    loop {
        let Ok(len @ 1..) = stream.read(&mut piece) else { return text };
        text.push_str(&String::from_utf8_lossy(&piece[..len]));
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let wanted = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")?.parse::<usize>().ok());
            if wanted == Some(body.len()) {
                return text;
            }
        }
    }
}

#[test]
fn a_post_says_all_of_it_in_json() {
    let (port, requests) = server(vec![Some("HTTP/1.1 204 No Content\r\n\r\n")]);
    let (config, change) = change(&format!("webhook = \"http://127.0.0.1:{port}/hook?x=1\""));
    let actions = Actions::new(&config, true).expect("threads");
    actions.act(&change);
    let request = requests.recv_timeout(LONG).expect("a request");
    assert!(request.starts_with(&format!("POST /hook?x=1 HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n")), "{request}");
    let body: serde_json::Value =
        serde_json::from_str(request.split_once("\r\n\r\n").expect("a body").1).expect("JSON");
    assert_eq!(body["alert"], "rule");
    assert_eq!((body["state"].as_str(), body["of"].as_str()), (Some("firing"), Some("trader1")));
    assert_eq!((body["value"].as_u64(), body["appliance"].as_str()), (Some(7), Some("pinion")));
    assert_eq!(body["text"], "two \"words\"; $(touch nothing)");
}

#[test]
fn what_was_not_taken_is_posted_again_and_what_was_refused_is_not() {
    let busy = Some("HTTP/1.1 503 Busy\r\n\r\n");
    let (port, requests) = server(vec![busy, Some("HTTP/1.1 200 OK\r\n\r\n")]);
    let (config, firing) = change(&format!("webhook = \"http://127.0.0.1:{port}/\""));
    let actions = Actions::new(&config, true).expect("threads");
    actions.act(&firing);
    assert!(requests.recv_timeout(LONG).is_ok() && requests.recv_timeout(LONG).is_ok(), "two attempts");
    drop(actions);
    let (port, requests) = server(vec![Some("HTTP/1.1 404 Not Found\r\n\r\n"), busy]);
    let (config, firing) = change(&format!("webhook = \"http://127.0.0.1:{port}/\""));
    let actions = Actions::new(&config, true).expect("threads");
    actions.act(&firing);
    assert!(requests.recv_timeout(LONG).is_ok());
    assert!(requests.recv_timeout(Duration::from_millis(1_500)).is_err(), "it was refused for good");
}

#[test]
fn a_server_that_is_slow_refuses_or_answers_garbage_takes_bounded_time() {
    let limit = Duration::from_millis(300);
    let url = |port: u16| format!("http://127.0.0.1:{port}/").parse().expect("a URL");
    let (silent, _requests) = server(vec![None]);
    let begin = Instant::now();
    let error = post(&url(silent), "{}", limit).expect_err("it does not answer").to_string();
    assert!(error.contains("no answer") && begin.elapsed() < LONG, "{error}");
    // Nobody listens there any more.
    let gone = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("bound").port();
    let error = post(&url(gone), "{}", limit).expect_err("refused").to_string();
    assert!(error.contains("cannot connect"), "{error}");
    let (rude, _requests) = server(vec![Some("SSH-2.0-\x1b[31mfoo\n"), Some("HTTP/1.1 abc\n")]);
    for _ in 0..2 {
        let error = post(&url(rude), "{}", limit).expect_err("no answer of HTTP").to_string();
        assert!(error.contains("expected an answer of HTTP/1.1") && !error.contains('\x1b'), "{error}");
    }
    // A line without end, a byte at a time: bounded by time, not by bytes alone.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let drip = listener.local_addr().expect("bound").port();
    thread::spawn(move || {
        let Ok((mut stream, _)) = listener.accept() else { return };
        while stream.write_all(b"x").is_ok() {
            thread::sleep(Duration::from_millis(20));
        }
    });
    let begin = Instant::now();
    let error = post(&url(drip), "{}", limit).expect_err("no end").to_string();
    assert!(error.contains("within 300 ms") && begin.elapsed() < LONG, "{error}");
}

/// Who answers and answers is heard no further than a first line may be long, and long before the time is over.
#[test]
fn an_answer_without_end_is_not_read_to_it() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("bound").port();
    thread::spawn(move || {
        let Ok((mut stream, _)) = listener.accept() else { return };
        while stream.write_all(&[b'x'; 65_536]).is_ok() {}
    });
    let url = format!("http://127.0.0.1:{port}/").parse().expect("a URL");
    let begin = Instant::now();
    let error = post(&url, "{}", 4 * LONG).expect_err("no answer of HTTP").to_string();
    assert!(error.contains("expected an answer of HTTP/1.1, found 'xxx") && error.len() < 200, "{error}");
    assert!(begin.elapsed() < LONG);
}

/// Nobody takes it, ever: after as many attempts as are configured it is given up, and the next one has its turn.
#[test]
fn what_is_never_taken_is_given_up() {
    let busy = Some("HTTP/1.1 503 Busy\r\n\r\n");
    let (port, requests) = server(vec![busy; 8]);
    let (config, firing) = change(&format!("webhook = \"http://127.0.0.1:{port}/\""));
    let resolved = Change { state: ChangeState::Resolved, ..firing.clone() };
    let actions = Actions::new(&config, true).expect("threads");
    actions.act(&firing);
    actions.act(&resolved);
    let states: Vec<bool> =
        (0..4).map(|_| requests.recv_timeout(LONG).expect("a request").contains("\"state\":\"firing\"")).collect();
    assert_eq!(states, [true, true, false, false], "two attempts each");
    assert!(requests.recv_timeout(Duration::from_millis(1_500)).is_err(), "and no more");
}

/// What piles up behind a program that takes its time is left out, and said.
#[test]
fn what_piles_up_is_left_out_and_told() {
    let dir = tempfile::tempdir().expect("a directory");
    let log = dir.path().join("log");
    let settings = [("log.file", log.display().to_string()), ("log.kind_lines_per_s", "0".to_owned())];
    let settings = settings.map(|(key, value)| (key.to_owned(), value));
    let logged = Config::load_with(None, &settings).expect("it can be used");
    let thread = LogThread::begin(&logged, Arc::default()).expect("a log").installed();
    let slow = program(dir.path(), "slow", "sleep 1");
    let (config, change) = change(&format!("exec = [\"{}\"]", slow.display()));
    let actions = Actions::new(&config, true).expect("threads");
    let begin = Instant::now();
    for _ in 0..200 {
        actions.act(&change);
        assert!(begin.elapsed() < LONG);
    }
    drop(actions);
    drop(thread);
    let text = fs::read_to_string(&log).expect("a log");
    let left_out = text.matches("alert rule: firing: alert-exec has 64 more to do: left out").count();
    // 64 wait; one or more have been taken meanwhile, unless nobody had come to it yet.
    assert!((130..=136).contains(&left_out), "{left_out}: {text}");
}

#[test]
fn a_receiver_that_hangs_never_holds_up_whoever_tells() {
    let (port, _requests) = server(vec![None; 4]);
    let (config, change) = change(&format!("webhook = \"http://127.0.0.1:{port}/\""));
    let actions = Actions::new(&config, true).expect("threads");
    let begin = Instant::now();
    for _ in 0..1_000 {
        actions.act(&change);
        // A thousand posts of 300 ms each would take five minutes.
        assert!(begin.elapsed() < LONG);
    }
    drop(actions);
    assert!(begin.elapsed() < LONG, "and the end is not held up either");
    let actions = Actions::new(&config, false).expect("no threads");
    actions.act(&change);
}
