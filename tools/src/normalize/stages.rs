//! How long each stage takes: receive, normalise, distribute.
//!
//! Goal: three histograms over whatever came in at once (a datagram, a message of a file). Non-goal: the network before and behind.
//!
//! ```text
//!  arrival ─ receive ─► in hand ─ normalise ─► ticks ─ distribute ─► with port or file
//! ```
//!
//! Arrival is the network's own stamp where the port has one, else the moment at which the port was asked; for a recording it is
//! the moment at which the pace wants it, or without a pace the moment at which the file was asked.

use std::fmt::{self, Write as _};

use hdrhistogram::Histogram;

/// The three histograms, in nanoseconds.
#[derive(Clone, Debug)]
pub struct Stages {
    histograms: [Histogram<u64>; 3],
}

/// The stages by name, in order.
pub const STAGES: [&str; 3] = ["receive", "normalise", "distribute"];
const QUANTILES: [(&str, f64); 5] = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p999", 0.999), ("max", 1.0)];
/// What took longer counts as this long.
const LATENCY_NS_MAX: u64 = 3_600_000_000_000;

impl Stages {
    /// Nothing recorded.
    ///
    /// # Panics
    /// Never: the bounds are constants that the histogram takes.
    #[must_use]
    pub fn new() -> Self {
        let histogram = Histogram::new_with_bounds(1, LATENCY_NS_MAX, 3).expect("constants in bounds");
        Self { histograms: [histogram.clone(), histogram.clone(), histogram] }
    }

    /// Records one passage by the four moments that bound its stages, in nanoseconds of one clock.
    pub fn record(&mut self, moments_ns: [u64; 4]) {
        for (histogram, bounds) in self.histograms.iter_mut().zip(moments_ns.windows(2)) {
            if let [from, to] = bounds {
                histogram.saturating_record(to.saturating_sub(*from).max(1));
            }
        }
    }

    /// Passages recorded.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.histograms[0].len()
    }

    /// Whether nothing was recorded.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One JSON object a stage.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut json = String::from("{");
        for (name, histogram) in STAGES.iter().zip(&self.histograms) {
            // Writing into a String does not fail.
            let _ = write!(json, "{}\"{name}\":{{\"count\":{}", if json.len() > 1 { "," } else { "" }, histogram.len());
            for (quantile, at) in QUANTILES {
                let _ = write!(json, ",\"latency_ns_{quantile}\":{}", histogram.value_at_quantile(at));
            }
            json.push('}');
        }
        json.push('}');
        json
    }
}

impl Default for Stages {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for Stages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (name, histogram)) in STAGES.iter().zip(&self.histograms).enumerate() {
            write!(f, "{}{name:<13}", if at > 0 { "\n" } else { "" })?;
            for (quantile, at) in QUANTILES {
                write!(f, " {quantile} {} ns", histogram.value_at_quantile(at))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stage_lies_between_two_moments() {
        let mut stages = Stages::new();
        stages.record([1_000, 1_010, 1_110, 2_110]);
        // The network's clock may be ahead of ours.
        stages.record([1_000, 990, 990, 990]);
        let max: Vec<_> = stages.histograms.iter().map(Histogram::max).collect();
        assert_eq!((max, stages.len()), (vec![10, 100, 1_000], 2));
        assert!(
            stages.to_json().starts_with("{\"receive\":{\"count\":2,\"latency_ns_p50\":1,"),
            "{}",
            stages.to_json()
        );
        assert_eq!(stages.to_string().lines().count(), 3);
    }
}
