//! The part of a session that decides outcomes: numbering both ways, login identity, last `UserRefNum`.
//!
//! Goal: state that a replay of the journal rebuilds exactly. Non-goal: transport (see [`crate::gateway`]).

use wire::address::Addr;
use wire::mold::SessionId;
use wire::{MemberId, Seq, UserRefNum};

/// What a login establishes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Login {
    /// The unguessable name that both sides put into packet headers from now on.
    pub token: SessionId,
    /// The only address that may use it.
    pub address: Addr,
    /// The client's nonce; a repeated login with the same nonce is the same login.
    pub client_nonce: [u8; 16],
    /// When the challenge was made (server time, ns): later logins must carry a later one.
    pub cookie_stamp: u64,
    /// Whether the session's orders are canceled when it dies.
    pub cancel_on_disconnect: bool,
}

/// One configured login and its numbering, which lives as long as the journal.
#[derive(Clone, Debug)]
pub struct Session {
    member: MemberId,
    open_orders_max: u32,
    login: Option<Login>,
    alive: bool,
    next_inbound: u64,
    next_outbound: u64,
    last_user_ref: UserRefNum,
    last_cause: Seq,
}

impl Session {
    /// A session that has never logged in; both numberings start at 1.
    #[must_use]
    pub const fn new(member: MemberId, open_orders_max: u32) -> Self {
        Self {
            member,
            open_orders_max,
            login: None,
            alive: false,
            next_inbound: 1,
            next_outbound: 1,
            last_user_ref: UserRefNum(0),
            last_cause: Seq(0),
        }
    }

    /// The firm.
    #[must_use]
    pub const fn member(&self) -> MemberId {
        self.member
    }

    /// The limit on orders in the books.
    #[must_use]
    pub const fn open_orders_max(&self) -> u32 {
        self.open_orders_max
    }

    /// The newest login, also when it has ended since.
    #[must_use]
    pub const fn login(&self) -> Option<&Login> {
        self.login.as_ref()
    }

    /// Whether the newest login still stands.
    #[must_use]
    pub const fn is_alive(&self) -> bool {
        self.alive
    }

    /// The sequence number that the client's next message must carry.
    #[must_use]
    pub const fn next_inbound(&self) -> u64 {
        self.next_inbound
    }

    /// The sequence number that the next report will get.
    #[must_use]
    pub const fn next_outbound(&self) -> u64 {
        self.next_outbound
    }

    /// The highest `UserRefNum` that an enter or replace has used.
    #[must_use]
    pub const fn last_user_ref(&self) -> UserRefNum {
        self.last_user_ref
    }

    /// The command that last changed this session.
    #[must_use]
    pub const fn last_cause(&self) -> Seq {
        self.last_cause
    }

    /// Takes over what an image says; numbers inbound, then outbound.
    pub(crate) const fn restore(
        &mut self,
        login: Option<Login>,
        alive: bool,
        [inbound, outbound]: [u64; 2],
        last_user_ref: UserRefNum,
        last_cause: Seq,
    ) {
        (self.next_inbound, self.next_outbound) = (inbound, outbound);
        (self.login, self.alive) = (login, alive);
        (self.last_user_ref, self.last_cause) = (last_user_ref, last_cause);
    }

    /// Begins a login, replacing the one before.
    pub(crate) const fn log_in(&mut self, cause: Seq, login: Login) {
        self.login = Some(login);
        self.alive = true;
        self.last_cause = cause;
    }

    /// Ends the login. Returns whether the session's orders are to be canceled.
    pub(crate) fn end(&mut self, cause: Seq) -> bool {
        self.alive = false;
        self.last_cause = cause;
        self.login.is_some_and(|login| login.cancel_on_disconnect)
    }

    /// Counts an inbound message as processed.
    pub(crate) const fn take_inbound(&mut self, cause: Seq, client_seq: u64) {
        self.next_inbound = client_seq.wrapping_add(1);
        self.last_cause = cause;
    }

    /// Gives up inbound messages below `next`.
    pub(crate) const fn skip_to(&mut self, cause: Seq, next: u64) {
        if next > self.next_inbound {
            self.next_inbound = next;
            self.last_cause = cause;
        }
    }

    /// Consumes a `UserRefNum`; false when it does not lie above the last one, which marks a retransmission.
    pub(crate) const fn take_user_ref(&mut self, user_ref: UserRefNum) -> bool {
        if user_ref.0 <= self.last_user_ref.0 {
            return false;
        }
        self.last_user_ref = user_ref;
        true
    }

    /// Numbers one report.
    pub(crate) const fn number_report(&mut self) -> u64 {
        let sequence = self.next_outbound;
        self.next_outbound += 1;
        sequence
    }

    /// Folds everything that influences a later outcome into `hash`.
    #[must_use]
    pub fn fold(&self, mut hash: u64) -> u64 {
        let mut word = |value: u64| hash = mix(hash, value);
        word(self.next_inbound);
        word(self.next_outbound);
        word(u64::from(self.last_user_ref.0));
        word(u64::from(self.alive));
        if let Some(login) = &self.login {
            let (head, tail) = login.token.0.split_at(8);
            word(u64::from_le_bytes(head.try_into().expect("eight bytes")));
            word(u64::from(tail[0]) << 8 | u64::from(tail[1]));
            word(u64::from(login.address.ip) << 16 | u64::from(login.address.port));
            word(login.cookie_stamp);
            let (low, high) = login.client_nonce.split_at(8);
            word(u64::from_le_bytes(low.try_into().expect("eight bytes")));
            word(u64::from_le_bytes(high.try_into().expect("eight bytes")));
            word(u64::from(login.cancel_on_disconnect));
        }
        hash
    }
}

/// A 64-bit finaliser over a running hash: order matters, every bit of the input reaches every bit of the output.
#[must_use]
pub const fn mix(hash: u64, value: u64) -> u64 {
    let mut word = hash.rotate_left(23) ^ value.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    word ^= word >> 32;
    word = word.wrapping_mul(0xD6E8_FEB8_6659_FD93);
    word ^= word >> 29;
    word = word.wrapping_mul(0xD6E8_FEB8_6659_FD93);
    word ^ (word >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbering_starts_at_one_and_never_goes_back() {
        let mut session = Session::new(MemberId(3), 10);
        assert_eq!((session.next_inbound(), session.next_outbound()), (1, 1));
        session.take_inbound(Seq(1), 1);
        session.skip_to(Seq(2), 9);
        session.skip_to(Seq(3), 4);
        assert_eq!(session.next_inbound(), 9);
        assert_eq!([session.number_report(), session.number_report()], [1, 2]);
        assert!(session.take_user_ref(UserRefNum(5)));
        assert!(!session.take_user_ref(UserRefNum(5)));
        assert!(!session.take_user_ref(UserRefNum(4)));
        assert!(session.take_user_ref(UserRefNum(6)));
    }

    #[test]
    fn every_field_reaches_the_hash() {
        let login = Login {
            token: SessionId(*b"AAbbccddee"),
            address: Addr { ip: 1, port: 2 },
            client_nonce: [7; 16],
            cookie_stamp: 9,
            cancel_on_disconnect: false,
        };
        let changes: [fn(&mut Session); 6] = [
            |s| s.take_inbound(Seq(1), 5),
            |s| _ = s.number_report(),
            |s| _ = s.take_user_ref(UserRefNum(1)),
            |s| _ = s.end(Seq(1)),
            |s| s.login.as_mut().expect("logged in").address.port = 3,
            |s| s.login.as_mut().expect("logged in").client_nonce[15] = 0,
        ];
        let mut base = Session::new(MemberId(0), 1);
        base.log_in(Seq(1), login);
        let mut seen = vec![base.fold(0)];
        for change in changes {
            let mut session = base.clone();
            change(&mut session);
            let hash = session.fold(0);
            assert!(!seen.contains(&hash));
            seen.push(hash);
        }
    }
}
