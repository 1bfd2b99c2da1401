//! The report stream with which a matching engine answers the consensus flow, as text.
//!
//! Goal: byte for byte the published form (one report a line, stably sorted by sequence and type, joined by newlines), written
//! as it arises, so that millions of reports can be hashed without being held. Non-goal: producing the reports.

use std::io::{self, Write};

use wire::{Price, Qty, Side};

/// One report. Prices are raw units, as in the flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Report {
    /// Type 0: a new order was accepted.
    Accepted {
        /// The message that caused it, as in every report.
        seq: u64,
        /// The order's side.
        side: Side,
        /// The order.
        id: u64,
        /// Its limit.
        price: Price,
        /// Its quantity.
        qty: Qty,
    },
    /// Type 1: a trade, at the maker's price.
    Trade {
        /// The message that caused it.
        seq: u64,
        /// The maker's price.
        price: Price,
        /// The quantity traded.
        qty: Qty,
        /// The resting order.
        maker: u64,
        /// The incoming order.
        taker: u64,
    },
    /// Type 2: an order was canceled; also the rest of an immediate-or-cancel order.
    Canceled {
        /// The message that caused it.
        seq: u64,
        /// The order's side.
        side: Side,
        /// The order.
        id: u64,
        /// Its limit.
        price: Price,
    },
    /// Type 3: an order was modified.
    Modified {
        /// The message that caused it.
        seq: u64,
        /// Its side from now on.
        side: Side,
        /// The order.
        id: u64,
        /// Its limit from now on.
        price: Price,
        /// Its quantity from now on.
        qty: Qty,
    },
    /// Type 4: a cancel named no live order.
    CancelRejected {
        /// The message that caused it.
        seq: u64,
        /// The id that it named.
        id: u64,
    },
    /// Type 5: a modify named no live order.
    ModifyRejected {
        /// The message that caused it.
        seq: u64,
        /// The id that it named.
        id: u64,
    },
}

impl Report {
    /// The message that caused the report.
    #[must_use]
    pub const fn seq(&self) -> u64 {
        match *self {
            Self::Accepted { seq, .. }
            | Self::Trade { seq, .. }
            | Self::Canceled { seq, .. }
            | Self::Modified { seq, .. }
            | Self::CancelRejected { seq, .. }
            | Self::ModifyRejected { seq, .. } => seq,
        }
    }

    /// The number with which its line begins.
    #[must_use]
    pub const fn kind(&self) -> u8 {
        match self {
            Self::Accepted { .. } => 0,
            Self::Trade { .. } => 1,
            Self::Canceled { .. } => 2,
            Self::Modified { .. } => 3,
            Self::CancelRejected { .. } => 4,
            Self::ModifyRejected { .. } => 5,
        }
    }

    fn write_line(&self, line: &mut Vec<u8>) -> io::Result<()> {
        let kind = self.kind();
        match *self {
            Self::Accepted { seq, side, id, price, qty } | Self::Modified { seq, side, id, price, qty } => {
                write!(line, "{kind},{seq},{},{id},{},{}", side.index(), price.get(), qty.get())
            }
            Self::Trade { seq, price, qty, maker, taker } => {
                write!(line, "{kind},{seq},{},{},{maker},{taker}", price.get(), qty.get())
            }
            Self::Canceled { seq, side, id, price } => {
                write!(line, "{kind},{seq},{},{id},{}", side.index(), price.get())
            }
            Self::CancelRejected { seq, id } | Self::ModifyRejected { seq, id } => write!(line, "{kind},{seq},{id}"),
        }
    }
}

/// Writes reports into a file or a hash. Reports of one sequence number may come in any order of types; those of the next
/// close it.
#[derive(Debug)]
pub struct ReportStream<W> {
    sink: W,
    /// Reports of the sequence number that is not closed yet.
    open: Vec<Report>,
    text: Vec<u8>,
    written: u64,
}

/// Text gathered before it goes to the sink.
const TEXT_BYTES: usize = 1 << 16;

impl<W: Write> ReportStream<W> {
    /// Writes into `sink`; anything that takes bytes, a hash included.
    pub fn new(sink: W) -> Self {
        Self { sink, open: Vec::with_capacity(64), text: Vec::with_capacity(TEXT_BYTES + 4096), written: 0 }
    }

    /// Takes the next report.
    ///
    /// # Errors
    /// The sink fails, or the report belongs to a sequence number before the last one's.
    pub fn push(&mut self, report: Report) -> io::Result<()> {
        if let Some(last) = self.open.first() {
            if report.seq() < last.seq() {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidInput,
                    format!("expected a report of sequence {} or later, found one of {}", last.seq(), report.seq()),
                ));
            }
            if report.seq() > last.seq() {
                self.close()?;
            }
        }
        self.open.push(report);
        Ok(())
    }

    /// Writes what is left and returns the sink.
    ///
    /// # Errors
    /// The sink fails.
    pub fn finish(mut self) -> io::Result<W> {
        self.close()?;
        self.sink.write_all(&self.text)?;
        self.sink.flush()?;
        Ok(self.sink)
    }

    /// Reports written so far; those of the last sequence number follow with the next one, or at the end.
    pub const fn written(&self) -> u64 {
        self.written
    }

    fn close(&mut self) -> io::Result<()> {
        self.open.sort_by_key(Report::kind);
        for report in &self.open {
            if self.written > 0 {
                self.text.push(b'\n');
            }
            report.write_line(&mut self.text)?;
            self.written += 1;
        }
        self.open.clear();
        if self.text.len() >= TEXT_BYTES {
            self.sink.write_all(&self.text)?;
            self.text.clear();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_are_sorted_by_type_within_a_sequence_and_trades_keep_their_order() {
        let mut stream = ReportStream::new(Vec::new());
        let trade = |maker| Report::Trade { seq: 4, price: Price(-5), qty: Qty(6), maker, taker: 9 };
        let (side, id, price, qty) = (Side::Sell, 9, Price(-7), Qty(8));
        let reports = [
            Report::CancelRejected { seq: 3, id: 1 },
            trade(2),
            Report::Canceled { seq: 4, side, id, price },
            trade(1),
            Report::Accepted { seq: 4, side, id, price, qty },
            Report::Modified { seq: 5, side, id, price, qty },
            Report::ModifyRejected { seq: 6, id: u64::MAX },
        ];
        for report in reports {
            stream.push(report).unwrap();
        }
        let text = String::from_utf8(stream.finish().unwrap()).unwrap();
        let expected =
            "4,3,1\n0,4,1,9,-7,8\n1,4,-5,6,2,9\n1,4,-5,6,1,9\n2,4,1,9,-7\n3,5,1,9,-7,8\n5,6,18446744073709551615";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_report_of_the_past_is_refused() {
        let mut stream = ReportStream::new(Vec::new());
        stream.push(Report::CancelRejected { seq: 3, id: 1 }).unwrap();
        assert!(stream.push(Report::CancelRejected { seq: 2, id: 1 }).is_err());
    }

    #[test]
    fn no_report_is_no_text() {
        assert_eq!(ReportStream::new(Vec::new()).finish().unwrap(), b"");
    }
}
