//! The published answer: a subject's output as the report stream of the recording, hashed.
//!
//! Goal: a core that gives a wrong answer has no figures. Book events, OUCH reports and packets all end in the same stream. Non-goal:
//! speed; the pass that proves is not measured.

use std::io;

use crate::stream::Ask;
use crate::stream::numbering::Numbered;
use crate::subject::Ear;
use engine::book::{BookEvent, OrderKey};
use feedhandler::reports::{Report, ReportStream};
use sha2::{Digest, Sha256};
use tools::replay::hex;
use wire::UserRefNum;
use wire::mold::Packet;
use wire::ouch::{Executed, LiquidityFlag, Outbound};

/// What a subject's whole output came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Reports in the stream.
    pub reports: u64,
    /// SHA-256 of the stream in hexadecimal digits.
    pub sha256: String,
}

/// Listens to a subject and writes the stream.
pub struct Prover<'a> {
    flow: &'a Numbered,
    line: usize,
    stream: ReportStream<Sha256>,
    reports: u64,
    /// The maker's side of a trade; the taker's comes next.
    maker: Option<Execution>,
    /// The stream was refused; it is as wrong as can be.
    failure: Option<io::Error>,
}

#[derive(Clone, Copy, Debug)]
struct Execution {
    match_number: wire::MatchNumber,
    user_ref: UserRefNum,
    qty: wire::Qty,
}

impl<'a> Prover<'a> {
    /// Has heard nothing.
    pub fn new(flow: &'a Numbered) -> Self {
        Self { flow, line: 0, stream: ReportStream::new(Sha256::new()), reports: 0, maker: None, failure: None }
    }

    /// Ends the stream. A stream that could not be written has no hash.
    pub fn finish(self) -> Proof {
        let hash = match self.failure {
            Some(error) => Err(error),
            None => self.stream.finish(),
        };
        let sha256 =
            hash.map_or_else(|error| format!("(none: {error})"), |hash| hex(&<[u8; 32]>::from(hash.finalize())));
        Proof { reports: self.reports, sha256 }
    }

    fn seq(&self) -> u64 {
        self.line as u64
    }

    fn id_of(&self, user_ref: UserRefNum) -> u64 {
        self.flow.sent(user_ref).map_or(0, |sent| sent.id)
    }

    /// What a refusal is called depends on what was asked for. A refused new order has no report in the published stream.
    fn refused(&mut self) {
        let (seq, id) = (self.seq(), self.flow.id(self.line));
        match self.flow.steps()[self.line].ask {
            Ask::Cancel | Ask::Reduce => self.push(Report::CancelRejected { seq, id }),
            Ask::ReEnter | Ask::Enter | Ask::EnterImmediate => self.push(Report::ModifyRejected { seq, id }),
        }
    }

    fn executed(&mut self, executed: &Executed<'_>) {
        let Executed { user_ref, match_number, qty, price, liquidity, .. } = *executed;
        let this = Execution { match_number, user_ref, qty };
        if liquidity == LiquidityFlag::ADDED {
            self.maker = Some(this);
            return;
        }
        // Without its other half, or with another one, the trade is missing from the stream, and the hash tells.
        if let Some(maker) = self.maker.take_if(|maker| maker.match_number == match_number && maker.qty == qty) {
            let (maker, taker) = (self.id_of(maker.user_ref), self.id_of(user_ref));
            self.push(Report::Trade { seq: self.seq(), price, qty, maker, taker });
        }
    }

    fn canceled(&mut self, user_ref: UserRefNum) {
        if let Some(sent) = self.flow.sent(user_ref).copied() {
            self.push(Report::Canceled { seq: self.seq(), side: sent.side, id: sent.id, price: sent.price });
        }
    }

    fn push(&mut self, report: Report) {
        self.reports += 1;
        if let Err(error) = self.stream.push(report) {
            self.failure.get_or_insert(error);
        }
    }
}

impl Ear for Prover<'_> {
    fn begin(&mut self, line: usize) {
        self.line = line;
    }

    fn event(&mut self, event: &BookEvent) {
        let seq = self.seq();
        let id_of = |key: OrderKey| self.id_of(key.user_ref());
        match *event {
            BookEvent::Accepted { key, side, price, qty, .. } => {
                self.push(Report::Accepted { seq, side, id: id_of(key), price, qty });
            }
            BookEvent::Replaced { key, side, price, qty, .. } => {
                self.push(Report::Modified { seq, side, id: id_of(key), price, qty });
            }
            BookEvent::Trade { maker, taker, price, qty, .. } => {
                self.push(Report::Trade { seq, price, qty, maker: id_of(maker), taker: id_of(taker) });
            }
            BookEvent::Canceled { key, side, price, .. } => {
                self.push(Report::Canceled { seq, side, id: id_of(key), price });
            }
            BookEvent::Rejected { .. } => self.refused(),
            BookEvent::Elected { .. }
            | BookEvent::Rested { .. }
            | BookEvent::Refreshed { .. }
            | BookEvent::Level { .. } => {}
        }
    }

    fn report(&mut self, message: &[u8]) {
        let seq = self.seq();
        match Outbound::decode(message) {
            Ok(Outbound::Accepted(accepted)) => {
                let (side, id) = (accepted.side.side(), self.id_of(accepted.user_ref));
                self.push(Report::Accepted { seq, side, id, price: accepted.price, qty: accepted.qty });
            }
            Ok(Outbound::Replaced(replaced)) => {
                let (side, id) = (replaced.side.side(), self.id_of(replaced.user_ref));
                self.push(Report::Modified { seq, side, id, price: replaced.price, qty: replaced.qty });
            }
            Ok(Outbound::Executed(executed)) => self.executed(&executed),
            Ok(Outbound::Canceled(canceled)) => self.canceled(canceled.user_ref),
            Ok(Outbound::Rejected(_) | Outbound::CancelReject(_)) => self.refused(),
            Ok(_) => {}
            Err(error) => {
                self.failure.get_or_insert(io::Error::other(error));
            }
        }
    }

    fn packet(&mut self, bytes: &[u8]) {
        match Packet::parse(bytes) {
            Ok(packet) => packet.messages().for_each(|(_, message)| self.report(message)),
            Err(error) => {
                self.failure.get_or_insert(io::Error::other(error));
            }
        }
    }
}
