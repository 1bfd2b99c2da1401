//! The pure part of the engine: a function, whatever the machine does.

use super::source::{code, files, has_word, path_heads, root, without_tests};
use std::fs;

/// Modules that decide outcomes, and the sans-I/O ones around them.
const PURE: [&str; 18] = [
    "book",
    "command",
    "depth",
    "exchange",
    "gateway",
    "image",
    "instrument",
    "limits",
    "mark",
    "market_event",
    "milestone",
    "record",
    "rules",
    "session",
    "sink",
    "store",
    "twin",
    "venue",
];

/// Modules that meet the machine.
const MACHINE: [&str; 23] = [
    "answering",
    "appliance",
    "config",
    "counters",
    "entropy",
    "footprint",
    "glimpse",
    "ground",
    "journal",
    "link",
    "log",
    "messages",
    "meter",
    "past",
    "progress",
    "recovery",
    "rerequest",
    "retention",
    "snapshot",
    "tile",
    "told",
    "trace",
    "views",
];

/// Parts of the standard library that the pure part must not name.
const STD_FORBIDDEN: [&str; 8] = ["fs", "net", "thread", "time", "env", "process", "sync", "os"];

/// Words that stand for time, chance, inexactness, unordered iteration or the machine.
const WORDS_FORBIDDEN: [&str; 16] = [
    "SystemTime",
    "Instant",
    "HashMap",
    "HashSet",
    "RandomState",
    "DefaultHasher",
    "f32",
    "f64",
    "rand",
    "getrandom",
    "netio",
    "nix",
    "libc",
    "memmap2",
    "unsafe",
    "thread_local",
];

/// What a source text of a pure module does that it must not.
fn impurities(text: &str) -> Vec<String> {
    let code = without_tests(&code(text));
    let mut found: Vec<String> = Vec::new();
    let named = |prefix: &str, forbidden: &[&str]| -> Vec<String> {
        let heads = path_heads(&code, prefix).into_iter();
        heads.filter(|head| forbidden.contains(&head.as_str())).map(|head| format!("{prefix}::{head}")).collect()
    };
    found.extend(named("std", &STD_FORBIDDEN));
    found.extend(named("core", &["time", "sync"]));
    found.extend(named("crate", &MACHINE));
    found.extend(WORDS_FORBIDDEN.iter().filter(|word| has_word(&code, word)).map(|word| (*word).to_owned()));
    found
}

/// Modules of a `lib.rs` that neither list names.
fn unlisted(lib: &str) -> Vec<String> {
    let code = without_tests(&code(lib));
    let modules =
        code.split(';').filter_map(|item| item.trim().rsplit_once("mod ").map(|(_, name)| name.trim().to_owned()));
    modules.filter(|name| !PURE.contains(&name.as_str()) && !MACHINE.contains(&name.as_str())).collect()
}

#[test]
fn the_pure_part_is_pure() {
    let mut breaches = Vec::new();
    let mut seen = 0;
    for file in files("engine/src") {
        let inside = file.path.trim_start_matches("engine/src/");
        let module = inside.split('/').next().expect("split yields one at least").trim_end_matches(".rs");
        if PURE.contains(&module) && file.path.ends_with(".rs") {
            seen += 1;
            breaches.extend(impurities(&file.text).into_iter().map(|what| format!("{}: {what}", file.path)));
        }
    }
    assert!(breaches.is_empty(), "the pure part of the engine must not name:\n{}", breaches.join("\n"));
    assert!(seen >= PURE.len(), "only {seen} files found");
}

#[test]
fn every_module_is_pure_or_machine() {
    let lib = fs::read_to_string(root().join("engine/src/lib.rs")).expect("readable");
    let unlisted = unlisted(&lib);
    assert!(unlisted.is_empty(), "say in the law whether these modules are pure or machine: {unlisted:?}");
}

#[test]
fn an_impurity_is_found() {
    for (text, what) in [
        ("use std::fs::File;", "std::fs"),
        ("use std::{fmt, net::UdpSocket};", "std::net"),
        ("fn f() { std::thread::yield_now() }", "std::thread"),
        ("use std :: time :: Duration;", "std::time"),
        ("use core::time::Duration;", "core::time"),
        ("let x = SystemTime::now();", "SystemTime"),
        ("let m: HashMap<u8, u8> = x;", "HashMap"),
        ("let x = 1 as f64;", "f64"),
        ("use rand::Rng;", "rand"),
        ("use crate::journal::Appender;", "crate::journal"),
        ("use crate::{book::Book, tile};", "crate::tile"),
        ("use netio::ring;", "netio"),
        ("unsafe { x() }", "unsafe"),
    ] {
        assert_eq!(impurities(text), [what], "{text}");
    }
    for innocent in [
        "// std::fs and f64\nuse std::collections::BTreeMap;",
        "/// See [`crate::journal`].\nuse crate::book::Book;",
        "#[cfg(test)]\nmod tests { use std::collections::HashMap; }",
        "let text = \"std::time f64\"; let random = strand;",
    ] {
        assert_eq!(impurities(innocent), Vec::<String>::new(), "{innocent}");
    }
}

#[test]
fn an_unlisted_module_is_found() {
    let lib =
        "//! Text.\n// mod gone;\npub mod book;\nmod newcomer;\n#[doc(hidden)]\npub mod twin;\npub(crate) mod other;";
    assert_eq!(unlisted(lib), ["newcomer", "other"]);
}
