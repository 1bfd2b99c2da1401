//! A deadline that moves away each time it is met in vain.

/// Repeats something at growing intervals until there is progress. Times are nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Backoff {
    first_ns: u64,
    max_ns: u64,
    interval_ns: u64,
    due_ns: Option<u64>,
}

impl Backoff {
    /// Idle; once armed, the intervals are `first_ns`, twice that, and so on up to `max_ns`.
    pub(crate) const fn new(first_ns: u64, max_ns: u64) -> Self {
        Self { first_ns, max_ns, interval_ns: first_ns, due_ns: None }
    }

    /// Starts afresh: due one first interval from now.
    pub(crate) const fn arm(&mut self, now_ns: u64) {
        self.interval_ns = self.first_ns;
        self.due_ns = Some(now_ns.saturating_add(self.first_ns));
    }

    /// Starts when idle; leaves a running one as it is.
    pub(crate) const fn arm_if_idle(&mut self, now_ns: u64) {
        if self.due_ns.is_none() {
            self.arm(now_ns);
        }
    }

    /// Starts afresh and is due at once.
    pub(crate) const fn fire_now(&mut self, now_ns: u64) {
        self.interval_ns = self.first_ns;
        self.due_ns = Some(now_ns);
    }

    /// Stops.
    pub(crate) const fn disarm(&mut self) {
        self.due_ns = None;
    }

    /// Changes the first interval, from the next arming on.
    pub(crate) const fn set_first(&mut self, first_ns: u64) {
        self.first_ns = first_ns;
    }

    /// When it is due next.
    pub(crate) const fn due_ns(&self) -> Option<u64> {
        self.due_ns
    }

    /// Whether it is due; if so, moves the deadline on by the doubled interval.
    pub(crate) fn fires(&mut self, now_ns: u64) -> bool {
        if self.due_ns.is_none_or(|due| now_ns < due) {
            return false;
        }
        self.due_ns = Some(now_ns.saturating_add(self.interval_ns));
        self.interval_ns = self.interval_ns.saturating_mul(2).min(self.max_ns);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_double_up_to_the_limit_and_start_over() {
        let mut backoff = Backoff::new(10, 30);
        assert!(!backoff.fires(1_000));
        backoff.arm(0);
        let mut fired = Vec::new();
        for now in 0..200 {
            if backoff.fires(now) {
                fired.push(now);
            }
        }
        assert_eq!(fired[..5], [10, 20, 40, 70, 100]);
        backoff.arm(200);
        assert_eq!(backoff.due_ns(), Some(210));
        backoff.arm_if_idle(205);
        assert_eq!(backoff.due_ns(), Some(210));
        backoff.disarm();
        assert!(!backoff.fires(u64::MAX));
    }
}
