//! What a replay came to, as one screen or as JSON.

use std::fmt::{self, Write as _};

use super::{Tally, hex};
use crate::client::ClientCounters;
use hdrhistogram::Histogram;
use netio::PortCounters;
use wire::ouch::RejectReason;

/// The sum of a replay.
#[derive(Clone, Debug)]
pub struct ReplayOutcome {
    /// Recorded actions sent, one message each.
    pub messages: u64,
    /// From the login to the last answer, ns.
    pub elapsed_ns: u64,
    /// What came of them.
    pub tally: Tally,
    /// From the intended send time to the answer, ns.
    pub latency: Histogram<u64>,
    /// Reports in the report stream.
    pub reports: u64,
    /// SHA-256 of the report stream.
    pub sha256: [u8; 32],
    /// The session's counters.
    pub client: ClientCounters,
    /// The port's counters.
    pub port: PortCounters,
}

const QUANTILES: [(&str, f64); 5] = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p999", 0.999), ("max", 1.0)];

impl ReplayOutcome {
    /// Messages answered in a second.
    #[must_use]
    pub fn messages_per_s(&self) -> u64 {
        let rate = u128::from(self.messages) * 1_000_000_000 / u128::from(self.elapsed_ns.max(1));
        u64::try_from(rate).unwrap_or(u64::MAX)
    }

    /// The line that proves the report stream.
    #[must_use]
    pub fn proof(&self) -> String {
        format!("reports {} sha256 {}", self.reports, hex(&self.sha256))
    }

    /// One JSON object.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut json = String::from("{");
        let mut field = |name: &str, value: &dyn fmt::Display| {
            let comma = if json.len() > 1 { "," } else { "" };
            // Writing into a String does not fail.
            let _ = write!(json, "{comma}\"{name}\":{value}");
        };
        let tally = &self.tally;
        field("messages", &self.messages);
        field("elapsed_ns", &self.elapsed_ns);
        field("messages_per_s", &self.messages_per_s());
        for (name, quantile) in QUANTILES {
            field(&format!("ack_latency_ns_{name}"), &self.latency.value_at_quantile(quantile));
        }
        for (name, value) in [
            ("accepted", tally.accepted),
            ("replaced", tally.replaced),
            ("canceled", tally.canceled),
            ("cancels_refused", tally.cancels_refused),
            ("refused", tally.refusals()),
            ("expired", tally.expired),
            ("trades", tally.trades),
            ("foreign_trades", tally.foreign_trades),
            ("foreign_reports", tally.foreign_reports),
            ("makers_same", tally.makers_same),
            ("makers_other", tally.makers_other),
        ] {
            field(name, &value);
        }
        for (name, value) in self.client.iter() {
            field(&format!("client_{name}"), &value);
        }
        field("reports", &self.reports);
        field("sha256", &format!("\"{}\"", hex(&self.sha256)));
        json.push('}');
        json
    }
}

impl fmt::Display for ReplayOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tally, client, .. } = self;
        let elapsed_ms = self.elapsed_ns / 1_000_000;
        writeln!(f, "messages      {} in {elapsed_ms} ms, {} a second", self.messages, self.messages_per_s())?;
        write!(f, "ack latency  ")?;
        for (name, quantile) in QUANTILES {
            write!(f, " {name} {} µs", self.latency.value_at_quantile(quantile) / 1_000)?;
        }
        writeln!(f)?;
        writeln!(
            f,
            "orders        {} accepted, {} replaced, {} canceled, {} expired",
            tally.accepted, tally.replaced, tally.canceled, tally.expired
        )?;
        writeln!(f, "trades        {}", tally.trades)?;
        if tally.makers_same + tally.makers_other > 0 {
            writeln!(f, "executions    {} met the recorded order, {} another", tally.makers_same, tally.makers_other)?;
        }
        writeln!(f, "refused       {} cancels, {} orders and replaces", tally.cancels_refused, tally.refusals())?;
        for (reason, count) in &tally.refused {
            writeln!(f, "              {count} × {}", RejectReason(*reason))?;
        }
        if tally.foreign_trades + tally.foreign_reports > 0 {
            writeln!(f, "of others     {} trades, {} reports", tally.foreign_trades, tally.foreign_reports)?;
        }
        write!(
            f,
            "network       {} messages sent again, {} reports twice, {} early, {} asked for again, {} logins",
            client.messages_resent, client.duplicates, client.early, client.requests_sent, client.logins
        )
    }
}
