//! Which logins are worth a line of the log.
//!
//! Goal: whoever comes from a new place is told of; whoever tries keys, or has a wrong one and tries again and again, does not push what
//! operators did out of the few lines that wait. Non-goal: counting; each is counted elsewhere.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use wire::admin::OperatorName;
use wire::admin::login::Role;

/// Operators and addresses whose login was told.
const HEARD_OF_MAX: usize = 64;
/// At most one line about refused logins in this time.
const REFUSED_EVERY: Duration = Duration::from_secs(5);

/// Who came from where, of late.
#[derive(Debug, Default)]
pub(super) struct Arrivals {
    heard_of: VecDeque<(OperatorName, IpAddr)>,
    /// When a refused login was told last.
    told: Option<Instant>,
    /// How many were not, since then.
    untold: u64,
}

impl Arrivals {
    /// An operator was let in. Tools come again and again; where from is news once.
    pub fn let_in(&mut self, name: OperatorName, role: Role, from: IpAddr) -> Option<String> {
        if self.heard_of.contains(&(name, from)) {
            return None;
        }
        if self.heard_of.len() == HEARD_OF_MAX {
            self.heard_of.pop_front();
        }
        self.heard_of.push_back((name, from));
        Some(format!("{name}: logged in from {from}, role {}", role.name()))
    }

    /// Somebody was not.
    pub fn refused(&mut self, now: Instant, name: OperatorName, from: SocketAddr) -> Option<String> {
        if self.told.is_some_and(|told| now - told < REFUSED_EVERY) {
            self.untold += 1;
            return None;
        }
        self.told = Some(now);
        let before = match std::mem::take(&mut self.untold) {
            0 => String::new(),
            untold => format!("; {untold} more were refused since the last such line"),
        };
        Some(format!("{name}: a login from {from} was refused: no such operator, or another key{before}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_told_once_a_place_and_refused_ones_now_and_then() {
        let name = |name: &str| OperatorName::new(name).expect("short");
        let (here, there) = (IpAddr::from([127, 0, 0, 1]), IpAddr::from([10, 0, 0, 1]));
        let mut arrivals = Arrivals::default();
        let told = arrivals.let_in(name("ann"), Role::Read, here);
        assert_eq!(told.as_deref(), Some("ann: logged in from 127.0.0.1, role read"));
        assert_eq!(arrivals.let_in(name("ann"), Role::Read, here), None);
        assert!(arrivals.let_in(name("ann"), Role::Read, there).is_some());
        assert!(arrivals.let_in(name("bob"), Role::Trade, here).is_some());

        let (now, from) = (Instant::now(), SocketAddr::new(there, 7));
        let refused = |arrivals: &mut Arrivals, after| arrivals.refused(now + after, name("eve"), from);
        let first = refused(&mut arrivals, Duration::ZERO).expect("the first one is told at once");
        assert_eq!(first, "eve: a login from 10.0.0.1:7 was refused: no such operator, or another key");
        for tried in 0..1_000 {
            assert_eq!(refused(&mut arrivals, Duration::from_millis(tried)), None);
        }
        let later = refused(&mut arrivals, REFUSED_EVERY).expect("time has passed");
        assert!(later.ends_with("; 1000 more were refused since the last such line"), "{later}");
        let last = refused(&mut arrivals, 2 * REFUSED_EVERY).expect("time has passed");
        assert_eq!(last, first);
    }
}
