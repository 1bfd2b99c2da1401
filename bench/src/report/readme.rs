//! The README's table of numbers, between two markers.
//!
//! Goal: nobody types a number; the block is what a kept run says, ratios first. Non-goal: choosing figures; they are those of the short screen.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::glance::glances;
use crate::error::BenchError;
use crate::run::Run;

/// Where the numbers begin.
pub const BEGIN: &str = "<!-- numbers: made by `scripts/numbers`, do not edit -->";
/// Where they end.
pub const END: &str = "<!-- end of numbers -->";
/// Figures in a row.
const FIGURES_MAX: usize = 4;
/// What tells one host from another.
const FACTS: [&str; 11] =
    ["date", "commit", "cpu", "cores", "isolation", "governor", "huge pages", "kernel", "clock", "load", "steal"];

/// Puts a run's numbers between the markers of a page.
///
/// # Errors
/// The page cannot be read or written, or has no markers.
pub fn rewrite(path: &Path, run: &Run) -> Result<(), BenchError> {
    let file = |source| BenchError::File { path: path.to_owned(), source };
    let page = fs::read_to_string(path).map_err(file)?;
    let markers = || BenchError::NoMarkers { path: path.to_owned(), begin: BEGIN, end: END };
    let page = replaced(&page, &block(run)).ok_or_else(markers)?;
    fs::write(path, page).map_err(file)
}

/// The page with another block.
fn replaced(page: &str, block: &str) -> Option<String> {
    let (before, rest) = page.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{block}{END}{after}"))
}

/// The numbers of a run.
#[must_use]
pub fn block(run: &Run) -> String {
    let mut text = String::from("\n| one canonical run | |\n|---|---|\n");
    // Writing into a String does not fail, here and below.
    for name in FACTS {
        let value = run.host.get(name).map_or("not told", String::as_str);
        let _ = writeln!(text, "| {name} | {value} |");
    }
    if run.smoke {
        let _ = writeln!(text, "\n**Smoke sizes: the figures mean nothing.**");
    }
    if !run.warnings.is_empty() {
        let _ = writeln!(
            text,
            "\n**Absolute figures of this machine mean little; ratios within one run hold.** Because:\n"
        );
        for warning in &run.warnings {
            let _ = writeln!(text, "- {warning}");
        }
    }
    table(&mut text, run, "ratios", true);
    table(&mut text, run, "figures", false);
    text.push('\n');
    text
}

/// One row a subject that has any: its ratios, or its other figures.
fn table(text: &mut String, run: &Run, head: &str, ratios: bool) {
    let _ = writeln!(text, "\n| | {head} |\n|---|---|");
    for (suite, _) in &run.sections.0 {
        for glance in glances(run, suite) {
            let mut said = if ratios { glance.ratios } else { glance.figures };
            if !glance.together {
                said.truncate(FIGURES_MAX);
            }
            if !said.is_empty() {
                let _ = writeln!(text, "| {suite}: {} | {} |", glance.subject, said.join(", "));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_between_the_markers_is_replaced_and_nothing_else() {
        let page = format!("a\n{BEGIN}\nold\n{END}\nb\n");
        let once = replaced(&page, "new\n").expect("both markers");
        assert_eq!(once, format!("a\n{BEGIN}\nnew\n{END}\nb\n"));
        assert_eq!(replaced(&once, "new\n"), Some(once));
        assert_eq!(replaced("a", "new"), None);
        assert_eq!(replaced(&format!("{END}{BEGIN}"), "new"), None);
    }

    /// The README of this project holds what the kept run says.
    #[test]
    fn the_readme_is_what_the_kept_run_says() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
        let run = Run::read(&root.join("docs/benchmarks/canonical.json")).expect("the kept run");
        assert!(!run.smoke && run.host.get("build").is_some_and(|build| build.contains("release")));
        let page = fs::read_to_string(root.join("README.md")).expect("the README");
        let fresh = replaced(&page, &block(&run)).expect("both markers");
        assert!(fresh == page, "README.md differs from docs/benchmarks/canonical.json: run 'scripts/numbers --again'");
    }
}
