//! The small venue as it is configured, and who may log in.

use engine::exchange::Exchange;
use engine::gateway::{Credentials, Gateway, GatewayConfig};
use engine::instrument::Instrument;
use engine::rules::{ChannelRules, MemberRules, Rules, SelfMatch, SessionRules};
use engine::venue::Venue;
use wire::address::Addr;
use wire::feed::ChannelIndex;
use wire::login::{Key, Username};
use wire::mold::HEARTBEAT;
use wire::{MemberId, Price, Qty, Symbol};

/// Configured logins, each of a member of its own.
pub const USERS: usize = 2;
/// The instruments.
pub const SYMBOLS: [&str; 2] = ["PINION", "ALC"];
const ORDERS_MAX: u32 = 12;
const QUANTITY_MAX: u32 = 4;
/// Every lot of every resting order traded, each trade told to both sides, and four more.
const REPORTS_PER_COMMAND_MAX: u64 = 2 * (ORDERS_MAX * QUANTITY_MAX) as u64 + 4;
/// Little more, so that clients can fill it.
pub(super) const STORE_MESSAGES: usize = 128;

const _: () = assert!(STORE_MESSAGES as u64 > REPORTS_PER_COMMAND_MAX && HEARTBEAT == 0);

/// A user's key.
pub(super) fn key(user: usize) -> Key {
    Key([0x51 + u8::try_from(user).expect("few"); 32])
}

/// A user's name.
pub(super) fn username(user: usize) -> Username {
    Username::new(["trader1", "trader2"][user]).expect("short")
}

/// Where a user sits, or, with another `host`, somebody who pretends.
pub fn address(user: usize, host: u8) -> Addr {
    Addr { ip: 0x7F00_0001 + u32::from(host), port: 40_000 + u16::try_from(user).expect("few") }
}

/// A venue that has seen no command.
pub(super) fn venue(secret: u8) -> Venue {
    let instrument = |name: &&str| Instrument {
        symbol: Symbol::new(name).expect("short"),
        tick: 1,
        lot: 1,
        price_min: Price(1),
        price_max: Price(1_000_000),
        quantity_max: Qty(QUANTITY_MAX),
        market_protection: None,
        channel: ChannelIndex(0),
    };
    let session = |member| SessionRules { member: MemberId(member), open_orders_max: 8 };
    let rules = Rules {
        instruments_added: 0,
        instruments: SYMBOLS.iter().map(instrument).collect(),
        channels: vec![ChannelRules { depth: true }],
        members: [SelfMatch::Allow, SelfMatch::CancelOldest].map(|self_match| MemberRules { self_match }).to_vec(),
        sessions: vec![session(0), session(1)],
        orders_max: ORDERS_MAX,
        levels_max: 8,
        stops_max: 3,
    };
    let login = |user| Credentials { username: username(user), key: key(user), cancel_on_disconnect: user == 1 };
    let gateway = Gateway::new(GatewayConfig {
        credentials: (0..USERS).map(login).collect(),
        heartbeat_ns: 1_000_000_000,
        timeout_ns: 3_000_000_000,
        rerequest_ns: 2_000_000,
        cookie_lifetime_ns: 30_000_000_000,
        store_messages: STORE_MESSAGES,
        reports_per_command_max: REPORTS_PER_COMMAND_MAX,
        secret: Key([secret; 32]),
    });
    Venue::new(Exchange::new(&rules), gateway, 4)
}
