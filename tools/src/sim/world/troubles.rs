//! What goes wrong in a step: each trouble by its own chance, as strong as the plan has it.

use super::super::check::Verdict;
use super::super::network::{VENUE, VENUE_REREQUEST};
use super::super::plan::{Plan, Switch};
use super::super::random::Random;
use super::{World, broken};
use wire::address::Addr;

impl World {
    /// By chance, one by one.
    pub(super) fn troubles(&mut self) -> Verdict {
        let chance = |random: &mut Random, switch, plan: &Plan| random.chance(plan.strength(switch));
        if chance(&mut self.random, Switch::Partition, &self.plan) {
            let number = self.random.place(self.traders.len());
            let until = self.now_ns + self.random.magnitude(1_000_000..=1_000_000_000);
            let ways = self.random.below(3);
            let what = ["to the venue", "from the venue", "both ways"][usize::try_from(ways).unwrap_or(2)];
            self.network.borrow_mut().cut_off(number, until, ways);
            self.trace.say("network", format_args!("client {number} is cut off {what} until {} us", until / 1_000));
        }
        if chance(&mut self.random, Switch::Strangers, &self.plan) {
            self.stranger();
        }
        if let Some((begins, until_ns)) = self.spell(Switch::DiskFull, self.full_until_ns) {
            self.full_until_ns = until_ns;
            self.disk.set_full(begins);
            match begins {
                true => self.trace.say("disk", format_args!("full until {} us", until_ns / 1_000)),
                false => self.trace.say("disk", format_args!("has room again")),
            }
        }
        if let Some((begins, until_ns)) = self.spell(Switch::DiskLow, self.low_until_ns) {
            self.low_until_ns = until_ns;
            self.disk.set_low(begins);
            match begins {
                true => self.trace.say("disk", format_args!("little room until {} us", until_ns / 1_000)),
                false => self.trace.say("disk", format_args!("room enough again")),
            }
        }
        if chance(&mut self.random, Switch::SlowHelper, &self.plan) {
            self.helper_asleep_until_ns = self.now_ns + self.random.magnitude(100_000..=100_000_000);
            self.trace.say("helpers", format_args!("have no turn until {} us", self.helper_asleep_until_ns / 1_000));
        }
        if chance(&mut self.random, Switch::SlowFollower, &self.plan) {
            self.follower_asleep_until_ns = self.now_ns + self.random.magnitude(100_000..=500_000_000);
            self.trace.say("follower", format_args!("has no turn until {} us", self.follower_asleep_until_ns / 1_000));
        }
        if chance(&mut self.random, Switch::ClockForward, &self.plan) {
            let by = self.random.magnitude(1_000_000..=5_000_000_000);
            self.skew_ns += i64::try_from(by).unwrap_or(0);
            self.trace.say("clock", format_args!("jumps {} us forward", by / 1_000));
        }
        if chance(&mut self.random, Switch::Writeback, &self.plan) {
            let pages = self.disk.write_back().or_else(broken)?;
            self.trace.say("disk", format_args!("{pages} pages written unasked"));
        }
        if chance(&mut self.random, Switch::Kill, &self.plan) {
            self.kill("killed")?;
        }
        if chance(&mut self.random, Switch::PowerLoss, &self.plan) {
            self.power_ends()?;
        }
        Ok(())
    }

    /// Whether a trouble that lasts a while begins now, and until when; or ends, having been there until `until_ns`.
    fn spell(&mut self, switch: Switch, until_ns: u64) -> Option<(bool, u64)> {
        if self.random.chance(self.plan.strength(switch)) {
            return Some((true, self.now_ns + self.random.magnitude(1_000_000..=500_000_000)));
        }
        (until_ns > 0 && self.now_ns >= until_ns).then_some((false, 0))
    }

    /// Somebody who is nobody sends something, or sends again what somebody else has sent, to the venue or to a client.
    fn stranger(&mut self) {
        let from = Addr { ip: 0x0A00_0900 + u32::try_from(self.random.below(200)).unwrap_or(0), port: 5 };
        let mut payload = match &self.overheard {
            Some((_, payload)) if self.random.below(3) > 0 => payload.clone(),
            _ => {
                let mut bytes = vec![0; self.random.place(120)];
                self.random.fill(&mut bytes);
                bytes
            }
        };
        if self.random.below(3) == 0 {
            payload.truncate(self.random.place(payload.len() + 1));
        } else if self.random.below(2) == 0 && !payload.is_empty() {
            let bit = self.random.place(payload.len() * 8);
            payload[bit / 8] ^= 1 << (bit % 8);
        }
        let mut network = self.network.borrow_mut();
        match self.random.below(3) {
            0 => network.send_to_trader(self.random.place(self.traders.len()), from, &payload),
            1 => network.send_to_venue(None, from, VENUE_REREQUEST, &payload),
            _ => network.send_to_venue(None, from, VENUE, &payload),
        }
    }
}
