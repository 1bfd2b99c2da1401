//! No reader panics, runs on after an error, or reads without end, whatever the bytes.

use feedhandler::compressed;
use feedhandler::flow::consensus::ConsensusReader;
use feedhandler::flow::itch_file::ItchFileReader;
use feedhandler::flow::lobster::LobsterReader;
use feedhandler::flow::lobster_book::BookRows;
use feedhandler::flow::{FlowError, Recording, RecordingOptions};
use proptest::prelude::*;
use wire::Symbol;

/// Runs a reader to its end: at most one error, and it is the last item.
fn run<T>(mut reader: impl Iterator<Item = Result<T, FlowError>>, items_max: usize) {
    let mut items = 0;
    while let Some(item) = reader.next() {
        items += 1;
        assert!(items <= items_max);
        if let Err(error) = item {
            assert!(error.to_string().len() < 400);
            assert!(reader.next().is_none());
        }
    }
}

/// Lines that are nearly right.
fn text(characters: &'static str) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop::sample::select(characters.as_bytes()), 0..300)
}

fn itch() -> impl Strategy<Value = Vec<u8>> {
    // Few order numbers, so that messages meet live orders.
    let message =
        (prop::sample::select(b"AFECXDUPRS?".as_slice()), 0_u8..4, any::<bool>(), prop::collection::vec(0_u8..3, 50));
    prop::collection::vec(message, 0..40).prop_map(|messages| {
        let mut bytes = Vec::new();
        for (tag, order, framed, mut body) in messages {
            let size = wire::itch::Message::size_of_type(tag).unwrap_or(5);
            body[0] = tag;
            body[11..18].fill(0);
            body[18] = order;
            if b"AF".contains(&tag) {
                body[19] = if body[1] == 0 { b'B' } else { b'S' };
            }
            bytes.extend(if framed { u16::try_from(size).unwrap() } else { 0 }.to_be_bytes());
            bytes.extend(&body[..size]);
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn consensus_survives(bytes in prop_oneof![prop::collection::vec(any::<u8>(), 0..300), text("NCM BSI0123456789-\n")]) {
        run(ConsensusReader::new(bytes.as_slice(), Symbol(*b"TEST    ")), bytes.len());
    }

    #[test]
    fn itch_survives(bytes in prop_oneof![prop::collection::vec(any::<u8>(), 0..300), itch()]) {
        run(ItchFileReader::new(bytes.as_slice()), bytes.len());
    }

    #[test]
    fn lobster_survives(
        messages in prop::collection::vec((0_u32..9, 0_u8..9, 0_u64..5, 0_u32..4, 98_i64..103, any::<bool>()), 0..60),
        rows in prop::collection::vec(prop::array::uniform8(0_i64..103), 0..60),
        noise in text("0123456789,.-\n"),
    ) {
        let mut text: Vec<u8> = Vec::new();
        for (time, kind, id, size, price, buy) in messages {
            text.extend(format!("{time},{kind},{id},{size},{price},{}\n", if buy { 1 } else { -1 }).bytes());
        }
        let book = rows.iter().map(|row| row.map(|field| field.to_string()).join(",") + "\n").collect::<String>();
        let instrument = Symbol(*b"TEST    ");
        // A message may cancel and seed each level it meets.
        run(LobsterReader::new(text.as_slice(), instrument), 100 * (text.len() + 1));
        run(LobsterReader::with_book(text.as_slice(), book.as_bytes(), instrument), 100 * (text.len() + 1));
        run(LobsterReader::new(noise.as_slice(), instrument), 100 * (noise.len() + 1));
        run(BookRows::new(noise.as_slice()), noise.len());
    }

    #[test]
    fn compressed_files_survive(magic in 0_usize..4, noise in prop::collection::vec(any::<u8>(), 0..300)) {
        let magic: &[u8] = [&[0xFD, b'7', b'z', b'X', b'Z', 0][..], &[0x1F, 0x8B, 8, 0], &[0x28, 0xB5, 0x2F, 0xFD], &[]][magic];
        let bytes = [magic, &noise].concat();
        if let Ok(mut plain) = compressed::plain(bytes.as_slice()) {
            let _ = std::io::copy(&mut std::io::Read::take(&mut plain, 1 << 20), &mut std::io::sink());
        }
        if let Ok(recording) = Recording::read("noise", bytes.as_slice(), &RecordingOptions::default()) {
            run(recording.take(10_000), 10_000);
        }
    }
}
