//! The instruments that can be traded: those of the configuration, and those that the stream tells of beside them, which an operator has
//! added since.

use crate::listen::look;
use engine::config::Config;
use feedhandler::handler::Handler;
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

    /// Adds what the stream tells of and the list has not. Ticks are not told; the cursor moves by hundredths there.
    pub fn learn(listed: &mut Vec<Self>, handler: &Handler, channel: Option<&str>) {
        for index in look::instruments(handler) {
            let Some(symbol) = handler.symbol(index) else { continue };
            if listed.iter().all(|one| one.symbol != symbol) {
                let (tick, channel) = (Price(Price::UNITS_PER_ONE / 100), channel.map(str::to_owned));
                listed.push(Self { symbol, index, tick, lot: 1, channel });
            }
        }
    }
}
