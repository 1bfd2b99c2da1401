//! What a client does because time has passed.

use super::{ASK_MAX_NS, Client, ClientError, FAREWELLS_MAX, REQUESTS_PER_ROUND, State, VAIN_ROUNDS_MAX};
use wire::ouch::AccountQuery;

impl Client {
    /// Moves the timers. Call it after each round of [`on_datagram`](Self::on_datagram) and whenever
    /// [`due_ns`](Self::due_ns) has passed.
    pub fn poll(&mut self, now_ns: u64) {
        if matches!(self.state, State::Closed | State::Failed) {
            return;
        }
        let silence_ns = now_ns.saturating_sub(self.heard_ns);
        if self.state == State::LoggingIn {
            let patience_ns =
                if self.numbered { self.config.outage_patience_ns } else { self.config.login_patience_ns };
            if silence_ns >= patience_ns {
                let address = self.config.order_entry;
                self.fail(ClientError::Unreachable { address, waited_ms: silence_ns / 1_000_000 });
            }
            return;
        }
        if silence_ns >= self.timeout_ns {
            self.log_in_again(now_ns);
            return;
        }
        if now_ns.saturating_sub(self.spoke_ns) >= self.heartbeat_ns {
            self.heartbeat_due = true;
        }
        if self.inbox.is_behind() {
            self.ask.arm_if_idle(now_ns);
        } else {
            self.ask.disarm();
        }
        if self.ask.fires(now_ns) {
            self.vain_rounds += 1;
            if self.vain_rounds > VAIN_ROUNDS_MAX && silence_ns < ASK_MAX_NS {
                // The venue is there and does not have it: only a login tells what it has.
                self.log_in_again(now_ns);
                return;
            }
            self.round = Some((self.inbox.expected(), REQUESTS_PER_ROUND));
        }
        if self.outbox.in_flight() == 0 {
            self.probe.disarm();
        } else if self.probe.fires(now_ns) {
            self.heartbeat_due = true;
            if !self.inbox.is_behind() {
                // The venue may have answered already, and the answer may be what was lost.
                self.round = Some((self.inbox.expected(), 1));
            }
        }
        if self.leaving && !self.fenced {
            self.fenced = self.outbox.submit(|out| AccountQuery {}.encode(out)).is_ok();
        }
        if self.is_done() {
            match self.farewells {
                0 => self.farewell.fire_now(now_ns),
                1..FAREWELLS_MAX => {}
                _ => self.state = State::Closed,
            }
        }
    }

    /// When [`poll`](Self::poll) has something to do at the latest.
    #[must_use]
    pub fn due_ns(&self) -> Option<u64> {
        let silence = self.heard_ns.saturating_add(self.timeout_ns);
        match self.state {
            State::Closed | State::Failed => None,
            State::LoggingIn => self.handshake.due_ns(),
            State::Up | State::Leaving => {
                let heartbeat = self.spoke_ns.saturating_add(self.heartbeat_ns);
                let timers = [self.probe.due_ns(), self.ask.due_ns(), self.farewell.due_ns()];
                timers.into_iter().flatten().chain([silence, heartbeat]).min()
            }
        }
    }

    /// Whether nothing keeps a leaving client any more.
    pub(super) const fn is_done(&self) -> bool {
        self.leaving && self.fenced && self.outbox.unanswered() == 0
    }
}
