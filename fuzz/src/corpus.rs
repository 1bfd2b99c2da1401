//! Inputs to begin from: the vectors of docs/protocol.md, one of every message that there is, programs for the session target, and
//! what other venues send.

use crate::{Target, session, venues};

const PAGE: &str = include_str!("../../docs/protocol.md");

/// Every vector; the record bodies also with their kind in front, as the journal target reads them.
#[must_use]
pub fn vectors() -> Vec<Vec<u8>> {
    let mut corpus = Vec::new();
    for block in PAGE.split("```text\nvector ").skip(1) {
        let Some((name, rest)) = block.split_once('\n') else { continue };
        let digits: Vec<u32> = rest.chars().take_while(|&c| c != '`').filter_map(|c| c.to_digit(16)).collect();
        let bytes: Vec<u8> =
            digits.chunks_exact(2).filter_map(|pair| u8::try_from(pair[0] << 4 | pair[1]).ok()).collect();
        if name.starts_with("body-") {
            corpus.extend((1..=9).map(|kind| [&[kind], bytes.as_slice()].concat()));
        }
        // An appendage alone is an input of its own.
        match name {
            "enter-order-with-options" | "enter-order-stop" => corpus.push(bytes[47..].to_vec()),
            "replace-order-re-enter" => corpus.push(bytes[40..].to_vec()),
            _ => {}
        }
        corpus.push(bytes);
    }
    corpus
}

/// Every vector and program, and those that the target accepts so often that they are about half of the whole.
#[must_use]
pub fn for_target(target: Target) -> Vec<Vec<u8>> {
    let mut corpus = vectors();
    corpus.extend(session::programs());
    corpus.extend(venues::inputs());
    let accepted: Vec<_> = corpus.iter().filter(|input| target(input)).cloned().collect();
    let copies = corpus.len() / accepted.len().max(1);
    corpus.extend(accepted.iter().cycle().take(accepted.len() * copies).cloned());
    corpus
}
