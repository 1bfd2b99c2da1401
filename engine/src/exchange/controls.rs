//! What operators have set: halts, locks, the drain, and what each of them asked for last.
//!
//! Goal: state that a replay rebuilds exactly, and that costs the way of an order one test of a byte while nothing is set. Non-goal: what a
//! command does; see [`super::operator`].

use super::mass_cancel::MassCancel;
use crate::limits::OPERATORS_MAX;
use crate::session::mix;
use wire::admin::{OperatorCommand, OperatorName, Outcome, Refusal, Scope};
use wire::{InstrumentIndex, MemberId, Seq, SessionIndex};

/// The newest command of an operator, and what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answered {
    /// Who asked.
    pub operator: OperatorName,
    /// The operator's number of it.
    pub number: u64,
    /// The command behind which the answer stands: its last slice.
    pub cause: Seq,
    /// What became of it.
    pub outcome: Outcome,
}

/// All of it.
#[derive(Debug)]
pub struct Controls {
    /// By instrument, session, member.
    halted: Vec<bool>,
    locked_sessions: Vec<bool>,
    locked_members: Vec<bool>,
    locked_venue: bool,
    draining: bool,
    /// Fingerprints of the keys that sessions have from operators, by session; 0: none.
    keys: Vec<u64>,
    /// How many of the above are set.
    set: usize,
    /// In the order of their first commands.
    answered: Vec<Answered>,
    /// A cancel of many orders that is not done yet.
    pub(super) canceling: Option<MassCancel>,
}

impl Controls {
    pub(super) fn new(instruments: usize, sessions: usize, members: usize) -> Self {
        Self {
            halted: vec![false; instruments],
            locked_sessions: vec![false; sessions],
            locked_members: vec![false; members],
            locked_venue: false,
            draining: false,
            keys: vec![0; sessions],
            set: 0,
            answered: Vec::with_capacity(OPERATORS_MAX),
            canceling: None,
        }
    }

    /// Whether anything keeps any order out.
    #[inline]
    pub(super) const fn is_anything_set(&self) -> bool {
        self.set > 0
    }

    /// Whether an instrument is halted.
    #[must_use]
    pub fn is_halted(&self, instrument: InstrumentIndex) -> bool {
        usize::try_from(instrument.0).ok().and_then(|index| self.halted.get(index)).is_some_and(|halted| *halted)
    }

    /// Whether a session of a member may not enter orders: by its own lock, its member's or the venue's.
    #[must_use]
    pub fn is_locked(&self, session: SessionIndex, member: MemberId) -> bool {
        self.locked_venue || self.has_lock(Scope::Session(session)) || self.has_lock(Scope::Member(member))
    }

    /// Whether the lock of just this scope is there.
    #[must_use]
    pub fn has_lock(&self, scope: Scope) -> bool {
        match scope {
            Scope::Session(session) => self.locked_sessions.get(usize::from(session.0)).is_some_and(|locked| *locked),
            Scope::Member(member) => self.locked_members.get(usize::from(member.0)).is_some_and(|locked| *locked),
            Scope::Venue => self.locked_venue,
        }
    }

    /// Whether the venue takes no new orders because it is about to stop.
    #[must_use]
    pub const fn is_draining(&self) -> bool {
        self.draining
    }

    /// The fingerprint of the key that a session has from an operator; `None`: it has that of the configuration.
    #[must_use]
    pub fn key(&self, session: SessionIndex) -> Option<u64> {
        self.keys.get(usize::from(session.0)).copied().filter(|key| *key != 0)
    }

    /// All keys that sessions have from operators.
    pub fn keys(&self) -> impl Iterator<Item = (SessionIndex, u64)> {
        (0..).map(SessionIndex).zip(self.keys.iter().copied()).filter(|(_, key)| *key != 0)
    }

    /// Gives a session another key; whether that was a change.
    pub(crate) fn set_key(&mut self, session: SessionIndex, fingerprint: u64) -> bool {
        let key = self.keys.get_mut(usize::from(session.0));
        key.is_some_and(|key| core::mem::replace(key, fingerprint) != fingerprint)
    }

    /// The newest command of each operator.
    #[must_use]
    pub fn answered(&self) -> &[Answered] {
        &self.answered
    }

    /// Whether a cancel of many orders is not done yet.
    #[must_use]
    pub const fn is_canceling(&self) -> bool {
        self.canceling.is_some()
    }

    /// The cancel of many orders that is not done yet.
    #[must_use]
    pub const fn canceling(&self) -> Option<&MassCancel> {
        self.canceling.as_ref()
    }

    /// Takes over a cancel of many orders from an image.
    pub(crate) const fn go_on(&mut self, canceling: MassCancel) {
        self.canceling = Some(canceling);
    }

    /// The answer to a command that is not to be done: it was done before, or cannot be remembered. With it the command behind which it
    /// stands, 0 for none.
    #[must_use]
    pub fn answer_at_once(&self, asked: &OperatorCommand) -> Option<(Seq, Outcome)> {
        let refused = |refusal| Some((Seq(0), Outcome::Refused(refusal)));
        match self.answered.iter().find(|known| known.operator == asked.operator) {
            Some(known) if known.number == asked.number => Some((known.cause, known.outcome)),
            Some(known) if known.number > asked.number => refused(Refusal::NUMBER_PASSED),
            Some(_) => None,
            None if asked.number == 0 => refused(Refusal::NUMBER_PASSED),
            None if self.answered.len() >= OPERATORS_MAX => refused(Refusal::TOO_MANY_OPERATORS),
            None => None,
        }
    }

    /// Remembers what became of a command.
    pub(crate) fn remember(&mut self, answered: Answered) {
        if let Some(known) = self.answered.iter_mut().find(|known| known.operator == answered.operator) {
            *known = answered;
        } else if self.answered.len() < OPERATORS_MAX {
            self.answered.push(answered);
        }
    }

    /// Sets or takes away a halt; whether that was a change.
    pub(crate) fn set_halted(&mut self, instrument: InstrumentIndex, halted: bool) -> bool {
        let index = usize::try_from(instrument.0).ok();
        turn(index.and_then(|index| self.halted.get_mut(index)), halted, &mut self.set)
    }

    /// Sets or takes away a lock; whether that was a change.
    pub(crate) fn set_lock(&mut self, scope: Scope, locked: bool) -> bool {
        let place = match scope {
            Scope::Session(session) => self.locked_sessions.get_mut(usize::from(session.0)),
            Scope::Member(member) => self.locked_members.get_mut(usize::from(member.0)),
            Scope::Venue => Some(&mut self.locked_venue),
        };
        turn(place, locked, &mut self.set)
    }

    /// Begins or ends a drain; whether that was a change.
    pub(crate) fn set_draining(&mut self, draining: bool) -> bool {
        turn(Some(&mut self.draining), draining, &mut self.set)
    }

    /// The halted instruments.
    pub fn halted(&self) -> impl Iterator<Item = InstrumentIndex> {
        (0..).map(InstrumentIndex).zip(&self.halted).filter(|(_, halted)| **halted).map(|(index, _)| index)
    }

    /// All locks that are there.
    pub fn locks(&self) -> impl Iterator<Item = Scope> {
        let sessions = (0..).map(SessionIndex).zip(&self.locked_sessions);
        let members = (0..).map(MemberId).zip(&self.locked_members);
        let venue = self.locked_venue.then_some(Scope::Venue);
        sessions
            .filter(|(_, locked)| **locked)
            .map(|(session, _)| Scope::Session(session))
            .chain(members.filter(|(_, locked)| **locked).map(|(member, _)| Scope::Member(member)))
            .chain(venue)
    }

    /// Folds everything that influences a later outcome into `hash`; nothing where no operator has ever asked for anything, so that the
    /// hashes of journals from before there were operators hold.
    pub(super) fn fold(&self, mut hash: u64) -> u64 {
        if self.set > 0 {
            if self.draining {
                hash = mix(hash, 3);
            }
            hash = self.halted().fold(hash, |hash, instrument| mix(mix(hash, 4), u64::from(instrument.0)));
            hash = self.locks().fold(hash, |hash, scope| mix(mix(hash, 5), scope_word(scope)));
        }
        hash = self.keys().fold(hash, |hash, (session, key)| mix(mix(mix(hash, 8), u64::from(session.0)), key));
        for Answered { operator, number, cause, outcome } in &self.answered {
            hash = name_words(*operator).into_iter().chain([*number, cause.0]).fold(mix(hash, 6), mix);
            hash = match outcome {
                Outcome::Done { seq, changed } => mix(mix(hash, seq.0), *changed),
                Outcome::Refused(refusal) => mix(hash, !u64::from(refusal.0)),
            };
        }
        self.canceling.as_ref().map_or(hash, |canceling| canceling.fold(mix(hash, 7)))
    }
}

/// Scopes as numbers.
pub(super) fn scope_word(scope: Scope) -> u64 {
    match scope {
        Scope::Session(session) => 1 << 16 | u64::from(session.0),
        Scope::Member(member) => 2 << 16 | u64::from(member.0),
        Scope::Venue => 3 << 16,
    }
}

pub(super) fn name_words(OperatorName(name): OperatorName) -> [u64; 2] {
    let word = |half: usize| name.iter().skip(8 * half).take(8).fold(0, |word, byte| word << 8 | u64::from(*byte));
    [word(0), word(1)]
}

fn turn(place: Option<&mut bool>, on: bool, set: &mut usize) -> bool {
    let Some(place) = place.filter(|place| **place != on) else { return false };
    *place = on;
    *set = if on { *set + 1 } else { *set - 1 };
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::admin::Verb;

    #[test]
    fn every_part_reaches_the_hash_and_nothing_leaves_it_as_it_was() {
        let operator = OperatorName::new("ann").expect("short");
        let answered = |number, outcome| Answered { operator, number, cause: Seq(5), outcome };
        let changes: [fn(&mut Controls); 8] = [
            |c| _ = c.set_key(SessionIndex(0), 7),
            |c| _ = c.set_key(SessionIndex(1), 7),
            |c| _ = c.set_draining(true),
            |c| _ = c.set_halted(InstrumentIndex(0), true),
            |c| _ = c.set_halted(InstrumentIndex(1), true),
            |c| _ = c.set_lock(Scope::Session(SessionIndex(1)), true),
            |c| _ = c.set_lock(Scope::Member(MemberId(1)), true),
            |c| _ = c.set_lock(Scope::Venue, true),
        ];
        let mut seen = vec![9];
        assert_eq!(Controls::new(2, 2, 2).fold(9), 9);
        for change in changes {
            let mut controls = Controls::new(2, 2, 2);
            change(&mut controls);
            seen.push(controls.fold(9));
        }
        for outcome in [Outcome::Done { seq: Seq(1), changed: 0 }, Outcome::Refused(Refusal::NO_ROOM)] {
            for number in [1, 2] {
                let mut controls = Controls::new(2, 2, 2);
                controls.remember(answered(number, outcome));
                seen.push(controls.fold(9));
            }
        }
        let count = seen.len();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), count);
    }

    #[test]
    fn a_number_is_answered_again_and_an_older_one_never() {
        let mut controls = Controls::new(1, 1, 1);
        let name = |n: usize| OperatorName::new(&format!("op{n}")).expect("short");
        let asked = |n, number| OperatorCommand { operator: name(n), number, verb: Verb::Drain };
        assert_eq!(controls.answer_at_once(&asked(0, 7)), None);
        let outcome = Outcome::Done { seq: Seq(3), changed: 1 };
        controls.remember(Answered { operator: name(0), number: 7, cause: Seq(4), outcome });
        assert_eq!(controls.answer_at_once(&asked(0, 7)), Some((Seq(4), outcome)));
        let passed = Some((Seq(0), Outcome::Refused(Refusal::NUMBER_PASSED)));
        assert_eq!(controls.answer_at_once(&asked(0, 6)), passed);
        assert_eq!(controls.answer_at_once(&asked(0, 8)), None);
        assert_eq!(controls.answer_at_once(&asked(1, 0)), passed);
        for n in 1..OPERATORS_MAX {
            controls.remember(Answered { operator: name(n), number: 1, cause: Seq(4), outcome });
        }
        let full = Some((Seq(0), Outcome::Refused(Refusal::TOO_MANY_OPERATORS)));
        assert_eq!(controls.answer_at_once(&asked(OPERATORS_MAX, 1)), full);
        assert_eq!(controls.answer_at_once(&asked(1, 2)), None);
    }
}
