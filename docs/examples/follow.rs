//! Follows a venue's depth and prints the best prices of each instrument whenever they change, or why they cannot be relied on.

use feedhandler::book::{BookListener, LevelChange};
use feedhandler::handler::{FeedListener, HandlerOptions, Stale};
use feedhandler::runner::{FeedAddresses, Runner};
use wire::{Side, feed::StreamKind};

#[derive(Default)]
struct Ear(Vec<u16>); // instruments that changed

impl BookListener for Ear {
    fn level(&mut self, change: LevelChange) {
        self.0.push(change.locate);
    }
}

impl FeedListener for Ear {
    fn stale(&mut self, stale: Option<Stale>) {
        println!("{}", stale.map_or("books are the venue's".into(), |stale| format!("stale: {:?}", stale.reason)));
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let lines = vec!["239.26.41.1:26450".parse()?, "239.26.41.2:26451".parse()?];
    let (rerequest, snapshot) = (Some("127.0.0.1:26460".parse()?), Some("127.0.0.1:26461".parse()?));
    let addresses = FeedAddresses { lines, rerequest, snapshot, ..FeedAddresses::default() };
    let mut runner = Runner::open(&Default::default(), addresses, HandlerOptions::new(StreamKind::Depth))?;
    let mut ear = Ear::default();
    while !runner.handler().has_ended() {
        runner.turn(&mut ear)?;
        if let Some(books) = runner.handler().books() {
            for locate in ear.0.drain(..) {
                let best = |side| {
                    books.best(locate, side).map_or("-".into(), |level| format!("{} x {}", level.total, level.price))
                };
                println!("{locate}: {} / {}", best(Side::Buy), best(Side::Sell));
            }
        }
        runner.wait();
    }
    Ok(())
}
