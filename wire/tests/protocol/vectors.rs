//! Reads the vectors of docs/protocol.md.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// The text of the page.
pub fn page() -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/protocol.md");
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{} is part of the project: {error}", path.display()))
}

/// Every vector by name.
pub fn all() -> BTreeMap<String, Vec<u8>> {
    let page = page();
    let mut vectors = BTreeMap::new();
    for block in page.split("```text\nvector ").skip(1) {
        let (name, rest) = block.split_once('\n').expect("a name ends its line");
        let (hex, _) = rest.split_once("```").expect("a block ends");
        let digits: Vec<u8> = hex.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
        assert!(digits.len().is_multiple_of(2), "{name}: odd number of digits");
        let bytes = digits
            .chunks(2)
            .map(|pair| core::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok()))
            .collect::<Option<Vec<u8>>>()
            .unwrap_or_else(|| panic!("{name}: not hexadecimal"));
        assert!(vectors.insert(name.to_owned(), bytes).is_none(), "{name} stands twice");
    }
    vectors
}

/// One vector.
pub fn get(name: &str) -> Vec<u8> {
    all().remove(name).unwrap_or_else(|| panic!("docs/protocol.md has no vector '{name}'"))
}

/// What `encode` writes.
pub fn bytes_of(encode: impl FnOnce(&mut [u8]) -> Option<usize>) -> Vec<u8> {
    let mut out = [0xEE; 2_048];
    let len = encode(&mut out).expect("room");
    out[..len].to_vec()
}
