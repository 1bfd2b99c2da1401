//! What the matching path pays for market data: a venue whose events are written into the link to the feed tile, beside one that says none.

use crate::error::BenchError;
use crate::figure::{Figure, Row};
use crate::flow::Flow;
use crate::published::SEED;
use crate::sample::{clock_overhead_ns, durations, median};
use crate::subject::venue::{Datagrams, VenueSubject};
use crate::subject::{Ear, Subject};
use engine::book::BookEvent;
use engine::config::Config;
use engine::depth::DepthEvent;
use engine::limits::MARKET_DATA_LINK_SLOTS;
use engine::link::{FeedEvent, News};
use engine::market_event::MarketEvent;
use feedhandler::flow::workload::Scenario;
use netio::clock::Clock;
use netio::ring::{Consumer, Producer, channel};
use wire::tick::Tick;

const WITHOUT: &str =
    "the journal, the network, the feed tile, which has a thread of its own; the clock's own share is taken off";

/// Both venues, message by message in turns of whole passes.
///
/// # Errors
/// The flow cannot be made, or the two venues come to different states.
pub fn rows(orders: u32, passes: u32, clock: &Clock) -> Result<Vec<Row>, BenchError> {
    let loud = Config::default();
    let mut quiet = loud.clone();
    quiet.channels.iter_mut().for_each(|channel| channel.depth_lines.clear());
    let flow = Flow::generated(Scenario::Normal, orders, SEED, &loud)?;
    let overhead_ns = clock_overhead_ns(clock);
    let mut found: [Vec<[u64; 2]>; 3] = Default::default();
    for _ in 0..passes {
        found[0].push(pass(&flow, &quiet, Deaf, clock)?);
        found[1].push(pass(&flow, &quiet, Linked::new(), clock)?);
        found[2].push(pass(&flow, &loud, Linked::new(), clock)?);
    }
    let net = |runs: &[[u64; 2]], at: usize| {
        let values: Vec<u64> = runs.iter().map(|run| run[at].saturating_sub(overhead_ns)).collect();
        median(&values)
    };
    let base = [net(&found[0], 0), net(&found[0], 1)];
    let names = ["no market data", "ticks into the link", "ticks and depth into the link"];
    let rows = names.into_iter().zip(&found).map(|(name, runs)| Row {
        name: format!("matching, {name}").into(),
        figures: vec![
            Figure::ns("p50_ns", net(runs, 0)),
            Figure::ns("mean_ns", net(runs, 1)),
            Figure::ratio("p50_ratio", net(runs, 0), base[0]),
            Figure::ratio("mean_ratio", net(runs, 1), base[1]),
        ],
        excludes: WITHOUT,
    });
    Ok(rows.collect())
}

/// The p50 and the mean of a message's way from its datagram to its reports and its market data.
fn pass<E: Ear + Drained>(flow: &Flow, config: &Config, ear: E, clock: &Clock) -> Result<[u64; 2], BenchError> {
    let datagrams = Datagrams::pack(flow, config)?;
    let mut subject = VenueSubject::new(&datagrams, config, ear)?;
    let mut taken = durations();
    let mut sum_ns = 0;
    for line in 0..flow.len() {
        let before = clock.now();
        subject.step(line);
        let taken_ns = clock.now() - before;
        sum_ns += taken_ns;
        taken.saturating_record(taken_ns.max(1));
        subject.ear_mut().drain();
    }
    Ok([taken.value_at_quantile(0.5), sum_ns / flow.len().max(1) as u64])
}

/// Somebody else takes what was said, when nobody looks at the clock.
trait Drained {
    fn drain(&mut self);
}

/// Hears nothing, so that nothing is said.
struct Deaf;

impl Drained for Deaf {
    fn drain(&mut self) {}
}

impl Ear for Deaf {
    fn event(&mut self, _event: &BookEvent) {}

    fn report(&mut self, _message: &[u8]) {}

    fn packet(&mut self, bytes: &[u8]) {
        std::hint::black_box(bytes);
    }
}

/// Writes market data into the link to the feed tile, as the matching tile does.
struct Linked {
    link: Producer<FeedEvent>,
    far: Consumer<FeedEvent>,
}

impl Linked {
    fn new() -> Self {
        let (link, far) = channel(MARKET_DATA_LINK_SLOTS, FeedEvent::empty);
        Self { link, far }
    }

    #[inline]
    fn put(&mut self, event: MarketEvent) {
        if self.link.acquire(1) > 0 {
            *self.link.slot_mut(0) = FeedEvent { news: News::Market(event), ..FeedEvent::empty() };
            self.link.release(1);
        }
    }
}

impl Drained for Linked {
    fn drain(&mut self) {
        let count = self.far.acquire(MARKET_DATA_LINK_SLOTS);
        self.far.release(count);
    }
}

impl Ear for Linked {
    fn event(&mut self, _event: &BookEvent) {}

    fn report(&mut self, _message: &[u8]) {}

    fn packet(&mut self, bytes: &[u8]) {
        std::hint::black_box(bytes);
    }

    #[inline]
    fn tick(&mut self, tick: &Tick) {
        self.put(MarketEvent::Tick(*tick));
    }

    #[inline]
    fn depth(&mut self, event: &DepthEvent) {
        self.put(MarketEvent::Depth(*event));
    }
}
