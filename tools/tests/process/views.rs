//! Rolling views and `pinion view`: the same as the journal says, in every form, also when the process was killed.

use crate::export::{Table, read_csv, read_parquet};
use crate::noise::Noise;
use crate::past::lived;
use crate::site::Site;
use crate::trader::Trader;
use std::collections::BTreeMap;
use std::time::Duration;

/// `pinion view WHAT` in all three forms of a file, which say the same.
fn viewed(site: &Site, what: &[&str]) -> Table {
    let journal = site.journal();
    let file = |format: &str| {
        let file = site.path(format!("{}.{format}", what[0]));
        let (journal, out) = (journal.to_str().expect("text"), file.to_str().expect("text"));
        let mut arguments = vec!["view"];
        arguments.extend(what);
        arguments.extend([journal, "--format", format, "--out", out]);
        let said = site.pinion(&arguments).expect_success();
        assert!(said.err.contains("rows in"), "{said:?}");
        file
    };
    let csv = read_csv(&file("csv"));
    let parquet = read_parquet(&file("parquet"));
    assert_eq!(csv.columns, parquet.columns);
    assert!(csv.rows == parquet.rows, "{what:?} differ in CSV and Parquet");
    let lines = std::fs::read_to_string(file("jsonl")).expect("a file");
    let rows: Vec<serde_json::Value> =
        lines.lines().map(|line| serde_json::from_str(line).expect("an object a line")).collect();
    assert_eq!(rows.len(), csv.rows.len());
    for (row, object) in csv.rows.iter().zip(&rows) {
        for (name, cell) in csv.columns.iter().zip(row) {
            let found = object.get(name).map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
            assert_eq!(found, *cell, "{name} in CSV and JSON lines");
        }
    }
    csv
}

/// What the journal says of the trades.
fn journaled(site: &Site) -> Table {
    let (journal, out) = (site.journal(), site.path("journaled.csv"));
    let (journal, out) = (journal.to_str().expect("text"), out.to_str().expect("text"));
    site.pinion(&["journal", "export", journal, "--what", "trades", "--out", out]).expect_success();
    read_csv(std::path::Path::new(out))
}

fn columns(table: &Table, names: &[&str]) -> Vec<Vec<String>> {
    let columns: Vec<usize> = names.iter().map(|name| table.at(name)).collect();
    table.rows.iter().map(|row| columns.iter().map(|&at| row[at].clone().unwrap_or_default()).collect()).collect()
}

/// Trades are the journal's, and bars are what these trades come to.
fn assert_as_journaled(site: &Site) -> usize {
    let names = ["match_number", "seq", "time_ns", "symbol", "price", "qty", "taker_side"];
    let (trades, expected) = (viewed(site, &["trades", "--last", "100000000"]), journaled(site));
    assert!(columns(&trades, &names) == columns(&expected, &names), "{} trades", trades.rows.len());
    for (length, nanos) in
        [("1s", 1), ("1m", 60), ("5m", 300), ("1h", 3_600), ("1d", 86_400)].map(|(name, s)| (name, s * 1_000_000_000))
    {
        let bars = viewed(site, &["bars", "--length", length]);
        let names = ["time_ns", "symbol", "open", "high", "low", "close", "volume", "notional", "trades"];
        assert!(columns(&bars, &names) == naive_bars(&trades, nanos), "bars of {length}");
    }
    trades.rows.len()
}

/// Text with four places as a number of units.
fn units(text: &str) -> i128 {
    text.replace('.', "").parse().expect("a price")
}

fn naive_bars(trades: &Table, length_ns: u64) -> Vec<Vec<String>> {
    let mut spans: BTreeMap<(u64, u32), Vec<(i128, i128)>> = BTreeMap::new();
    let symbols = ["PINION", "ALC", "BOB", "CHAR"];
    for row in columns(trades, &["time_ns", "symbol", "price", "qty"]) {
        let begin = row[0].parse::<u64>().expect("a time") / length_ns * length_ns;
        let symbol = symbols.iter().position(|symbol| *symbol == row[1]).expect("known");
        let trade = (units(&row[2]), row[3].parse().expect("a quantity"));
        spans.entry((begin, u32::try_from(symbol).expect("small"))).or_default().push(trade);
    }
    let text = |units: i128| format!("{}.{:04}", units / 10_000, units % 10_000);
    let bar = |((begin, symbol), trades): ((u64, u32), Vec<(i128, i128)>)| {
        let prices = || trades.iter().map(|(price, _)| *price);
        vec![
            begin.to_string(),
            symbols[symbol as usize].to_owned(),
            text(trades[0].0),
            text(prices().max().expect("one")),
            text(prices().min().expect("one")),
            text(trades[trades.len() - 1].0),
            trades.iter().map(|(_, qty)| qty).sum::<i128>().to_string(),
            text(trades.iter().map(|(price, qty)| price * qty).sum()),
            trades.len().to_string(),
        ]
    };
    spans.into_iter().map(bar).collect()
}

#[test]
fn they_say_what_the_journal_says_in_every_form() {
    let (site, ..) = lived(20);
    assert!(assert_as_journaled(&site) > 100);
    let last = viewed(&site, &["trades", "--last", "7", "--symbol", "PINION"]);
    assert_eq!(last.rows.len(), 7);
    let vwap = viewed(&site, &["vwap", "--length", "1s"]);
    let (day, of_bars) = (columns(&vwap, &["day_volume"]), columns(&vwap, &["volume"]));
    let sum: u64 = of_bars.iter().map(|row| row[0].parse::<u64>().expect("a number")).sum();
    // Unless midnight passed meanwhile.
    let most = day.iter().map(|row| row[0].parse::<u64>().expect("a number")).max().expect("rows");
    assert!(most <= sum && most >= sum / 2, "{most} of {sum}");
    let depth = viewed(&site, &["depth", "--levels", "2"]);
    assert_eq!(depth.columns.len(), 10);
    assert!(!depth.rows.is_empty());
    let journal = site.journal();
    let journal = journal.to_str().expect("text");
    let table = site.pinion(&["view", "trades", journal, "--last", "3"]).expect_success();
    assert_eq!(table.out.lines().count(), 4, "{}", table.out);
    assert!(table.out.starts_with("time_ns") && table.out.contains("PINION"), "{}", table.out);
    for (arguments, words) in [
        (vec!["view", "trades", "nowhere"], "found none"),
        (vec!["view", "trades", journal, "--symbol", "NONE"], "PINION"),
        (vec!["view", "trades", journal, "--from", "17"], "expected a time"),
        (vec!["view", "bars", journal, "--format", "parquet"], "--out"),
    ] {
        let refused = site.pinion(&arguments);
        assert_eq!(refused.status.code(), Some(2), "{refused:?}");
        assert!(refused.err.contains(words), "{}", refused.err);
    }
}

#[test]
fn a_kill_loses_and_doubles_nothing() {
    let site = Site::new().with("snapshot.interval_ms=5").with("views.depth_interval_ms=10");
    let trader = Trader::begin(&site, 10_000);
    let (mut noise, seed) = Noise::fresh();
    eprintln!("seed {seed}");
    for kill in 0..8 {
        let appliance = site.start();
        trader.wait_answered(trader.answered() + 1);
        std::thread::sleep(Duration::from_millis(20 + noise.below(150)));
        let err = appliance.end_by_force();
        assert!(!err.contains("views:"), "kill {kill}: {err}");
    }
    let appliance = site.start();
    trader.wait_answered(trader.answered() + 100);
    trader.end(&site, || drop(appliance.stop()));
    assert!(assert_as_journaled(&site) > 100);
}

/// Views that were not kept are made from the journal when they are wanted, while the appliance serves.
#[test]
fn they_can_be_wanted_later() {
    let site = Site::new().with("snapshot.interval_ms=20");
    let appliance = site.start_command(site.run_command(&["views.enabled=false"]));
    crate::recording::assert_published(site.replay(&crate::recording::flow(), &[]));
    appliance.stop();
    assert_eq!(site.pinion(&["view", "trades"]).status.code(), Some(2));
    let appliance = site.start();
    std::thread::sleep(Duration::from_millis(100));
    appliance.stop();
    assert!(assert_as_journaled(&site) > 100);
}
