//! Which part of a journal is wanted.
//!
//! Goal: the same filters for every command that prints or exports. Non-goal: a language; each filter takes away from what the others leave.

use super::Trouble;
use super::happening::{Happening, What};
use super::names::Names;
use crate::options::ConfigOptions;
use crate::when::When;
use clap::Args;
use engine::book::OrderKey;
use engine::config::Config;
use engine::past::Walk;
use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::path::Path;
use wire::journal::RecordKind;
use wire::ouch::Outbound;
use wire::{InstrumentIndex, Nanos, Seq, SessionIndex};

/// What `--kind` knows beside the kinds of records.
const KINDS: [&str; 23] = [
    "Answer",
    "EnterOrder",
    "ReplaceOrder",
    "CancelOrder",
    "ModifyOrder",
    "AccountQuery",
    "Report",
    "SystemEvent",
    "Accepted",
    "Replaced",
    "Canceled",
    "AiqCanceled",
    "Executed",
    "Rejected",
    "CancelReject",
    "PriorityUpdate",
    "Modified",
    "Restated",
    "AccountQueryResponse",
    "Trade",
    "Tick",
    "Quote",
    "Status",
];

/// Which part is wanted.
#[derive(Args, Clone, Debug)]
pub(super) struct SelectArgs {
    #[command(flatten)]
    pub config: ConfigOptions,
    /// From this command or time on
    #[arg(long, value_name = "SEQ|TIME")]
    pub from: Option<When>,
    /// Up to this command or time, which is included
    #[arg(long, value_name = "SEQ|TIME")]
    pub to: Option<When>,
    /// Only what this session sent or was told: its user name, or its position in the configuration
    #[arg(long, value_name = "USER|N")]
    pub session: Option<String>,
    /// Only what concerns this instrument
    #[arg(long, value_name = "SYMBOL")]
    pub instrument: Option<String>,
    /// Only what concerns this order, those that it replaced and those that replaced it
    #[arg(long, value_name = "USER:REF")]
    pub order: Option<String>,
    /// Only records, messages, reports or ticks of this kind, such as Login, EnterOrder, Executed, Trade; may be given many times
    #[arg(long, value_name = "KIND")]
    pub kind: Vec<String>,
}

/// The same, with every name found.
pub(super) struct Selection {
    pub from: Option<When>,
    pub to: Option<When>,
    session: Option<SessionIndex>,
    instrument: Option<InstrumentIndex>,
    orders: Option<BTreeSet<OrderKey>>,
    kinds: Vec<String>,
}

/// Where a command lies to the range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lies {
    Before,
    Within,
    Behind,
}

impl SelectArgs {
    /// Whether what commands led to must be known to tell which are wanted, so that the journal has to be replayed.
    pub const fn needs_replay(&self) -> bool {
        self.instrument.is_some() || self.order.is_some()
    }

    /// Finds the names. The journal is read for what an order replaced and what replaced it.
    pub fn find(&self, config: &Config, names: &Names, dir: &Path) -> Result<Selection, Trouble> {
        for kind in &self.kind {
            let known = RecordKind::ALL.iter().map(|kind| format!("{kind:?}"));
            let known: Vec<String> = known.chain(KINDS.iter().map(|&kind| kind.to_owned())).collect();
            if !known.iter().any(|known| known.eq_ignore_ascii_case(kind)) {
                let known = format!("known are {}", known.join(", "));
                return Err(Trouble::Unknown { what: "kind", found: kind.clone(), known });
            }
        }
        let session = match self.session.as_deref() {
            None => None,
            // A number needs no configuration; it may be a journal that nobody has one for.
            Some(text) => match text.parse() {
                Ok(number) => Some(SessionIndex(number)),
                Err(_) => Some(names.find_user(text)?),
            },
        };
        let instrument = self.instrument.as_deref().map(|name| names.find_listed(name, config, dir)).transpose()?;
        let orders = match self.order.as_deref() {
            None => None,
            Some(text) => Some(chain_of(config, dir, names.find_order(text)?)?),
        };
        Ok(Selection { from: self.from, to: self.to, session, instrument, orders, kinds: self.kind.clone() })
    }
}

impl Selection {
    /// Whatever concerns these orders.
    pub const fn of_orders(orders: BTreeSet<OrderKey>) -> Self {
        Self { from: None, to: None, session: None, instrument: None, orders: Some(orders), kinds: Vec::new() }
    }

    pub fn place(&self, seq: Seq, time: Nanos) -> Lies {
        if self.from.is_some_and(|from| from.of(seq, time) == Ordering::Less) {
            Lies::Before
        } else if self.to.is_some_and(|to| to.of(seq, time) == Ordering::Greater) {
            Lies::Behind
        } else {
            Lies::Within
        }
    }

    /// Whether it concerns what is asked for, whatever kind it is of.
    pub fn concerns(&self, it: &Happening<'_>) -> bool {
        let orders = [it.order, it.other];
        // A trade is told to both.
        let of = if matches!(it.what, What::Trade(_)) { orders.map(session_of) } else { [it.session, None] };
        self.wants(of, orders, it.instrument)
    }

    /// Whether anything of these sessions, about these orders, in this instrument is asked for.
    pub fn wants(
        &self,
        sessions: [Option<SessionIndex>; 2],
        orders: [Option<OrderKey>; 2],
        instrument: Option<InstrumentIndex>,
    ) -> bool {
        self.session.is_none_or(|wanted| sessions.contains(&Some(wanted)))
            && self.instrument.is_none_or(|wanted| instrument == Some(wanted))
            && self.orders.as_ref().is_none_or(|wanted| orders.iter().flatten().any(|key| wanted.contains(key)))
    }

    pub fn is_of_kind(&self, it: &Happening<'_>) -> bool {
        self.kinds.is_empty() || self.kinds.iter().any(|kind| it.is_of_kind(kind))
    }

    pub fn takes(&self, it: &Happening<'_>) -> bool {
        self.is_of_kind(it) && self.concerns(it)
    }

    /// Whether a record is of the session, whatever it led to.
    pub fn is_of_session(&self, record: &Happening<'_>) -> bool {
        self.session.is_none_or(|wanted| record.session == Some(wanted))
    }
}

fn session_of(key: Option<OrderKey>) -> Option<SessionIndex> {
    key.map(OrderKey::session)
}

/// An order and all that it replaced or that replaced it.
pub(super) fn chain_of(config: &Config, dir: &Path, wanted: OrderKey) -> Result<BTreeSet<OrderKey>, Trouble> {
    let session = wanted.session();
    let mut pairs = Vec::new();
    let mut walk = Walk::open(config, dir)?;
    while let Some(step) = walk.next()? {
        Happening::each(&step, |it| {
            if let (What::Report(_, Some(Outbound::Replaced(_))), Some(new), Some(old)) = (&it.what, it.order, it.other)
                && it.session == Some(session)
            {
                pairs.push((old, new));
            }
        });
    }
    let mut chain = BTreeSet::from([wanted]);
    // Numbers rise along a chain: once up for what came later, once down for what came before.
    for (old, new) in &pairs {
        if chain.contains(old) {
            chain.insert(*new);
        }
    }
    for (old, new) in pairs.iter().rev() {
        if chain.contains(new) {
            chain.insert(*old);
        }
    }
    Ok(chain)
}
