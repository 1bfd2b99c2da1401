//! Orders, trades and events as tables: both forms say the same, and what they say adds up.

use crate::past::lived;
use crate::site::Site;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

/// A table: a row is its values by column; none where there is none.
pub struct Table {
    pub columns: Vec<String>,
    pub rows: Vec<Vec<Option<String>>>,
}

impl Table {
    pub fn at(&self, column: &str) -> usize {
        self.columns.iter().position(|name| name == column).unwrap_or_else(|| panic!("no column {column}"))
    }

    pub fn texts(&self, column: &str) -> Vec<&str> {
        let at = self.at(column);
        self.rows.iter().map(|row| row[at].as_deref().unwrap_or_default()).collect()
    }

    pub fn sum(&self, column: &str) -> u64 {
        self.texts(column).iter().map(|text| text.parse::<u64>().expect("a number")).sum()
    }

    /// How often each value stands in a column.
    fn counts(&self, column: &str) -> BTreeMap<&str, usize> {
        let mut counts = BTreeMap::new();
        for text in self.texts(column) {
            *counts.entry(text).or_default() += 1;
        }
        counts
    }
}

pub fn read_csv(path: &Path) -> Table {
    let text = std::fs::read_to_string(path).expect("a file");
    let mut lines = text.lines().map(|line| {
        let (mut cells, mut cell, mut quoted, mut any) = (Vec::new(), String::new(), false, false);
        for letter in line.chars().chain([',']) {
            match letter {
                '"' => {
                    // A quote within quotes is doubled.
                    if any && !quoted {
                        cell.push('"');
                    }
                    (quoted, any) = (!quoted, true);
                }
                ',' if !quoted => {
                    let full = std::mem::take(&mut cell);
                    cells.push((any || !full.is_empty()).then_some(full));
                    any = false;
                }
                letter => cell.push(letter),
            }
        }
        cells
    });
    let columns = lines.next().expect("a head").into_iter().map(|name| name.expect("a name")).collect();
    Table { columns, rows: lines.collect() }
}

pub fn read_parquet(path: &Path) -> Table {
    let reader = SerializedFileReader::new(File::open(path).expect("a file")).expect("a Parquet file");
    let schema = reader.metadata().file_metadata().schema_descr();
    let columns = schema.columns().iter().map(|column| column.name().to_owned()).collect();
    let rows = reader.get_row_iter(None).expect("rows").map(|row| {
        let row = row.expect("a row");
        let cells = row.get_column_iter().map(|(_, field)| match field {
            Field::Null => None,
            Field::Str(text) => Some(text.clone()),
            other => Some(other.to_string()),
        });
        cells.collect()
    });
    Table { columns, rows: rows.collect() }
}

/// Exports in both forms, and finds them to say the same.
fn exported(site: &Site, what: &str, more: &[&str]) -> Table {
    let journal = site.journal();
    let table = |format: &str| {
        let file = site.path(format!("{what}.{format}"));
        let (journal, out) = (journal.to_str().expect("text"), file.to_str().expect("text"));
        let mut arguments = vec!["journal", "export", journal, "--what", what, "--format", format, "--out", out];
        arguments.extend(more);
        let said = site.pinion(&arguments).expect_success();
        assert!(said.err.contains("rows in"), "{said:?}");
        file
    };
    let csv = read_csv(&table("csv"));
    let parquet = read_parquet(&table("parquet"));
    assert_eq!(csv.columns, parquet.columns);
    assert_eq!(csv.rows.len(), parquet.rows.len());
    for (number, (one, other)) in csv.rows.iter().zip(&parquet.rows).enumerate() {
        assert_eq!(one, other, "row {number} of {what}");
    }
    csv
}

#[test]
fn both_forms_say_the_same_and_the_sums_agree() {
    let (site, last, _) = lived(0);
    let orders = exported(&site, "orders", &[]);
    let trades = exported(&site, "trades", &[]);
    assert!(trades.rows.len() > 100, "{} trades", trades.rows.len());

    let recovered = site.pinion(&["recover", "--dry-run"]).expect_success().out;
    let live = orders.counts("state").get("live").copied().unwrap_or(0);
    assert!(recovered.contains(&format!("live orders   {live} on")), "{live} live orders; {recovered}");
    assert_eq!(orders.sum("executed_qty"), 2 * trades.sum("qty"), "each trade executes two orders");
    assert_eq!(orders.sum("trades"), 2 * trades.rows.len() as u64);
    let at = |column: &str| orders.at(column);
    for row in &orders.rows {
        let number = |column: &str| row[at(column)].as_deref().map_or(0, |text| text.parse::<u64>().expect("a number"));
        let state = row[at("state")].as_deref().expect("a state");
        let (qty, executed, canceled) = (number("qty"), number("executed_qty"), number("canceled_qty"));
        match state {
            "filled" => assert!(executed > 0 && executed + canceled == qty, "{row:?}"),
            "canceled" | "live" | "replaced" => {
                assert_eq!(executed + canceled + number("leaves_qty"), qty, "{row:?}");
            }
            "rejected" => assert!(row[at("reason")].is_some() && row[at("order_ref")].is_none(), "{row:?}"),
            other => panic!("{other}"),
        }
        assert_eq!(row[at("end_seq")].is_none(), state == "live", "{row:?}");
    }

    let of_kind = |kind: &str| exported(&site, "events", &["--kind", kind]).rows.len();
    assert_eq!(of_kind("Executed"), 2 * trades.rows.len());
    assert_eq!(of_kind("Rejected"), orders.counts("state").get("rejected").copied().unwrap_or(0));
    let some = (last / 10).to_string();
    let events = exported(&site, "events", &["--to", &some]);
    let commands = events.counts("what")["command"] as u64;
    assert_eq!(commands, last / 10);
    let numbers = |table: &Table, column: &str| -> Vec<u64> {
        table.texts(column).iter().map(|text| text.parse().expect("a number")).collect()
    };
    assert!(numbers(&events, "seq").is_sorted() && numbers(&trades, "match_number").is_sorted());
}

#[test]
fn filters_take_away_and_nothing_else() {
    let (site, last, _) = lived(20);
    let last = last / 5;
    let (from, to, end) = ((last / 3).to_string(), (2 * last / 3).to_string(), last.to_string());
    let all = exported(&site, "events", &["--to", &end]);
    let some = exported(&site, "events", &["--from", &from, "--to", &to, "--kind", "Executed", "--kind", "Trade"]);
    let (seq, kind) = (all.at("seq"), all.at("kind"));
    let expected = all.rows.iter().filter(|row| {
        let number: u64 = row[seq].as_deref().expect("a number").parse().expect("a number");
        let within = (last / 3..=2 * last / 3).contains(&number);
        // A trade's tick is not called by that name, it is a tick.
        within && matches!(row[kind].as_deref(), Some("Executed" | "Trade")) && row[3].as_deref() != Some("tick")
    });
    let expected: Vec<_> = expected.collect();
    assert!(some.rows.len() > 5 && some.rows.iter().eq(expected.iter().copied()), "{} rows", some.rows.len());

    let one = all.rows.iter().find(|row| row[kind].as_deref() == Some("Executed")).expect("an execution");
    let order = format!("trader1:{}", one[all.at("user_ref")].as_deref().expect("an order"));
    let of_order = exported(&site, "trades", &["--order", &order]);
    assert!(!of_order.rows.is_empty() && of_order.rows.len() < exported(&site, "trades", &[]).rows.len());
    let of_order = exported(&site, "orders", &["--order", &order]);
    assert!((1..20).contains(&of_order.rows.len()), "{} orders in the chain", of_order.rows.len());
    assert!(exported(&site, "trades", &["--instrument", "ALC"]).rows.is_empty(), "the flow is in another one");
    let refused = site.pinion(&["journal", "export", "nowhere", "--what", "orders", "--out", "x"]);
    assert_eq!(refused.status.code(), Some(2));
}
