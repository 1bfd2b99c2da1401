//! Bars from left to right, a name before each: throughput by scenario, time by stage.
//!
//! Lying bars leave room for names of any length, where standing ones would make them overlap.

use super::axis::{Ticked, linear, round_ns, round_rate};
use super::{Area, Drawn, GRID, INK, colour, real, text};
use crate::figure::Series;
use crate::report::shown::{duration, rate};
use plotters::chart::ChartBuilder;
use plotters::element::{Rectangle, Text};
use plotters::style::Color;
use plotters::style::text_anchor::{HPos, Pos, VPos};

const BAR_HEIGHT: u32 = 20;
const GAP_HEIGHT: u32 = 14;
const AXIS_HEIGHT: u32 = 50;
/// Of the axis, left for the value behind the longest bar.
const ROOM_BEHIND: f64 = 1.12;

/// The names along the bars, in the order of their numbers.
fn groups(lines: &[&Series]) -> Vec<(u64, String)> {
    let mut groups: Vec<(u64, String)> = Vec::new();
    for line in lines {
        for (at, (x, _)) in line.points.iter().enumerate() {
            if !groups.iter().any(|(known, _)| known == x) {
                groups.push((*x, line.labels.get(at).cloned().unwrap_or_else(|| x.to_string())));
            }
        }
    }
    groups.sort_by_key(|(x, _)| *x);
    groups
}

/// The height of the bars' part of a sheet.
pub fn height(lines: &[&Series]) -> u32 {
    let count = |len: usize| u32::try_from(len).unwrap_or(1);
    count(groups(lines).len()) * (count(lines.len()) * BAR_HEIGHT + GAP_HEIGHT) + AXIS_HEIGHT
}

/// Draws them: rates or durations.
pub fn bars(area: &Area<'_>, lines: &[&Series], are_rates: bool) -> Drawn {
    let groups = groups(lines);
    let ticks = linear(lines.iter().flat_map(|line| &line.points).map(|(_, y)| *y).max().unwrap_or(0));
    let places: Vec<f64> = ticks.iter().map(|tick| real(*tick)).collect();
    let longest = places[places.len() - 1] * ROOM_BEHIND;
    let count = real(groups.len() as u64);
    // The first group is at the top.
    let middle = |at: usize| count - real(at as u64) - 0.5;
    let middles: Vec<f64> = (0..groups.len()).map(middle).collect();
    let name = |place: &f64| {
        let at = middles.iter().position(|middle| (middle - place).abs() < 0.25);
        at.map_or(String::new(), |at| groups[at].1.clone())
    };
    let value = |place: &f64| {
        let nearest = ticks.iter().min_by(|a, b| (real(**a) - place).abs().total_cmp(&(real(**b) - place).abs()));
        let tick = nearest.copied().unwrap_or(0);
        if are_rates { round_rate(tick) } else { round_ns(tick) }
    };
    let mut chart = ChartBuilder::on(area)
        .margin_right(20)
        .x_label_area_size(30)
        .y_label_area_size(190)
        .build_cartesian_2d(Ticked::new((0.0, longest), places.clone()), Ticked::new((0.0, count), middles.clone()))?;
    chart
        .configure_mesh()
        .disable_y_mesh()
        .max_light_lines(0)
        .bold_line_style(GRID)
        .axis_style(INK)
        .x_labels(places.len())
        .y_labels(groups.len())
        .x_label_formatter(&value)
        .y_label_formatter(&name)
        .label_style(text(13))
        .draw()?;
    let bar = f64::from(BAR_HEIGHT);
    let group = bar * real(lines.len() as u64) + f64::from(GAP_HEIGHT);
    let style = text(12).pos(Pos::new(HPos::Left, VPos::Center));
    for (of, line) in lines.iter().enumerate() {
        let above = (bar * (real(lines.len() as u64) / 2.0 - real(of as u64))) / group;
        for (x, y) in &line.points {
            let Some(at) = groups.iter().position(|(known, _)| known == x) else { continue };
            let (top, bottom) = (middle(at) + above, middle(at) + above - (bar - 3.0) / group);
            let end = real(*y);
            chart.draw_series([Rectangle::new([(0.0, top), (end, bottom)], colour(of).filled())])?;
            let said = if are_rates { rate(*y) } else { duration(*y) };
            let place = (end + longest * 0.006, f64::midpoint(top, bottom));
            chart.draw_series([Text::new(said, place, style.clone())])?;
        }
    }
    Ok(())
}
