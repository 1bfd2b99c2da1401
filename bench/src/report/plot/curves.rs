//! Lines over two logarithmic axes: latency by percentile, and latency against offered rate.

use super::axis::{LogAxis, Ticked, log, round_ns, round_rate};
use super::{Area, COLOURS, Drawn, GRID, INK, colour, real, text};
use crate::figure::Series;
use crate::load::knee::{self, Knee};
use crate::report::shown::rate;
use plotters::chart::ChartBuilder;
use plotters::element::{Circle, PathElement};
use plotters::series::{DashedLineSeries, LineSeries};
use plotters::style::Color;

/// The height of the lines' part of a sheet.
pub const HEIGHT: u32 = 380;

/// A percentile of all, in thousandths of a percent: the slowest message.
const ALL: u64 = 100_000;
/// How far right of the last percentile the slowest message is drawn, in decades.
const TO_THE_SLOWEST: f64 = 0.6;

/// What an axis is called and how its places are.
struct Axis<'a> {
    name: &'a str,
    range: (f64, f64),
    places: Vec<f64>,
    label: &'a dyn Fn(&f64) -> String,
}

/// Latency by percentile, over the number of messages of which one is slower.
pub fn percentiles(area: &Area<'_>, lines: &[&Series]) -> Drawn {
    let points = || lines.iter().flat_map(|line| &line.points);
    let decades = points().filter(|(x, _)| *x < ALL).map(|(x, _)| rarity(*x)).fold(0.0, f64::max).ceil().max(1.0);
    let slowest = decades + TO_THE_SLOWEST;
    let has_slowest = points().any(|(x, _)| *x >= ALL);
    let place = |x: u64| if x >= ALL { slowest } else { rarity(x) };
    let mut places: Vec<f64> = (0..).map(f64::from).take_while(|decade| *decade <= decades).collect();
    if has_slowest {
        places.push(slowest);
    }
    let label = |place: &f64| {
        const NAMES: [&str; 6] = ["0%", "90%", "99%", "99.9%", "99.99%", "99.999%"];
        let is_at = |at: usize| u32::try_from(at).is_ok_and(|at| (f64::from(at) - place).abs() < 0.01);
        (0..NAMES.len()).find(|at| is_at(*at)).map_or("max", |at| NAMES[at]).to_owned()
    };
    let x =
        Axis { name: "percentile", range: (0.0, if has_slowest { slowest } else { decades }), places, label: &label };
    draw(area, lines, &x, &place, None)
}

/// Latency against offered rate, with the knees.
pub fn rates(area: &Area<'_>, lines: &[&Series]) -> Drawn {
    let axis = LogAxis::over(lines.iter().flat_map(|line| &line.points).map(|(x, _)| *x));
    let label = |place: &f64| round_rate(axis.at(*place));
    let x = Axis { name: "offered rate", range: axis.range, places: axis.places(), label: &label };
    draw(area, lines, &x, &log, Some(&passed))
}

/// The knee of a line of rates, in words.
#[must_use]
pub fn knee(line: &Series) -> String {
    match knee::knee(&line.points) {
        Knee::Between { held_per_s, passed_per_s } => {
            format!("knee between {} and {}", rate(held_per_s), rate(passed_per_s))
        }
        Knee::Above { held_per_s } => format!("no knee up to {}", rate(held_per_s)),
        Knee::Unknown => "no knee known".to_owned(),
    }
}

/// The first point beyond the knee.
fn passed(line: &Series) -> Option<(u64, u64)> {
    let Knee::Between { passed_per_s, .. } = knee::knee(&line.points) else { return None };
    line.points.iter().copied().find(|(rate, _)| *rate == passed_per_s)
}

/// How many decades of messages are faster: p90 is 1, p99 is 2.
fn rarity(thousandths_of_a_percent: u64) -> f64 {
    (real(ALL) / real((ALL - thousandths_of_a_percent.min(ALL - 1)).max(1))).log10()
}

type Mark<'a> = Option<&'a dyn Fn(&Series) -> Option<(u64, u64)>>;

fn draw(area: &Area<'_>, lines: &[&Series], x: &Axis<'_>, place: &dyn Fn(u64) -> f64, mark: Mark<'_>) -> Drawn {
    let y = LogAxis::over(lines.iter().flat_map(|line| &line.points).map(|(_, y)| *y));
    let mut chart = ChartBuilder::on(area)
        .margin_left(8)
        .margin_right(30)
        .margin_top(10)
        .x_label_area_size(48)
        .y_label_area_size(76)
        .build_cartesian_2d(Ticked::new(x.range, x.places.clone()), Ticked::new(y.range, y.places()))?;
    chart
        .configure_mesh()
        .max_light_lines(0)
        .bold_line_style(GRID)
        .axis_style(INK)
        .x_labels(x.places.len())
        .y_labels(y.ticks.len())
        .x_label_formatter(x.label)
        .y_label_formatter(&|place| round_ns(y.at(*place)))
        .x_desc(x.name)
        .y_desc("latency")
        .label_style(text(13))
        .axis_desc_style(text(13))
        .draw()?;
    for (at, line) in lines.iter().enumerate() {
        let points: Vec<(f64, f64)> = line.points.iter().map(|(x, y)| (place(*x), log(*y))).collect();
        let style = colour(at).stroke_width(2);
        if at < COLOURS.len() {
            chart.draw_series(LineSeries::new(points.iter().copied(), style))?;
        } else {
            // The second line of this colour.
            chart.draw_series(DashedLineSeries::new(points.iter().copied(), 6, 4, style))?;
        }
        chart.draw_series(points.iter().map(|point| Circle::new(*point, 3, colour(at).filled())))?;
        if let Some((rate, ns)) = mark.and_then(|mark| mark(line)) {
            let knee = (place(rate), log(ns));
            let down = PathElement::new(vec![knee, (knee.0, y.range.0)], colour(at).mix(0.6).stroke_width(1));
            chart.draw_series([down])?;
            chart.draw_series([Circle::new(knee, 8, colour(at).stroke_width(2))])?;
        }
    }
    Ok(())
}
