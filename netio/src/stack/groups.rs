//! The host's side of IGMP: which groups we want is said on joining, when a router asks, and on leaving.
//!
//! Version 3 until a router of version 2 is heard, then version 2 for as long as it may be there. Version 1 is taken for 2.
//! Time is an argument. Non-goals: sources (every source is welcome), frames; the owner sends what is due.

use std::net::Ipv4Addr;

use crate::ether::igmp::{ALL_HOSTS, Membership, Query, Version};

/// The groups of a port.
#[derive(Debug)]
pub struct Groups {
    groups: Vec<Group>,
    /// Routers of version 2 are about until then.
    v2_until_ns: u64,
    /// For delays that are not those of all others.
    random: u64,
}

/// Something to tell the routers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report {
    /// The group.
    pub group: Ipv4Addr,
    /// What of it.
    pub membership: Membership,
    /// In which words.
    pub version: Version,
}

#[derive(Debug)]
struct Group {
    address: Ipv4Addr,
    /// When it is reported next.
    due_ns: Option<u64>,
    /// How many joins are still to be told: a frame may get lost.
    joins: u8,
}

impl Groups {
    /// Joins these groups, from `now_ns` on. `seed` is something of this host's own, such as its Ethernet address.
    #[must_use]
    pub fn join(groups: impl IntoIterator<Item = Ipv4Addr>, seed: u64, now_ns: u64) -> Self {
        let mut joined: Vec<Group> = Vec::new();
        for address in groups {
            // Everybody is in this one, without a word.
            if address != ALL_HOSTS && joined.iter().all(|group| group.address != address) {
                joined.push(Group { address, due_ns: Some(now_ns), joins: JOINS });
            }
        }
        Self { groups: joined, v2_until_ns: 0, random: seed ^ 0x5DEE_CE66_D1CE_4E5B }
    }

    /// The groups.
    pub fn groups(&self) -> impl Iterator<Item = Ipv4Addr> {
        self.groups.iter().map(|group| group.address)
    }

    /// A router asks. The answer becomes due within the time it gave; an earlier date stays.
    pub fn on_query(&mut self, query: Query, now_ns: u64) {
        if query.version == Version::V2 {
            self.v2_until_ns = now_ns.saturating_add(V2_NS);
        }
        let within_ns = u64::try_from(query.within.as_nanos()).unwrap_or(u64::MAX).min(ANSWER_WITHIN_NS_MAX);
        for at in 0..self.groups.len() {
            if query.group.is_some_and(|group| group != self.groups[at].address) {
                continue;
            }
            let delay_ns = self.draw(within_ns);
            let due_ns = &mut self.groups[at].due_ns;
            let at_ns = now_ns.saturating_add(delay_ns);
            *due_ns = Some(due_ns.map_or(at_ns, |due_ns| due_ns.min(at_ns)));
        }
    }

    /// The next report that is due, or none; call it until there is none.
    pub fn due(&mut self, now_ns: u64) -> Option<Report> {
        let version = self.version(now_ns);
        let at = self.groups.iter().position(|group| group.due_ns.is_some_and(|due_ns| due_ns <= now_ns))?;
        let again_ns = now_ns.saturating_add(JOIN_INTERVAL_NS / 2 + self.draw(JOIN_INTERVAL_NS / 2));
        let group = &mut self.groups[at];
        let membership = if group.joins > 0 { Membership::Join } else { Membership::Current };
        group.joins = group.joins.saturating_sub(1);
        group.due_ns = (group.joins > 0).then_some(again_ns);
        Some(Report { group: group.address, membership, version })
    }

    /// What is to be told when all groups are left at `now_ns`.
    pub fn leave(&self, now_ns: u64) -> impl Iterator<Item = Report> {
        let version = self.version(now_ns);
        self.groups().map(move |group| Report { group, membership: Membership::Leave, version })
    }

    const fn version(&self, now_ns: u64) -> Version {
        if now_ns < self.v2_until_ns { Version::V2 } else { Version::V3 }
    }

    /// A number up to `max`, different on every host.
    fn draw(&mut self, max: u64) -> u64 {
        // A linear congruential generator; its high bits are good enough to keep hosts from answering at once.
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 33) % max.saturating_add(1)
    }
}

const JOINS: u8 = 2;
const SECOND_NS: u64 = 1_000_000_000;
const JOIN_INTERVAL_NS: u64 = SECOND_NS;
/// A router that asks for answers within minutes gets them earlier.
const ANSWER_WITHIN_NS_MAX: u64 = 25 * SECOND_NS;
/// Twice the usual query interval of 125 s and the time to answer.
const V2_NS: u64 = 260 * SECOND_NS;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const A: Ipv4Addr = Ipv4Addr::new(239, 1, 1, 1);
    const B: Ipv4Addr = Ipv4Addr::new(239, 1, 1, 2);

    /// Everything that is due up to a time, looked for every 10 ms.
    fn told(groups: &mut Groups, from_ns: u64, to_ns: u64) -> Vec<Report> {
        let mut reports = Vec::new();
        for now_ns in (from_ns..=to_ns).step_by(10_000_000) {
            while let Some(report) = groups.due(now_ns) {
                reports.push(report);
            }
        }
        reports
    }

    fn report(group: Ipv4Addr, membership: Membership, version: Version) -> Report {
        Report { group, membership, version }
    }

    #[test]
    fn joining_is_told_twice_and_at_once() {
        let mut groups = Groups::join([A, B, A, ALL_HOSTS], 1, 5);
        let join = |group| report(group, Membership::Join, Version::V3);
        assert_eq!(told(&mut groups, 5, 5), [join(A), join(B)]);
        let mut again = told(&mut groups, 6, 2 * SECOND_NS);
        again.sort_by_key(|report| report.group);
        assert_eq!(again, [join(A), join(B)]);
        assert_eq!(told(&mut groups, 2 * SECOND_NS, 20 * SECOND_NS), []);
    }

    #[test]
    fn a_query_is_answered_within_its_time_and_in_its_version() {
        let mut groups = Groups::join([A, B], 7, 0);
        told(&mut groups, 0, 2 * SECOND_NS);
        let start = 3 * SECOND_NS;
        groups.on_query(Query { group: None, within: Duration::from_secs(1), version: Version::V3 }, start);
        assert_eq!(told(&mut groups, start, start + SECOND_NS + 10_000_000).len(), 2);
        groups.on_query(Query { group: Some(B), within: Duration::ZERO, version: Version::V2 }, start * 2);
        assert_eq!(groups.due(start * 2), Some(report(B, Membership::Current, Version::V2)));
        assert_eq!(groups.due(start * 2), None, "nobody asked for the other");
        // Version 2 is spoken until that router may be gone.
        let leaving: Vec<Report> = groups.leave(start * 2).collect();
        assert_eq!(leaving, [report(A, Membership::Leave, Version::V2), report(B, Membership::Leave, Version::V2)]);
        assert!(groups.leave(start * 2 + V2_NS).all(|report| report.version == Version::V3));
    }

    #[test]
    fn an_answer_that_is_due_earlier_is_not_put_off() {
        let mut groups = Groups::join([A], 3, 0);
        told(&mut groups, 0, 2 * SECOND_NS);
        groups.on_query(Query { group: Some(A), within: Duration::ZERO, version: Version::V3 }, 10 * SECOND_NS);
        groups.on_query(Query { group: None, within: Duration::from_secs(100), version: Version::V3 }, 10 * SECOND_NS);
        assert_eq!(groups.due(10 * SECOND_NS), Some(report(A, Membership::Current, Version::V3)));
        assert_eq!(groups.due(100 * SECOND_NS), None);
    }

    #[test]
    fn hosts_do_not_answer_all_at_once() {
        let mut delays: Vec<u64> = (0..100).map(|seed| Groups::join([], seed * 977, 0).draw(10_000)).collect();
        delays.sort_unstable();
        assert!(delays[0] < 2_000 && delays[99] > 8_000, "{delays:?}");
    }
}
