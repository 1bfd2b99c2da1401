//! How an operator and an appliance prove to each other who they are, at the beginning of an administration connection.
//!
//! Goal: the key never travels, both sides prove that they have it, and what was recorded of one connection is of no use in another. Non-goal:
//! secrecy of commands and answers; of a key that is handed over see [`super::sealed::wrap`].
//!
//! ```text
//! operator                                        appliance
//!   AdminHello   operator, client_nonce    ->
//!                                          <-       AdminChallenge  server_nonce
//!   AdminProof   proof                     ->       the proof is the operator's
//!                                          <-       AdminAccepted (proves the appliance too) or AdminRejected
//! ```
//!
//! The contexts of these MACs are in no other login, so a proof for order entry is none here, whatever the key.

use hmac::Mac;

use super::OperatorName;
use crate::DecodeError;
use crate::layout::{codes, layout, text};
use crate::login::{Key, Nonce};

/// The version of what is said after the login; another one is refused.
pub const VERSION: u8 = 1;

const PROOF_CONTEXT: &[u8] = b"pinion admin login 1";
const ACCEPT_CONTEXT: &[u8] = b"pinion admin accept 1";

text!(
    /// What an appliance calls itself.
    ApplianceName,
    16
);

codes! {
    /// What an operator may do.
    Role {
        /// Look.
        Read = b'R',
        /// Also act on sessions, members and instruments, in ways that can be undone.
        Trade = b'T',
        /// Everything.
        Operator = b'O',
    }
}

impl Role {
    /// Its name in configuration files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Trade => "trade",
            Self::Operator => "operator",
        }
    }

    /// Its place among the roles: a higher one may do more.
    #[must_use]
    pub const fn rank(self) -> u8 {
        match self {
            Self::Read => 0,
            Self::Trade => 1,
            Self::Operator => 2,
        }
    }
}

codes! {
    /// Why a login was refused.
    AdminRejectReason {
        /// No such operator, or the proof is wrong: one code, so that names cannot be tried out.
        NotAuthorized = b'A',
        /// As many operators of this role or higher ones as may be are logged in.
        Capacity = b'C',
        /// The appliance speaks another version.
        Version = b'V',
    }
}

layout! { Wire, "AdminHello",
    /// Who is there. The first message of a connection.
    pub struct AdminHello: 34, type b'h' {
        /// 1.
        1 => version: u8,
        /// Who.
        2 => operator: OperatorName,
        /// Random, new for each connection.
        18 => client_nonce: Nonce,
    }
}

layout! { Wire, "AdminChallenge",
    /// The answer to a hello.
    pub struct AdminChallenge: 17, type b'c' {
        /// Random, new for each connection.
        1 => server_nonce: Nonce,
    }
}

layout! { Wire, "AdminProof",
    /// Shows that the sender has the operator's key.
    pub struct AdminProof: 33, type b'p' {
        /// HMAC-SHA256(key, "pinion admin login 1" ‖ operator ‖ client_nonce ‖ server_nonce).
        1 => proof: [u8; 32],
    }
}

layout! { Wire, "AdminAccepted",
    /// The operator is logged in. Everything after this is sealed, both ways.
    pub struct AdminAccepted: 66, type b'a' {
        /// What the operator may do.
        1 => role: Role,
        /// The highest request number that the appliance has seen of this operator; 0: none.
        2 => last_request: u64,
        /// A side that has sent nothing for this long sends a heartbeat.
        10 => heartbeat_ms: u32,
        /// A side that has heard nothing for this long takes the other for dead.
        14 => timeout_ms: u32,
        /// What the appliance calls itself.
        18 => appliance: ApplianceName,
        /// HMAC-SHA256(key, "pinion admin accept 1" ‖ operator ‖ client_nonce ‖ server_nonce ‖ bytes 1 to 33 of this message).
        34 => proof: [u8; 32],
    }
}

layout! { Wire, "AdminRejected",
    /// The operator is not; the connection is closed.
    pub struct AdminRejected: 2, type b'j' {
        /// Why.
        1 => reason: AdminRejectReason,
    }
}

/// What both sides know of a connection, under which everything in it is proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Introduction {
    /// Who.
    pub operator: OperatorName,
    /// From the hello.
    pub client_nonce: Nonce,
    /// From the challenge.
    pub server_nonce: Nonce,
}

impl Introduction {
    /// Shows that the operator has the key.
    #[must_use]
    pub fn prove(&self, key: &Key) -> AdminProof {
        AdminProof { proof: self.mac(key, PROOF_CONTEXT, &[]) }
    }

    /// Whether the operator has the key. Takes the same time for every wrong proof.
    #[must_use]
    pub fn is_proved_by(&self, key: &Key, proof: &AdminProof) -> bool {
        let parts = [PROOF_CONTEXT, &self.operator.0, &self.client_nonce, &self.server_nonce];
        key.mac(&parts).verify_slice(&proof.proof).is_ok()
    }

    /// A secret of this connection, for one purpose.
    pub(super) fn derive(&self, key: &Key, purpose: &[u8]) -> Key {
        Key(self.mac(key, purpose, &[]))
    }

    fn mac(&self, key: &Key, context: &[u8], rest: &[u8]) -> [u8; 32] {
        let parts = [context, &self.operator.0, &self.client_nonce, &self.server_nonce, rest];
        key.mac(&parts).finalize().into_bytes().into()
    }
}

impl AdminAccepted {
    /// Fills in the appliance's proof.
    #[must_use]
    pub fn signed(mut self, key: &Key, introduction: &Introduction) -> Self {
        self.proof = introduction.mac(key, ACCEPT_CONTEXT, &self.covered());
        self
    }

    /// Whether the appliance has the key. Takes the same time for every wrong proof.
    #[must_use]
    pub fn is_proved(&self, key: &Key, introduction: &Introduction) -> bool {
        let Introduction { operator, client_nonce, server_nonce } = introduction;
        let covered = self.covered();
        key.mac(&[ACCEPT_CONTEXT, &operator.0, client_nonce, server_nonce, &covered]).verify_slice(&self.proof).is_ok()
    }

    fn covered(&self) -> [u8; 33] {
        let mut bytes = [0; Self::SIZE];
        let written = self.encode(&mut bytes);
        debug_assert_eq!(written, Some(Self::SIZE));
        let mut covered = [0; 33];
        covered.copy_from_slice(&bytes[1..34]);
        covered
    }
}

/// Any message of the login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdminLogin {
    /// `h`
    Hello(AdminHello),
    /// `c`
    Challenge(AdminChallenge),
    /// `p`
    Proof(AdminProof),
    /// `a`
    Accepted(AdminAccepted),
    /// `j`
    Rejected(AdminRejected),
}

impl AdminLogin {
    /// Reads one message from exactly its bytes.
    ///
    /// # Errors
    /// No known message, another size, a field outside its set.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        match bytes.first() {
            Some(&AdminHello::TYPE) => AdminHello::decode(bytes).map(Self::Hello),
            Some(&AdminChallenge::TYPE) => AdminChallenge::decode(bytes).map(Self::Challenge),
            Some(&AdminProof::TYPE) => AdminProof::decode(bytes).map(Self::Proof),
            Some(&AdminAccepted::TYPE) => AdminAccepted::decode(bytes).map(Self::Accepted),
            Some(&AdminRejected::TYPE) => AdminRejected::decode(bytes).map(Self::Rejected),
            Some(&found) => Err(DecodeError::UnknownType { what: "admin login", found }),
            None => Err(DecodeError::TooShort { what: "admin login", expected: 1, found: 0 }),
        }
    }

    /// Writes the message; returns its length, or nothing when `out` is too small.
    #[must_use]
    pub fn encode(&self, out: &mut [u8]) -> Option<usize> {
        match self {
            Self::Hello(message) => message.encode(out),
            Self::Challenge(message) => message.encode(out),
            Self::Proof(message) => message.encode(out),
            Self::Accepted(message) => message.encode(out),
            Self::Rejected(message) => message.encode(out),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Key = Key([9; 32]);

    fn introduction() -> Introduction {
        let operator = OperatorName::new("night-desk").expect("short enough");
        Introduction { operator, client_nonce: [1; 16], server_nonce: [2; 16] }
    }

    #[test]
    fn a_proof_binds_the_operator_and_both_nonces() {
        let known = introduction();
        let proof = known.prove(&KEY);
        assert!(known.is_proved_by(&KEY, &proof));
        assert!(!known.is_proved_by(&Key([8; 32]), &proof), "another key");
        let operator = OperatorName::new("day-desk").expect("short enough");
        for other in [
            Introduction { operator, ..known },
            Introduction { client_nonce: [3; 16], ..known },
            Introduction { server_nonce: [3; 16], ..known },
            Introduction { client_nonce: [2; 16], server_nonce: [1; 16], ..known },
        ] {
            assert!(!other.is_proved_by(&KEY, &proof), "{other:?}");
        }
    }

    #[test]
    fn the_appliance_proves_every_field_of_its_acceptance() {
        let known = introduction();
        let appliance = ApplianceName::new("pinion").expect("short enough");
        let accepted = AdminAccepted {
            role: Role::Trade,
            last_request: 7,
            heartbeat_ms: 1_000,
            timeout_ms: 10_000,
            appliance,
            proof: [0; 32],
        }
        .signed(&KEY, &known);
        assert!(accepted.is_proved(&KEY, &known) && !accepted.is_proved(&Key([8; 32]), &known));
        assert!(!accepted.is_proved(&KEY, &Introduction { server_nonce: [3; 16], ..known }));
        assert_ne!(accepted.proof, known.prove(&KEY).proof);
        let mut bytes = [0; AdminAccepted::SIZE];
        accepted.encode(&mut bytes).expect("room");
        for at in 1..AdminAccepted::SIZE {
            let mut changed = bytes;
            changed[at] ^= 1;
            // The role is one of a closed set.
            let read = AdminAccepted::decode(&changed).is_ok_and(|read| read.is_proved(&KEY, &known));
            assert!(!read, "byte {at} is not covered");
        }
    }
}
