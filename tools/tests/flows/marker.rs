//! A second client whose orders mark places in the tick channel.
//!
//! Ticks are numbered in the order of their causes. So once the tick of an order sent *after* everything else was answered has been
//! heard, every tick of that everything has been heard too.

use netio::host::HostPort;
use tools::client::ClientConfig;
use tools::client::connection::Connection;
use wire::ouch::code::{Capacity, ClOrdId, CrossType, Display, OrderSide, TimeInForce, YesNo};
use wire::ouch::{Appendage, EnterOrder};
use wire::tick::{Tick, TickKind};
use wire::{InstrumentIndex, Price, Qty, Symbol, UserRefNum};

/// The instrument that is kept for marks: `CHAR` in the built-in configuration.
pub const INSTRUMENT: InstrumentIndex = InstrumentIndex(3);

pub struct Marker {
    connection: Connection<HostPort>,
    marks: u32,
}

impl Marker {
    pub fn log_in(config: ClientConfig, port: HostPort) -> Self {
        let mut connection = Connection::new(config, port);
        connection.log_in(|_, _| {}).expect("a login");
        Self { connection, marks: 0 }
    }

    /// Sends an order whose tick nobody else causes; returns its price.
    pub fn send(&mut self) -> Price {
        self.marks += 1;
        let (user_ref, price) = (UserRefNum(self.marks), Price(i64::from(self.marks)));
        let order = EnterOrder {
            user_ref,
            side: OrderSide::Buy,
            qty: Qty(1),
            symbol: Symbol::new("CHAR").expect("short"),
            price,
            time_in_force: TimeInForce::Day,
            display: Display::Visible,
            capacity: Capacity::Principal,
            sweep: YesNo::No,
            cross_type: CrossType::Continuous,
            cl_ord_id: ClOrdId::BLANK,
            appendage: Appendage::EMPTY,
        };
        self.connection.client().submit(|out| order.encode(out)).expect("room for one");
        price
    }

    pub fn turn(&mut self) {
        self.connection.turn(|_, _| {}).expect("a session that goes on");
    }

    /// Whether a tick is that of the mark at a price.
    pub fn is_mark(tick: &Tick, price: Price) -> bool {
        tick.symbol_id == INSTRUMENT && tick.kind == TickKind::Quote && tick.price == price
    }

    pub fn log_out(mut self) {
        self.connection.log_out(|_, _| {}).expect("a logout");
    }
}
