//! docs/protocol.md holds every field of every layout: the tables are held against the sources, so that neither can
//! move alone.

use crate::vectors::{all, page};
use std::collections::BTreeMap;
use wire::admin::Refusal;
use wire::itch::Message;
use wire::ouch::{CancelReason, Inbound, OptionValue, Outbound, RejectReason, TimeInForce};

/// Every source file with layouts.
const SOURCES: &[(&str, &str)] = &[
    ("mold", include_str!("../../src/mold.rs")),
    ("tick", include_str!("../../src/tick.rs")),
    ("soup", include_str!("../../src/soup.rs")),
    ("messages", include_str!("../../src/messages.rs")),
    ("glimpse", include_str!("../../src/glimpse.rs")),
    ("login", include_str!("../../src/login.rs")),
    ("admin login", include_str!("../../src/admin/login.rs")),
    ("admin row", include_str!("../../src/admin/row.rs")),
    ("admin message", include_str!("../../src/admin/message.rs")),
    ("journal", include_str!("../../src/journal.rs")),
    ("counters", include_str!("../../src/counters.rs")),
    ("request", include_str!("../../src/admin/request.rs")),
    ("outcome", include_str!("../../src/admin/outcome.rs")),
    ("body", include_str!("../../src/journal/body.rs")),
    ("inbound", include_str!("../../src/ouch/inbound.rs")),
    ("outbound", include_str!("../../src/ouch/outbound.rs")),
    ("system", include_str!("../../src/itch/system.rs")),
    ("stock", include_str!("../../src/itch/stock.rs")),
    ("order", include_str!("../../src/itch/order.rs")),
    ("trade", include_str!("../../src/itch/trade.rs")),
    ("auction", include_str!("../../src/itch/auction.rs")),
];

/// What a source says of one layout.
#[derive(Debug, PartialEq, Eq)]
struct Layout {
    size: usize,
    fields: Vec<(usize, String)>,
}

/// The layouts of a source by name, from `layout! { Wire, "name", … pub struct X: 26 {` and its `8 => field: Type,`
/// lines.
fn layouts_of(source: &str) -> BTreeMap<String, Layout> {
    let mut layouts = BTreeMap::new();
    let (mut name, mut open) = (None, None::<Layout>);
    for line in source.lines().map(str::trim) {
        if line.starts_with("layout! {")
            || line.starts_with("message! {")
            || line.starts_with("message_with_options! {")
        {
            name = line.split('"').nth(1).map(str::to_owned);
        } else if let (Some(_), Some((_, rest))) = (&name, line.split_once("pub struct ")) {
            let size = rest.split([':', ',', '{']).nth(1).and_then(|size| size.trim().parse().ok());
            open = size.map(|size| Layout { size, fields: Vec::new() });
        } else if let (Some(layout), Some((at, rest))) = (&mut open, line.split_once(" => ")) {
            if let (Ok(at), Some((field, _))) = (at.parse(), rest.split_once(':')) {
                layout.fields.push((at, field.to_owned()));
            }
        } else if let (Some(layout), Some(rest)) = (&mut open, line.strip_prefix("options ")) {
            let at: usize = rest.split(',').next().and_then(|at| at.parse().ok()).expect("an offset");
            layout.fields.extend([(at, "appendage_length".to_owned()), (at + 2, "appendage".to_owned())]);
        } else if line == "}"
            && let Some(layout) = open.take()
        {
            layouts.insert(name.take().expect("a layout has a name"), layout);
        }
    }
    layouts
}

/// The tables of the page by heading, from `#### name …: 26 bytes` and its `| 8 | 4 | … | `field` |` rows.
fn tables_of(page: &str) -> BTreeMap<String, (Layout, usize)> {
    let mut tables = BTreeMap::new();
    for section in page.split("\n#### ").skip(1) {
        let (heading, rest) = section.split_once('\n').expect("a heading ends its line");
        let (title, size) = heading.rsplit_once(": ").expect("a size");
        let name = title.split(" `").next().expect("a title").to_owned();
        let size = size.split(' ').next().and_then(|size| size.parse().ok()).expect("bytes");
        let (mut fields, mut end) = (Vec::new(), 0);
        for row in
            rest.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|')).skip(2)
        {
            let cells: Vec<_> = row.split('|').map(str::trim).collect();
            let at: usize = cells[1].parse().expect("an offset");
            assert_eq!(at, end, "{name}: {row}");
            end += cells[2].parse::<usize>().unwrap_or(0);
            fields.push((at, cells[4].trim_matches('`').to_owned()));
        }
        tables.insert(name, (Layout { size, fields }, end));
    }
    tables
}

#[test]
fn every_layout_stands_on_the_page_and_nothing_else_does() {
    let mut tables = tables_of(&page());
    for (file, source) in SOURCES {
        let layouts = layouts_of(source);
        assert!(!layouts.is_empty(), "{file} has layouts");
        for (name, layout) in layouts {
            let (mut table, end) = tables.remove(&name).unwrap_or_else(|| panic!("no table '{name}'"));
            assert_eq!(end, layout.size, "{name}: the table's fields end where the layout does");
            // What all messages of a family have in front is not repeated in the sources.
            let front = table.fields.len().saturating_sub(layout.fields.len());
            let common: Vec<_> = table.fields.drain(..front).map(|(_, field)| field).collect();
            let allowed: &[&str] = if name.starts_with("ITCH ") {
                &["type", "stock_locate", "tracking", "timestamp"]
            } else if common.is_empty() {
                &[]
            } else {
                &["type"]
            };
            assert_eq!(common, allowed, "{name}");
            assert_eq!(table, layout, "{name}");
        }
    }
    assert!(tables.is_empty(), "on the page, but in no source: {:?}", tables.keys());
}

#[test]
fn the_reader_of_sources_sees_a_wrong_offset() {
    let source = "layout! { Wire, \"x\",\n pub struct X: 3 {\n 0 => a: u8,\n 1 => b: u16,\n }\n}";
    let layout = layouts_of(source).remove("x").expect("found");
    assert_eq!(layout, Layout { size: 3, fields: vec![(0, "a".into()), (1, "b".into())] });
    let page = "\n#### x: 3 bytes\n\nText.\n\n| o | l | t | f |\n|-|-|-|-|\n| 0 | 1 | n | `a` | A. |\n| 1 | 2 | n | `c` | C. |\n";
    assert_ne!(tables_of(page).remove("x").expect("found").0, layout);
}

#[test]
fn every_code_stands_on_the_page() {
    let page = page();
    let row = |cell: &str, text: &str| page.lines().any(|line| line.starts_with(cell) && line.contains(text));
    for reason in RejectReason::ALL {
        assert!(row(&format!("| `0x{:04X}` |", reason.0), reason.describe()), "{reason}");
    }
    for reason in CancelReason::ALL {
        assert!(row(&format!("| `{}` |", char::from(reason.0)), reason.describe()), "{reason}");
    }
    for refusal in Refusal::ALL {
        assert!(row(&format!("| `0x{:04X}` |", refusal.0), refusal.describe()), "{refusal}");
    }
    for code in TimeInForce::ALL {
        assert!(row(&format!("| `{}` |", char::from(code.byte())), &format!("{code:?}")), "{code:?}");
    }
    for tag in OptionValue::TAGS {
        assert!(row(&format!("| {tag} |"), "|"), "option {tag}");
    }
}

#[test]
fn every_message_has_a_vector() {
    let vectors = all();
    let itch: Vec<u8> =
        vectors.iter().filter(|(name, _)| name.starts_with("itch-")).map(|(_, bytes)| bytes[0]).collect();
    for (tag, size) in Message::SIZES {
        assert!(itch.contains(tag), "ITCH {} of {size} bytes", char::from(*tag));
    }
    assert_eq!(itch.len(), Message::SIZES.len());
    let inbound = vectors.values().filter_map(|bytes| Inbound::decode(bytes).ok());
    assert_eq!(
        inbound.map(|message| core::mem::discriminant(&message)).collect::<std::collections::HashSet<_>>().len(),
        5
    );
    let outbound = vectors.values().filter_map(|bytes| Outbound::decode(bytes).ok());
    assert_eq!(
        outbound.map(|message| core::mem::discriminant(&message)).collect::<std::collections::HashSet<_>>().len(),
        14
    );
}
