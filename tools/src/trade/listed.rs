//! The instruments that can be traded, as the configuration has them.

use engine::config::Config;
use wire::{InstrumentIndex, Price, Symbol};

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub symbol: Symbol,
    /// Its place, by which the tick stream names it.
    pub index: InstrumentIndex,
    /// Every price is a multiple of this.
    pub tick: Price,
    /// Every quantity is a multiple of this.
    pub lot: u32,
    /// The channel on which it is published.
    pub channel: Option<String>,
}

impl Listed {
    /// All of a configuration, in its order.
    #[must_use]
    pub fn all(config: &Config) -> Vec<Self> {
        let first = config.channels.first().map(|channel| channel.name.clone());
        let listed = (0..).zip(&config.instruments).map(|(index, instrument)| Self {
            symbol: instrument.symbol,
            index: InstrumentIndex(index),
            tick: instrument.tick,
            lot: instrument.lot,
            channel: instrument.channel.clone().or_else(|| first.clone()),
        });
        listed.collect()
    }
}
