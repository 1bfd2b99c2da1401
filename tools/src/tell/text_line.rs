//! Fields as words: `name=value name=value`.

use super::{Fields, Hex, Value};
use crate::json::Text;
use std::io::{self, Write};

/// One line for people. What is empty is left out; what somebody wrote is in quotes where it has blanks or worse in it.
pub struct TextLine<'a, W> {
    out: &'a mut W,
}

impl<'a, W: Write> TextLine<'a, W> {
    /// Goes on behind what `out` has already; each word is led by a blank. The caller ends the line.
    pub const fn new(out: &'a mut W) -> Self {
        Self { out }
    }
}

impl<W: Write> Fields for TextLine<'_, W> {
    fn field(&mut self, name: &str, value: Value<'_>) -> io::Result<()> {
        match value {
            Value::Number(value) => write!(self.out, " {name}={value}"),
            Value::Hash(value) => write!(self.out, " {name}={value:016x}"),
            Value::Word(value) => write!(self.out, " {name}={value:?}"),
            Value::Price(Some(value)) => write!(self.out, " {name}={value}"),
            Value::Price(None) => write!(self.out, " {name}=market"),
            Value::Shown(value) => write!(self.out, " {name}={value}"),
            Value::Text("") | Value::Hex([]) => Ok(()),
            Value::Text(text) if text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"') => {
                write!(self.out, " {name}={text}")
            }
            Value::Text(text) => write!(self.out, " {name}={}", Text(text)),
            Value::Hex(bytes) => write!(self.out, " {name}={}", Hex(bytes)),
        }
    }

    fn begin(&mut self, _name: &str, kind: Option<&str>) -> io::Result<()> {
        write!(self.out, " {}", kind.unwrap_or("malformed"))
    }

    fn end(&mut self) -> io::Result<()> {
        Ok(())
    }
}
