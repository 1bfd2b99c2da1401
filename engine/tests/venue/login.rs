use crate::harness::{CLIENT, Harness, START, order};
use engine::gateway::Endpoint;
use wire::address::Addr;
use wire::login::{Cookie, Key, Login, LoginMessage, LoginRejectReason, Username};
use wire::ouch::OrderSide;

const NONCE: [u8; 16] = [9; 16];

#[test]
fn a_login_gives_a_session_and_both_numberings() {
    let mut harness = Harness::new();
    let accepted = harness.log_in(CLIENT, false).expect("the default session logs in");
    assert_eq!((accepted.next_inbound, accepted.next_outbound, accepted.oldest_outbound), (1, 1, 1));
    assert_eq!(accepted.last_user_ref.0, 0);
    let rules = &harness.config.session_rules;
    assert_eq!((accepted.heartbeat_ms, accepted.timeout_ms), (rules.heartbeat_ms, rules.timeout_ms));
}

#[test]
fn a_login_is_confirmed_only_when_it_is_durable() {
    let mut harness = Harness::new();
    let cookie = harness.challenge(CLIENT, NONCE);
    let login = Login::sign(&harness.key(), Harness::user(), NONCE, cookie, false);
    harness.send_login(CLIENT, LoginMessage::Login(login));
    harness.venue.poll(harness.now, harness.durable, &mut harness.out);
    assert!(harness.out.sent.is_empty(), "not durable yet");
    harness.settle();
    assert!(matches!(harness.take_answer(), LoginMessage::LoginAccepted(_)));
}

#[test]
fn a_wrong_key_and_an_unknown_user_get_the_same_answer_and_change_nothing() {
    let mut harness = Harness::new();
    let hash = harness.venue.exchange().state_hash();
    let cookie = harness.challenge(CLIENT, NONCE);
    let wrong_key = Login::sign(&Key([1; 32]), Harness::user(), NONCE, cookie, false);
    let nobody = Username::new("nobody").expect("a short name");
    harness.send_login(CLIENT, LoginMessage::ClientHello(wire::login::ClientHello::new(nobody, NONCE)));
    let LoginMessage::Challenge(challenge) = harness.take_answer() else { panic!("everybody gets a challenge") };
    let unknown = Login::sign(&harness.key(), nobody, NONCE, challenge.cookie, false);
    for login in [wrong_key, unknown] {
        harness.send_login(CLIENT, LoginMessage::Login(login));
        let LoginMessage::LoginRejected(rejected) = harness.take_answer() else { panic!("expected a refusal") };
        assert_eq!(rejected.reason, LoginRejectReason::NotAuthorized);
    }
    assert_eq!(harness.venue.exchange().state_hash(), hash);
    assert!(harness.out.journal.is_empty());
}

#[test]
fn a_cookie_is_good_for_its_address_and_its_time_only() {
    let mut harness = Harness::new();
    let cookie = harness.challenge(CLIENT, NONCE);
    let login = Login::sign(&harness.key(), Harness::user(), NONCE, cookie, false);
    let elsewhere = Addr { port: CLIENT.port + 1, ..CLIENT };
    harness.send_login(elsewhere, LoginMessage::Login(login));
    assert!(harness.out.sent.is_empty(), "an address that got no challenge gets no answer");
    let made_up = Login::sign(&harness.key(), Harness::user(), NONCE, Cookie([7; 32]), false);
    harness.send_login(CLIENT, LoginMessage::Login(made_up));
    assert!(harness.out.sent.is_empty());
    assert_eq!(harness.venue.gateway().counters().forged, 2);

    harness.advance(u64::from(harness.config.session_rules.challenge_ms) * 1_000_000 + 1);
    harness.send_login(CLIENT, LoginMessage::Login(login));
    let LoginMessage::LoginRejected(rejected) = harness.take_answer() else { panic!("expected a refusal") };
    assert_eq!(rejected.reason, LoginRejectReason::StaleCookie);
    assert!(harness.out.journal.is_empty());
}

#[test]
fn a_repeated_login_is_the_same_login_and_an_older_one_is_refused() {
    let mut harness = Harness::new();
    let first = harness.challenge(CLIENT, NONCE);
    let first = LoginMessage::Login(Login::sign(&harness.key(), Harness::user(), NONCE, first, false));
    harness.send_login(CLIENT, first);
    harness.settle();
    let LoginMessage::LoginAccepted(accepted) = harness.take_answer() else { panic!("expected a session") };
    let journaled = harness.out.journal.len();
    harness.advance(1_000);
    harness.send_login(CLIENT, first);
    harness.settle();
    assert_eq!(harness.take_answer(), LoginMessage::LoginAccepted(accepted));
    assert_eq!(harness.out.journal.len(), journaled, "nothing new to journal");

    harness.advance(1_000);
    let second = harness.log_in(CLIENT, false).expect("a newer login takes over");
    assert_ne!(second.session, accepted.session);
    harness.send_login(CLIENT, first);
    let LoginMessage::LoginRejected(rejected) = harness.take_answer() else { panic!("expected a refusal") };
    assert_eq!(rejected.reason, LoginRejectReason::Superseded);
    // The first token is worth nothing any more.
    harness.token = accepted.session;
    harness.send(1, &[order(1, OrderSide::Buy, 100, 1)]);
    assert_eq!(harness.venue.exchange().sessions()[0].next_inbound(), 1);
}

#[test]
fn a_repeated_confirmation_does_not_hide_reports() {
    let mut harness = Harness::logged_in(false);
    harness.send(1, &[order(1, OrderSide::Buy, 100, 1)]);
    harness.settle();
    assert_eq!(harness.take_reports().len(), 1);
    let nonce = [(START % 251) as u8; 16];
    let cookie = harness.challenge(CLIENT, nonce);
    // Same nonce, same address: the client did not see its confirmation, nor the report that it could not read without it.
    let login = Login::sign(&harness.key(), Harness::user(), nonce, cookie, false);
    harness.send_login(CLIENT, LoginMessage::Login(login));
    harness.settle();
    let LoginMessage::LoginAccepted(accepted) = harness.take_answer() else { panic!("expected a session") };
    assert_eq!(accepted.next_outbound, 1);
}

#[test]
fn numbering_survives_a_new_login() {
    let mut harness = Harness::logged_in(false);
    harness.send(1, &[order(5, OrderSide::Buy, 100, 1), order(6, OrderSide::Buy, 101, 1)]);
    harness.settle();
    assert_eq!(harness.take_reports().len(), 2);
    harness.advance(1_000);
    let accepted = harness.log_in(CLIENT, false).expect("again");
    assert_eq!((accepted.next_inbound, accepted.next_outbound, accepted.oldest_outbound), (3, 3, 1));
    assert_eq!(accepted.last_user_ref.0, 6);
    // What came before is there for the asking.
    harness.send_header(Endpoint::Rerequest, 1, 2);
    assert_eq!(harness.take_reports().iter().map(|report| report.0).collect::<Vec<_>>(), [1, 2]);
}

/// A client whose confirmation was lost repeats its login. When the session has died meanwhile, nobody else's login stands against it.
#[test]
fn a_repeated_login_that_has_ended_is_not_refused_for_another_one() {
    let mut harness = Harness::new();
    let cookie = harness.challenge(CLIENT, NONCE);
    let login = LoginMessage::Login(Login::sign(&harness.key(), Harness::user(), NONCE, cookie, false));
    harness.send_login(CLIENT, login);
    harness.settle();
    let LoginMessage::LoginAccepted(first) = harness.take_answer() else { panic!("expected a session") };
    harness.advance(u64::from(harness.config.session_rules.timeout_ms) * 1_000_000 + 1);
    harness.settle();
    assert!(!harness.venue.exchange().sessions()[0].is_alive());
    harness.out.sent.clear();
    harness.send_login(CLIENT, login);
    harness.settle();
    assert!(harness.out.sent.is_empty(), "a refusal would end the client for good");
    // Asked anew, it gets a challenge that counts.
    let cookie = harness.challenge(CLIENT, NONCE);
    harness.send_login(CLIENT, LoginMessage::Login(Login::sign(&harness.key(), Harness::user(), NONCE, cookie, false)));
    harness.settle();
    let LoginMessage::LoginAccepted(second) = harness.take_answer() else { panic!("expected a session") };
    assert_ne!(second.session, first.session);
}

/// A restart may find the clock set back. Logins from then on are newer than those before all the same.
#[test]
fn a_clock_that_was_set_back_keeps_nobody_out() {
    let mut harness = Harness::logged_in(false);
    let stands = harness.venue.exchange().sessions()[0].login().expect("logged in").cookie_stamp;
    harness.now = wire::Nanos(stands - 1_000_000_000);
    harness.venue.resume(harness.now);
    // The heartbeat of whoever comes back.
    harness.settle();
    harness.out.sent.clear();
    for _ in 0..3 {
        harness.advance(1);
        harness.log_in(CLIENT, false).expect("the clock is no concern of the client's");
    }
}
