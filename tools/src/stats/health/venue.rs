//! What concerns the venue as a whole: its heart, its journal, its state, its clients.

use super::{
    DURABLE_LATE, DURABLE_STUCK, FULL_PERMILLE, Found, GARBAGE_FROM, Grade, HEARTBEAT_LATE, LASTING, Phase,
    REJECTS_FROM, REJECTS_PERMILLE, Rule, lasted, phase,
};
use crate::stats::look::{Look, share_permille};
use crate::stats::number::{Bytes, Count, Share};

pub(super) fn judge(look: &Look, found: &mut Found) {
    heart(look, found);
    recovery(look, found);
    journal(look, found);
    intentions(look, found);
    rejects(look, found);
    sessions(look, found);
    garbage(look, found);
    capacity(look, found);
    let steps = look.lately("appliance", 0, "clock_steps").unwrap_or(0);
    if steps > 0 {
        let what = "the wall clock stepped by more than a second".to_owned();
        let remedy = "slew it instead: see chronyd's makestep or ntpd's -x; orders good till a time go by it";
        found.add(Rule::Clock, Grade::Degraded, "", what, remedy);
    }
}

fn heart(look: &Look, found: &mut Found) {
    let Some(row) = look.rows("appliance").first() else { return };
    if let Some(still) = look.still("appliance", &row.label).filter(|still| *still >= HEARTBEAT_LATE) {
        let what = format!("the appliance has published nothing for {}", lasted(still));
        let remedy = format!("its threads do not get their cores, or are held: see top -H -p {}", look.owner.pid);
        found.add(Rule::Heartbeat, Grade::Broken, "", what, remedy);
    }
}

fn recovery(look: &Look, found: &mut Found) {
    if phase(look) != Phase::Starting {
        return;
    }
    let (all, done) = (look.get("appliance", "recovery_records"), look.get("appliance", "recovery_done"));
    let what = match (all, done) {
        (Some(all @ 1..), Some(done)) => {
            format!("it recovers: {} of {} records, {}", Count(done), Count(all), Share(share_permille(done, all)))
        }
        _ => "it starts".to_owned(),
    };
    found.add(
        Rule::Recovery,
        Grade::Starting,
        "",
        what,
        "wait; more frequent snapshots shorten it, see snapshot.interval_ms",
    );
}

fn journal(look: &Look, found: &mut Found) {
    if look.get("journal", "failed") == Some(1) {
        let remedy = "remove the cause, look with `pinion journal verify`, then start again";
        found.add(Rule::Journal, Grade::Broken, "", "the journal has failed: nothing more is taken".to_owned(), remedy);
    }
    if let Some(wait) = look.durable_wait().filter(|wait| *wait >= DURABLE_LATE) {
        let grade = if wait >= DURABLE_STUCK { Grade::Broken } else { Grade::Degraded };
        let what = format!(
            "a record waits to be durable for {}, and {} behind it",
            lasted(wait),
            Count(look.durable_lag().unwrap_or(0))
        );
        found.add(
            Rule::Durable,
            grade,
            "",
            what,
            "the journal's disk is slow: see iostat -x, and who else writes there",
        );
    }
    let (free, floor) = (look.get("journal", "free_bytes"), look.get("journal", "floor_bytes").unwrap_or(0));
    let room = "make room on the journal's disk, or see journal.keep_bytes and journal.archive";
    if look.get("appliance", "entry_closed") == Some(1) {
        let free = Bytes(free.unwrap_or(0));
        let what =
            format!("new orders are rejected: the journal's disk has {free} left, the floor is {}", Bytes(floor));
        found.add(Rule::Disk, Grade::Broken, "", what, room);
        // Zero: nobody has looked yet.
    } else if let Some(free) = free.filter(|free| (1..floor.saturating_mul(2)).contains(free)) {
        let what =
            format!("the journal's disk has {} left; below {} new orders are rejected", Bytes(free), Bytes(floor));
        found.add(Rule::Disk, Grade::Degraded, "", what, room);
    }
}

/// What somebody wanted so.
fn intentions(look: &Look, found: &mut Found) {
    let is = |field| look.get("appliance", field) == Some(1);
    if is("locked") {
        let what = "the venue is locked by the kill switch: new orders are rejected".to_owned();
        found.add(Rule::Lock, Grade::Note, "", what, "`pinion admin reset --venue` ends it");
    }
    if is("draining") {
        let what = "it drains: new orders are rejected, cancels work".to_owned();
        found.add(Rule::Drain, Grade::Note, "", what, "`pinion admin reopen` ends it");
    }
    if is("market_closed") {
        let what = "the market day is over: nothing is entered or canceled any more".to_owned();
        found.add(
            Rule::Market,
            Grade::Note,
            "",
            what,
            "stop it, and begin the next day with a journal directory of its own",
        );
    }
}

/// The row of a group whose counter grew most in the last second, and by how much a second.
fn most<'a>(look: &'a Look, group: &str, field: &str) -> Option<(&'a str, u64)> {
    let rates = look.rows(group).iter().enumerate();
    let rates = rates.filter_map(|(index, row)| Some((row.label.as_str(), look.per_second(group, index, field)?)));
    rates.max_by_key(|(_, rate)| *rate).filter(|(_, rate)| *rate > 0)
}

/// Who sends most, in words, for whoever asks where the load comes from.
pub(super) fn loudest(look: &Look) -> String {
    let all = look.per_second("appliance", 0, "messages").unwrap_or(0);
    most(look, "session", "messages").map_or_else(String::new, |(session, rate)| {
        format!("; {session} sends {} of the messages, {} a second", Share(share_permille(rate, all)), Count(rate))
    })
}

fn rejects(look: &Look, found: &mut Found) {
    let sessions = 0..look.rows("session").len();
    let sum = |field| sessions.clone().filter_map(|index| look.per_second("session", index, field)).sum::<u64>();
    let (messages, rejects) = (sum("messages"), sum("rejects"));
    let share = share_permille(rejects, messages);
    if messages < REJECTS_FROM || share < REJECTS_PERMILLE {
        return;
    }
    let (session, of_session) = most(look, "session", "rejects").unwrap_or(("", 0));
    let code = most(look, "reject", "count").map_or_else(String::new, |(code, _)| format!(", most of them {code}"));
    let what = format!(
        "{} of {} messages a second are rejected{code}; {session} has {} of them",
        Share(share),
        Count(messages),
        Count(of_session),
    );
    let remedy = format!(
        "ask its member, or end it: `pinion admin session disconnect {session}`, `pinion admin kill --session {session}`"
    );
    found.add(Rule::Rejects, Grade::Degraded, session, what, remedy);
}

fn sessions(look: &Look, found: &mut Found) {
    let venue_locked = look.get("appliance", "locked") == Some(1);
    for row in look.rows("session") {
        let (label, get) = (row.label.as_str(), |field: &str| row.get(field).unwrap_or(0));
        if get("locked") == 1 && !venue_locked {
            let what = format!("session {label} is locked by the kill switch");
            found.add(Rule::Lock, Grade::Note, label, what, format!("`pinion admin reset --session {label}` ends it"));
        }
        if look.lasting("session", label).is_some_and(|lasting| lasting >= LASTING) {
            let what = format!("session {label} does not take its reports: {} wait", Count(get("pending")));
            found.add(
                Rule::Session,
                Grade::Degraded,
                label,
                what,
                "its client is too slow, or the way to it loses packets",
            );
        }
        let (open, max) = (get("open_orders"), get("open_orders_max"));
        if max > 0 && share_permille(open, max) >= FULL_PERMILLE {
            let what = format!("session {label} has {open} of the {max} open orders that it may have");
            let remedy = "ask its member; more than that are rejected, see limits.session_orders";
            found.add(Rule::Session, Grade::Degraded, label, what, remedy);
        }
    }
    if look.lately("gateway", 0, "deaths").is_some_and(|deaths| deaths > 0) {
        let dead: Vec<&str> = fallen(look).collect();
        let (subject, what) = match dead.as_slice() {
            [] => ("", "a session died of silence".to_owned()),
            [one] => (*one, format!("session {one} died of silence")),
            [first, ..] => (*first, format!("sessions {} died of silence", dead.join(", "))),
        };
        let remedy = "its client or the way to it is gone; where the member wanted it, its orders are canceled";
        found.add(Rule::Session, Grade::Degraded, subject, what, remedy);
    }
}

/// Sessions that were alive ten seconds ago and are not.
fn fallen(look: &Look) -> impl Iterator<Item = &str> {
    let alive = |row: &engine::counters::SnapshotRow| row.get("alive") == Some(1);
    look.rows("session").iter().enumerate().filter_map(move |(index, row)| {
        let past = look.ten.as_ref()?;
        let earlier = crate::stats::look::earlier_row(past, "session", index, &row.label)?;
        (alive(earlier) && !alive(row)).then_some(row.label.as_str())
    })
}

fn garbage(look: &Look, found: &mut Found) {
    let port = ["rx_truncated", "rx_malformed", "rx_checksum"].map(|field| ("port", field));
    let gateway = ["malformed", "forged", "logins_refused"].map(|field| ("gateway", field));
    let rates = port.into_iter().chain(gateway);
    let rates = rates.filter_map(|(group, field)| Some((field, look.per_second(group, 0, field)?)));
    let (sum, most) = rates.fold((0_u64, ("", 0)), |(sum, most), (field, rate)| {
        (sum.saturating_add(rate), if rate > most.1 { (field, rate) } else { most })
    });
    if sum >= GARBAGE_FROM {
        let what = format!("{} datagrams a second are of no use, most of them {}", Count(sum), most.0);
        let remedy = "find out who sends them (`pinion run --pcap`, tcpdump) and keep them away at the switch";
        found.add(Rule::Garbage, Grade::Degraded, "", what, remedy);
    }
}

fn capacity(look: &Look, found: &mut Found) {
    for (field, max, key) in [
        ("orders", "orders_max", "limits.orders"),
        ("levels", "levels_max", "limits.levels"),
        ("stops", "stops_max", "limits.stops"),
    ] {
        let (Some(used), Some(max @ 1..)) = (look.get("appliance", field), look.get("appliance", max)) else {
            continue;
        };
        if share_permille(used, max) >= FULL_PERMILLE {
            let what = format!("{} of {} {field} are in use", Count(used), Count(max));
            let remedy = format!("beyond that new orders are rejected; {key} can be raised with a new journal only");
            found.add(Rule::Capacity, Grade::Degraded, field, what, remedy);
        }
    }
}
