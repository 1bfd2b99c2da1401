//! A run's lines as drawings: SVG text that stands alone.
//!
//! Goal: plots that can be read without the program, on a page or in the README; axes that say their units; nothing that depends on fonts
//! or a network. Non-goal: interaction.

mod axis;
mod bars;
mod curves;

use std::error::Error;
use std::fs;
use std::path::Path;

use crate::error::BenchError;
use crate::figure::{Plot, Series};
use crate::run::Run;
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, IntoDrawingArea};
use plotters::element::Rectangle;
use plotters::prelude::SVGBackend;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontStyle, IntoFont, RGBColor, TextStyle, WHITE};

const WIDTH: u32 = 900;
const TITLE_HEIGHT: u32 = 34;
const LEGEND_ROW_HEIGHT: u32 = 20;
/// Letters of a name that fit half the width.
const LEGEND_LETTERS: usize = 56;
const LEGEND_INDENT: i32 = 80;
const MARGIN: u32 = 12;

const INK: RGBColor = RGBColor(0x22, 0x22, 0x22);
const GRID: RGBColor = RGBColor(0xDD, 0xDD, 0xDD);
/// Told apart by the colour-blind, too (Okabe and Ito).
const COLOURS: [RGBColor; 7] = [
    RGBColor(0x00, 0x72, 0xB2),
    RGBColor(0xD5, 0x5E, 0x00),
    RGBColor(0x00, 0x9E, 0x73),
    RGBColor(0xCC, 0x79, 0xA7),
    RGBColor(0xE6, 0x9F, 0x00),
    RGBColor(0x56, 0xB4, 0xE9),
    RGBColor(0x55, 0x55, 0x55),
];

/// One finished plot.
#[derive(Clone, Debug)]
pub struct Drawing {
    /// Whose lines.
    pub suite: String,
    /// A name for a file, without its ending.
    pub name: String,
    /// What it shows.
    pub title: String,
    /// How it is to be read.
    pub caption: &'static str,
    /// The drawing.
    pub svg: String,
}

pub use curves::knee;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn = Result<(), Box<dyn Error>>;

/// Draws all lines of a run: those of one suite and kind together.
///
/// # Errors
/// The plotter fails.
pub fn drawings(run: &Run) -> Result<Vec<Drawing>, BenchError> {
    let mut plots: Vec<(&str, Plot, Vec<Series>)> = Vec::new();
    for line in run.series.iter().filter(|line| !line.series.points.is_empty()) {
        let (suite, plot, mut series) = (line.suite.as_str(), line.series.plot, line.series.clone());
        if series.labels.is_empty() {
            // A sweep keeps its points in the order in which they were tried.
            series.points.sort_unstable();
        }
        match plots.iter_mut().find(|(known, kind, _)| (*known, *kind) == (suite, plot)) {
            Some((_, _, lines)) => lines.push(series),
            None => plots.push((suite, plot, vec![series])),
        }
    }
    plots.iter().map(|(suite, plot, lines)| draw(suite, *plot, &lines.iter().collect::<Vec<_>>())).collect()
}

/// Writes the drawings into a folder, a file each.
///
/// # Errors
/// The folder refuses, or the plotter fails.
pub fn write(run: &Run, dir: &Path) -> Result<(), BenchError> {
    fs::create_dir_all(dir).map_err(|source| BenchError::File { path: dir.to_owned(), source })?;
    for drawing in drawings(run)? {
        let path = dir.join(format!("{}.svg", drawing.name));
        fs::write(&path, drawing.svg).map_err(|source| BenchError::File { path, source })?;
    }
    Ok(())
}

fn draw(suite: &str, plot: Plot, lines: &[&Series]) -> Result<Drawing, BenchError> {
    let (what, caption) = match plot {
        Plot::Percentiles => (
            "latency by percentile",
            "Both axes are logarithmic; each step to the right has ten times fewer messages beyond it. The last point is the slowest \
             message of all.",
        ),
        Plot::Rates => (
            "p99 latency against offered rate",
            "Both axes are logarithmic. A ring marks the knee: the first rate from which on p99 is over ten times that of the lowest \
             rate.",
        ),
        Plot::Throughput => ("throughput", "Longer is faster."),
        Plot::Budget => ("where the time goes", "Stages in the order of a message's way; shorter is faster."),
    };
    let title = format!("{suite}: {what}");
    let mut svg = String::new();
    let drawn = match plot {
        Plot::Percentiles => {
            on_sheet(&mut svg, &title, curves::HEIGHT, &names(lines), &|area| curves::percentiles(area, lines))
        }
        Plot::Rates => {
            on_sheet(&mut svg, &title, curves::HEIGHT, &with_knees(lines), &|area| curves::rates(area, lines))
        }
        Plot::Throughput | Plot::Budget => on_sheet(&mut svg, &title, bars::height(lines), &names(lines), &|area| {
            bars::bars(area, lines, plot == Plot::Throughput)
        }),
    };
    drawn.map_err(|error| BenchError::Plot { plot: title.clone(), reason: error.to_string() })?;
    let kind = match plot {
        Plot::Percentiles => "percentiles",
        Plot::Rates => "rates",
        Plot::Throughput => "throughput",
        Plot::Budget => "budget",
    };
    let plain = |symbol: char| if symbol.is_ascii_alphanumeric() { symbol.to_ascii_lowercase() } else { '-' };
    let name = format!("{}-{kind}", suite.chars().map(plain).collect::<String>());
    Ok(Drawing { suite: suite.to_owned(), name, title, caption, svg })
}

fn names(lines: &[&Series]) -> Vec<String> {
    lines.iter().map(|line| line.name.clone()).collect()
}

fn with_knees(lines: &[&Series]) -> Vec<String> {
    lines.iter().map(|line| format!("{}, {}", line.name, knee(line))).collect()
}

/// A white sheet with a title above and a legend below what `draw` draws.
fn on_sheet(svg: &mut String, title: &str, height: u32, legend: &[String], draw: &dyn Fn(&Area<'_>) -> Drawn) -> Drawn {
    let columns = if legend.iter().any(|name| name.chars().count() > LEGEND_LETTERS) { 1 } else { 2 };
    let rows = u32::try_from(legend.len().div_ceil(columns))?;
    let sheet = SVGBackend::with_string(svg, (WIDTH, TITLE_HEIGHT + height + rows * LEGEND_ROW_HEIGHT + MARGIN));
    let sheet = sheet.into_drawing_area();
    sheet.fill(&WHITE)?;
    let (head, rest) = sheet.split_vertically(TITLE_HEIGHT);
    let bold = TextStyle::from(("sans-serif", 17).into_font().style(FontStyle::Bold)).color(&INK);
    head.draw_text(title, &bold, (14, 10))?;
    let (body, foot) = rest.split_vertically(height);
    draw(&body)?;
    let column_width = (i32::try_from(WIDTH)? - LEGEND_INDENT) / i32::try_from(columns)?;
    let style = text(13).pos(Pos::new(HPos::Left, VPos::Center));
    for (at, name) in legend.iter().enumerate() {
        let x = LEGEND_INDENT + i32::try_from(at % columns)? * column_width;
        let y = i32::try_from(at / columns)? * i32::try_from(LEGEND_ROW_HEIGHT)? + 10;
        let swatch = if at < COLOURS.len() { colour(at).filled() } else { colour(at).stroke_width(2) };
        foot.draw(&Rectangle::new([(x, y - 5), (x + 18, y + 5)], swatch))?;
        foot.draw_text(name, &style, (x + 26, y))?;
    }
    drop((head, body, foot, rest));
    sheet.present()?;
    Ok(())
}

/// The colour of a line; beyond the seventh they come again, dashed.
const fn colour(at: usize) -> RGBColor {
    COLOURS[at % COLOURS.len()]
}

fn text(size: u32) -> TextStyle<'static> {
    TextStyle::from(("sans-serif", size).into_font()).color(&INK)
}

/// For a place on a sheet.
#[allow(clippy::cast_precision_loss, reason = "a line is thicker than what is lost")]
const fn real(value: u64) -> f64 {
    value as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::Line;

    fn line(plot: Plot, name: &str, points: &[(u64, u64)], labels: &[&str]) -> Line {
        let labels = labels.iter().map(|label| (*label).to_owned()).collect();
        Line::new("wire".to_owned(), Series { plot, name: name.to_owned(), points: points.to_vec(), labels })
    }

    fn svg(lines: Vec<Line>) -> String {
        let run = Run { series: lines, ..Run::default() };
        let mut drawn = drawings(&run).expect("drawn");
        assert_eq!(drawn.len(), 1);
        drawn.remove(0).svg
    }

    #[test]
    fn percentiles_reach_the_slowest_message() {
        let points = [(50_000, 1_200), (90_000, 1_500), (99_000, 3_000), (99_900, 9_000), (100_000, 2_000_000)];
        let svg = svg(vec![line(Plot::Percentiles, "uring <a>", &points, &[])]);
        for said in ["99.9%", "max", "1 µs", "uring &lt;a&gt;", "wire: latency by percentile"] {
            assert!(svg.contains(said), "{said} in {svg}");
        }
        assert!(svg.matches("<polyline").count() >= 1, "{svg}");
    }

    #[test]
    fn the_knee_is_marked_where_it_is() {
        let points = [(10_000, 20_000), (100_000, 25_000), (200_000, 300_000), (400_000, 9_000_000)];
        let found = svg(vec![line(Plot::Rates, "uring", &points, &[]), line(Plot::Rates, "flat", &points[..2], &[])]);
        assert!(
            found.contains("uring, knee between 100 k/s and 200 k/s") && found.contains("flat, no knee up to 100 k/s"),
            "{found}"
        );
        assert!(found.contains("<circle"), "{found}");
    }

    #[test]
    fn bars_bear_their_names_and_values() {
        let points = [(0, 5_000_000), (1, 4_000_000)];
        let svg = svg(vec![line(Plot::Throughput, "core", &points, &["static", "flash-crash"])]);
        for said in ["static", "flash-crash", "5.00 M/s", "4.00 M/s"] {
            assert!(svg.contains(said), "{said} in {svg}");
        }
    }

    #[test]
    fn strange_points_are_drawn_without_a_panic() {
        for plot in [Plot::Percentiles, Plot::Rates, Plot::Throughput, Plot::Budget] {
            for points in [&[(0, 0)][..], &[(0, 0), (u64::MAX, u64::MAX)], &[(100_000, 1)], &[(7, 7), (7, 7)]] {
                assert!(svg(vec![line(plot, "x", points, &[])]).ends_with("</svg>\n"), "{plot:?} {points:?}");
            }
            assert!(
                drawings(&Run { series: vec![line(plot, "none", &[], &[])], ..Run::default() })
                    .expect("drawn")
                    .is_empty()
            );
        }
    }
}
