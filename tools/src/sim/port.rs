//! The appliance's port onto the simulated network.

use std::cell::RefCell;
use std::net::SocketAddrV4;
use std::rc::Rc;

use super::canary::Meddler;
use super::network::{Network, Party, VENUE, VENUE_REREQUEST};
use netio::port::{EndpointIndex, Outgoing, PAYLOAD_MAX, Port, PortCounters, PortError, Received};

/// One end of the network.
pub struct SimPort {
    network: Rc<RefCell<Network>>,
    meddler: Meddler,
    counters: PortCounters,
}

impl SimPort {
    /// A port onto this network.
    #[must_use]
    pub fn new(network: Rc<RefCell<Network>>, meddler: Meddler) -> Self {
        Self { network, meddler, counters: PortCounters::default() }
    }
}

impl Port for SimPort {
    fn receive(&mut self, max: usize, mut sink: impl FnMut(Received<'_>)) -> Result<usize, PortError> {
        let mut network = self.network.borrow_mut();
        let mut taken = 0;
        while taken < max {
            let Some(arrived) = network.inbox.pop_front() else { break };
            let Party::Venue(endpoint) = arrived.to else { continue };
            taken += 1;
            self.counters.rx_datagrams += 1;
            sink(Received { endpoint, from: arrived.from.into(), payload: &arrived.payload, timestamp: None });
        }
        Ok(taken)
    }

    fn send(&mut self, max: usize, mut fill: impl FnMut(&mut [u8]) -> Option<Outgoing>) -> Result<usize, PortError> {
        let mut network = self.network.borrow_mut();
        let room = network.room(max);
        let mut buffer = [0; PAYLOAD_MAX];
        let mut taken = 0;
        while taken < room {
            let Some(Outgoing { endpoint, to, len }) = fill(&mut buffer) else { break };
            taken += 1;
            self.counters.tx_datagrams += 1;
            if self.meddler.lets_pass(endpoint, &mut buffer[..len]) {
                network.send_from_venue(endpoint, to.into(), &buffer[..len]);
            }
        }
        Ok(taken)
    }

    fn flush(&mut self) -> Result<(), PortError> {
        Ok(())
    }

    fn local_addr(&self, endpoint: EndpointIndex) -> SocketAddrV4 {
        if endpoint.0 == 1 { VENUE_REREQUEST.into() } else { VENUE.into() }
    }

    fn counters(&self) -> PortCounters {
        self.counters
    }
}
