//! What a line looks like: text for people, JSON for programs.

use super::Note;
use crate::json::Text;
use crate::when::Rfc3339;
use engine::config::LogFormat;
use std::fmt::Write;

/// A value that a program may want by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Field {
    /// A number.
    Number(&'static str, u64),
    /// A text.
    Text(&'static str, String),
}

/// How lines are made.
#[derive(Debug)]
pub(super) struct Form {
    format: LogFormat,
    /// Whether text begins with time, level and kind.
    is_dated: bool,
    appliance: String,
}

impl Form {
    pub(super) fn new(format: LogFormat, is_dated: bool, appliance: &str) -> Self {
        Self { format, is_dated, appliance: appliance.to_owned() }
    }

    /// A whole line, with its end.
    pub(super) fn line(&self, note: &Note) -> String {
        let Note { time, kind, text, fields } = note;
        let (level, name) = (kind.level().name(), kind.name());
        // A name from outside must not begin a line of its own, nor speak to a terminal.
        let text: String = text.chars().map(|symbol| if symbol.is_control() { ' ' } else { symbol }).collect();
        let mut line = String::with_capacity(text.len() + 128);
        // Writing to a string cannot fail.
        let _ = match (self.format, self.is_dated) {
            (LogFormat::Text, false) => writeln!(line, "{text}"),
            (LogFormat::Text, true) => writeln!(line, "{} {level} {name}: {text}", Rfc3339(*time)),
            (LogFormat::Json, _) => {
                let _ = write!(
                    line,
                    "{{\"time\":\"{}\",\"level\":\"{level}\",\"kind\":\"{name}\",\"appliance\":{},\"text\":{}",
                    Rfc3339(*time),
                    Text(&self.appliance),
                    Text(&text)
                );
                for field in fields {
                    let _ = match field {
                        Field::Number(name, number) => write!(line, ",\"{name}\":{number}"),
                        Field::Text(name, text) => write!(line, ",\"{name}\":{}", Text(text)),
                    };
                }
                writeln!(line, "}}")
            }
        };
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::log::Kind;
    use wire::Nanos;

    #[test]
    fn a_line_in_every_form() {
        let note = Note {
            time: Nanos(1_500_000_000_000_000_001),
            kind: Kind::DiskLow,
            text: "two\nlines \"quoted\"".to_owned(),
            fields: vec![Field::Number("free_bytes", 7), Field::Text("of", "x".to_owned())],
        };
        let line = |format, is_dated| Form::new(format, is_dated, "pinion").line(&note);
        assert_eq!(line(LogFormat::Text, false), "two lines \"quoted\"\n");
        let dated = line(LogFormat::Text, true);
        assert!(
            dated.starts_with("2017-07-14T02:40:00") && dated.ends_with("Z error disk_low: two lines \"quoted\"\n")
        );
        let json = line(LogFormat::Json, true);
        assert!(json.contains("\"level\":\"error\",\"kind\":\"disk_low\",\"appliance\":\"pinion\""), "{json}");
        assert!(json.ends_with("\"text\":\"two lines \\\"quoted\\\"\",\"free_bytes\":7,\"of\":\"x\"}\n"), "{json}");
    }
}
