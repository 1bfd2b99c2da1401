//! Source text with everything taken out that is not code: comments, literals, test modules.
//!
//! Goal: a word that is found in the rest is used by the code. Non-goal: parsing Rust; a scan that errs on the strict side will do.

use std::fs;
use std::path::{Path, PathBuf};

/// The project's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the engine lies in the workspace").to_owned()
}

/// A file of the project, by its path from the root.
pub struct File {
    pub path: String,
    pub text: String,
}

/// All text files under a folder, by path from the root, in order; build outputs, `.git` and binaries left out.
pub fn files(folder: &str) -> Vec<File> {
    let root = root();
    let mut found = Vec::new();
    let mut folders = vec![root.join(folder)];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        for entry in entries.map(|entry| entry.expect("a readable entry")) {
            let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
            let kind = entry.file_type().expect("a readable entry");
            let skipped = name == ".git" || name.starts_with("target") || name == "__pycache__";
            if kind.is_dir() && !skipped {
                folders.push(path);
            } else if kind.is_file()
                // In a second work tree it is a file, which names the first one.
                && name != ".git"
                && let Ok(text) = fs::read_to_string(&path)
            {
                let path = path.strip_prefix(&root).expect("below the root").to_string_lossy().into_owned();
                found.push(File { path, text });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// All Rust files of the project.
pub fn rust_files() -> Vec<File> {
    files("").into_iter().filter(|file| file.path.ends_with(".rs")).collect()
}

/// Replaces comments and the insides of literals by blanks; lines stay where they are.
pub fn code(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let end = at + skipped(rest, at.checked_sub(1).map(|before| bytes[before]));
        if end > at {
            out.extend(bytes[at..end].iter().map(|&byte| if byte == b'\n' { '\n' } else { ' ' }));
            at = end;
        } else {
            out.push(if bytes[at].is_ascii() { char::from(bytes[at]) } else { ' ' });
            at += 1;
        }
    }
    out
}

/// How many bytes from here on are a comment or a literal; 0 where code goes on.
fn skipped(rest: &[u8], before: Option<u8>) -> usize {
    let upto = |needle: &[u8], from: usize| {
        rest[from..].windows(needle.len()).position(|window| window == needle).map_or(rest.len(), |n| from + n)
    };
    match rest {
        [b'/', b'/', ..] => upto(b"\n", 0),
        [b'/', b'*', ..] => block_comment(rest),
        [b'"', ..] => quoted(rest),
        [b'r', b'"' | b'#', ..] if !before.is_some_and(is_word) || before == Some(b'b') => {
            let hashes = rest[1..].iter().take_while(|&&byte| byte == b'#').count();
            if rest.get(1 + hashes) != Some(&b'"') {
                return 0;
            }
            let close: Vec<u8> = std::iter::once(b'"').chain(std::iter::repeat_n(b'#', hashes)).collect();
            (upto(&close, 2 + hashes) + close.len()).min(rest.len())
        }
        // A character, or else a lifetime, which is code.
        [b'\'', b'\\', _, ..] => (upto(b"'", 3) + 1).min(rest.len()),
        [b'\'', _, b'\'', ..] => 3,
        _ => 0,
    }
}

fn block_comment(rest: &[u8]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        match rest[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

fn quoted(rest: &[u8]) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// Takes out the items behind `#[cfg(test)]`. Expects [`code`].
pub fn without_tests(code: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let mut out = String::new();
    let mut rest = code;
    while let Some(start) = rest.find(MARK) {
        out.push_str(&rest[..start]);
        let item = &rest[start + MARK.len()..];
        rest = &item[item_len(item)..];
    }
    out + rest
}

/// The length of the first item: up to its semicolon, or to the brace that closes its first one.
fn item_len(text: &str) -> usize {
    let mut depth = 0_usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' if depth <= 1 => return at + 1,
            b'}' => depth -= 1,
            b';' if depth == 0 => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Whether `word` stands in `code` as a whole word, or as a path that begins and ends at word boundaries.
pub fn has_word(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(at, _)| {
        let before = code[..at].bytes().next_back();
        let after = code[at + word.len()..].bytes().next();
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    })
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// All paths under `prefix::` that the code names, groups resolved: `std::{fs, io::Read}` gives `fs` and `io`.
pub fn path_heads(code: &str, prefix: &str) -> Vec<String> {
    let dense: String = code.split_whitespace().collect::<Vec<_>>().join(" ").replace(" ::", "::").replace(":: ", "::");
    let start = format!("{prefix}::");
    let mut heads = Vec::new();
    for (at, _) in dense.match_indices(&start) {
        if dense[..at].bytes().next_back().is_some_and(is_word) {
            continue;
        }
        let rest = &dense[at + start.len()..];
        match rest.strip_prefix('{') {
            Some(group) => heads.extend(group_heads(group)),
            None => heads.push(head(rest)),
        }
    }
    heads
}

/// The first word of each member of a group, up to the group's closing brace.
fn group_heads(group: &str) -> Vec<String> {
    let (mut depth, mut start, mut heads) = (0_usize, 0, Vec::new());
    for (at, byte) in group.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' if depth > 0 => depth -= 1,
            b',' | b'}' if depth == 0 => {
                heads.push(head(&group[start..at]));
                start = at + 1;
                if byte == b'}' {
                    break;
                }
            }
            _ => {}
        }
    }
    heads
}

fn head(text: &str) -> String {
    text.trim().bytes().take_while(|&byte| is_word(byte)).map(char::from).collect()
}

mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_not_code() {
        let text = "let a = \"std::fs \\\" unsafe\"; // unsafe\n/* unsafe /* unsafe */ unsafe */ let b = r#\"unsafe \" \"#;\n\
                    let c = b\"unsafe\"; let d = '\"'; let e: &'static str = x; let f = '\\''; unsafe { g() } /// unsafe";
        let code = code(text);
        assert_eq!(code.matches("unsafe").count(), 1, "{code}");
        assert!(code.contains("unsafe { g() }") && code.contains("&'static str"), "{code}");
        assert_eq!(code.lines().count(), text.lines().count());
    }

    #[test]
    fn test_items_are_taken_out_and_nothing_else() {
        let text = "a();\n#[cfg(test)]\nmod tests { fn x() { b(); } }\nc();\n#[cfg(test)]\nmod more;\nd();";
        let rest = without_tests(text);
        assert!(rest.contains("a()") && rest.contains("c()") && rest.contains("d()"), "{rest}");
        assert!(!rest.contains("b()") && !rest.contains("more"), "{rest}");
    }

    #[test]
    fn words_and_paths_are_found_whole() {
        assert!(has_word("x: f64;", "f64") && !has_word("xf64 f64x _f64", "f64"));
        let heads = path_heads("use std::{fs, io::{Read, net}, time :: Instant}; a::std::thread; my_std::net", "std");
        assert_eq!(heads, ["fs", "io", "time", "thread"]);
    }
}
