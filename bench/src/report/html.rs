//! A run as one page that stands alone: no script, no font, no picture from elsewhere.
//!
//! Goal: what the page says first is where it was measured and why that may mean little; plots, then tables with ratios first, and under the
//! figures what they leave out. Non-goal: interaction.

use std::fmt::{self, Write as _};

use super::plot::{Drawing, drawings};
use super::screen::{excludes, ratios_first};
use super::shown::{Shown, short};
use crate::error::BenchError;
use crate::ordered::Facts;
use crate::run::{Kept, Run};

const STYLE: &str = "\
body{font:15px/1.45 sans-serif;color:#222;background:#fff;max-width:1000px;margin:24px auto;padding:0 16px}
h1{font-size:26px;margin:0 0 12px}h2{font-size:20px;margin:36px 0 8px;border-bottom:1px solid #ccc}
table{border-collapse:collapse;margin:10px 0 4px;font-variant-numeric:tabular-nums}
th,td{padding:3px 10px;border-bottom:1px solid #e4e4e4;text-align:right;vertical-align:top}
th{background:#f4f4f4;font-weight:600}th:first-child,td:first-child{text-align:left}
table.facts td{text-align:left}td.ratio{font-weight:600}
tr.without td{text-align:left;color:#666;font-size:13px;border-bottom:2px solid #ccc}
.wide{overflow-x:auto}.warning{border:2px solid #d55e00;background:#fff4ec;padding:8px 14px;margin:14px 0}
figure{margin:16px 0}figcaption{color:#666;font-size:13px}svg{max-width:100%;height:auto}
ul{margin:4px 0}";

/// The page.
///
/// # Errors
/// A plot cannot be drawn.
pub fn page(run: &Run) -> Result<String, BenchError> {
    let drawings = drawings(run)?;
    let mut page = String::new();
    // Writing into a String does not fail.
    let _ = write!(page, "{}", Page { run, drawings: &drawings });
    Ok(page)
}

struct Page<'a> {
    run: &'a Run,
    drawings: &'a [Drawing],
}

impl fmt::Display for Page<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { run, drawings } = self;
        writeln!(
            f,
            "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Pinion: measured</title>"
        )?;
        writeln!(f, "<style>{STYLE}</style></head><body>\n<h1>Pinion: measured</h1>")?;
        if run.smoke {
            writeln!(f, "<p class=\"warning\">Smoke sizes: the figures mean nothing.</p>")?;
        }
        if !run.warnings.is_empty() {
            writeln!(
                f,
                "<div class=\"warning\"><b>Absolute figures of this machine mean little</b>; ratios within one run hold.<ul>"
            )?;
            run.warnings.iter().try_for_each(|warning| writeln!(f, "<li>{}</li>", Escaped(warning)))?;
            writeln!(f, "</ul></div>")?;
        }
        facts(f, &run.host)?;
        if run.rounds > 1 {
            writeln!(f, "<p>Each figure is the middle one of {} rounds.</p>", run.rounds)?;
        }
        for (suite, told) in &run.sections.0 {
            writeln!(f, "<h2>{}</h2>", Escaped(suite))?;
            facts(f, told)?;
            for Drawing { svg, title, caption, .. } in drawings.iter().filter(|drawing| drawing.suite == *suite) {
                writeln!(f, "<figure role=\"img\" aria-label=\"{}\">{svg}", Escaped(title))?;
                writeln!(f, "<figcaption>{}</figcaption></figure>", Escaped(caption))?;
            }
            let rows: Vec<(&str, Vec<&Kept>)> =
                run.rows(suite).into_iter().map(|(subject, figures)| (subject, ratios_first(&figures))).collect();
            // Neighbours with the same figures share a table.
            for table in rows
                .chunk_by(|(_, a), (_, b)| a.iter().map(|figure| &figure.name).eq(b.iter().map(|figure| &figure.name)))
            {
                self::table(f, table)?;
            }
        }
        writeln!(f, "<p>How each figure is taken: docs/benchmarks.md.</p>\n</body></html>")
    }
}

fn facts(f: &mut fmt::Formatter<'_>, facts: &Facts) -> fmt::Result {
    writeln!(f, "<table class=\"facts\">")?;
    for (name, value) in &facts.0 {
        writeln!(f, "<tr><td>{}</td><td>{}</td></tr>", Escaped(name), Escaped(value))?;
    }
    writeln!(f, "</table>")
}

fn table(f: &mut fmt::Formatter<'_>, rows: &[(&str, Vec<&Kept>)]) -> fmt::Result {
    let Some((_, first)) = rows.first() else { return Ok(()) };
    write!(f, "<div class=\"wide\"><table><tr><th></th>")?;
    first.iter().try_for_each(|figure| write!(f, "<th>{}</th>", Escaped(&short(&figure.name))))?;
    writeln!(f, "</tr>")?;
    for (number, (subject, figures)) in rows.iter().enumerate() {
        write!(f, "<tr><td>{}</td>", Escaped(subject))?;
        for figure in figures {
            let class = if figure.unit == crate::figure::Unit::Thousandths { " class=\"ratio\"" } else { "" };
            write!(f, "<td{class}>{}</td>", Shown::of(figure))?;
        }
        writeln!(f, "</tr>")?;
        let said = excludes(figures);
        if rows.get(number + 1).is_none_or(|(_, next)| excludes(next) != said) {
            let columns = first.len() + 1;
            writeln!(f, "<tr class=\"without\"><td colspan=\"{columns}\">without {}</td></tr>", Escaped(&said))?;
        }
    }
    writeln!(f, "</table></div>")
}

/// Text that is no mark-up.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for symbol in self.0.chars() {
            match symbol {
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '&' => f.write_str("&amp;")?,
                '"' => f.write_str("&quot;")?,
                plain => f.write_char(plain)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::{Figure, Plot, Row, Section, Series};

    #[test]
    fn the_page_says_where_how_and_without_what() {
        let row = |name: &'static str, excludes| Row {
            name: name.into(),
            figures: vec![Figure::ns("p50_ns", 1_234), Figure::ratio("floor_ratio", 3, 2)],
            excludes,
        };
        let series = Series {
            plot: Plot::Budget,
            name: "p50".to_owned(),
            points: vec![(0, 5)],
            labels: vec!["match".to_owned()],
        };
        let rows = vec![row("a<b", "the wire"), row("c", "the disk")];
        let mut run = Run { warnings: vec!["a & b".to_owned()], ..Run::default() };
        run.add_round(&[Section { name: "s", facts: vec![("proof", "\"x\"".to_owned())], rows, series: vec![series] }]);
        let page = page(&run).expect("a page");
        for said in [
            "<li>a &amp; b</li>",
            "<td>&quot;x&quot;</td>",
            "<th></th><th>floor</th><th>p50</th>",
            "<td>a&lt;b</td><td class=\"ratio\">1.50×</td><td>1234 ns</td>",
            "without the wire",
            "without the disk",
            "aria-label=\"s: where the time goes\"><svg",
        ] {
            assert!(page.contains(said), "{said} in {page}");
        }
        assert!(!page.contains("<script") && !page.contains("src=") && !page.contains("href="), "{page}");
    }
}
