//! Text as JSON wants it.
//!
//! Goal: the few objects that the tools print need no serialiser. Non-goal: reading JSON.

use std::fmt::{self, Write};

/// A text that prints as a JSON string, quotes included.
#[derive(Clone, Copy, Debug)]
pub struct Text<'a>(pub &'a str);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for symbol in self.0.chars() {
            match symbol {
                '"' => f.write_str("\\\"")?,
                '\\' => f.write_str("\\\\")?,
                '\n' => f.write_str("\\n")?,
                '\t' => f.write_str("\\t")?,
                control if u32::from(control) < 0x20 => write!(f, "\\u{:04x}", u32::from(control))?,
                plain => f.write_char(plain)?,
            }
        }
        f.write_char('"')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_control_characters_are_escaped() {
        assert_eq!(Text("a\"b\\c\n\u{1}é→").to_string(), "\"a\\\"b\\\\c\\n\\u0001é→\"");
    }
}
