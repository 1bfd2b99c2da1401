//! Fields as a JSON object.

use super::{Fields, Hex, Value};
use crate::json::Text;
use std::io::{self, Write};

/// One object on one line. Prices are decimal numbers in quotes, so that no reader makes floats of them.
pub struct JsonLine<'a, W> {
    out: &'a mut W,
    /// Whether a comma belongs before the next field.
    more: bool,
}

impl<'a, W: Write> JsonLine<'a, W> {
    /// Opens the object.
    ///
    /// # Errors
    /// `out` refuses.
    pub fn begin(out: &'a mut W) -> io::Result<Self> {
        out.write_all(b"{")?;
        Ok(Self { out, more: false })
    }

    /// Closes the object, and the line.
    ///
    /// # Errors
    /// `out` refuses.
    pub fn finish(self) -> io::Result<()> {
        self.out.write_all(b"}\n")
    }

    fn name(&mut self, name: &str) -> io::Result<()> {
        let comma = if std::mem::replace(&mut self.more, true) { "," } else { "" };
        write!(self.out, "{comma}\"{name}\":")
    }
}

impl<W: Write> Fields for JsonLine<'_, W> {
    fn field(&mut self, name: &str, value: Value<'_>) -> io::Result<()> {
        self.name(name)?;
        match value {
            Value::Number(value) => write!(self.out, "{value}"),
            Value::Hash(value) => write!(self.out, "\"{value:016x}\""),
            Value::Word(value) => write!(self.out, "{}", Text(&format!("{value:?}"))),
            Value::Price(Some(value)) => write!(self.out, "\"{value}\""),
            Value::Price(None) => write!(self.out, "\"market\""),
            Value::Shown(value) => write!(self.out, "{}", Text(&value.to_string())),
            Value::Text(text) => write!(self.out, "{}", Text(text)),
            Value::Hex(bytes) => write!(self.out, "\"{}\"", Hex(bytes)),
        }
    }

    fn begin(&mut self, name: &str, kind: Option<&str>) -> io::Result<()> {
        self.name(name)?;
        match kind {
            Some(kind) => write!(self.out, "{{\"type\":\"{kind}\""),
            None => write!(self.out, "{{\"type\":null"),
        }
    }

    fn end(&mut self) -> io::Result<()> {
        self.out.write_all(b"}")
    }
}
