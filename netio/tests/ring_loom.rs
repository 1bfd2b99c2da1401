//! The ring's memory ordering, model-checked over the interleavings of two threads:
//!
//! ```text
//! RUSTFLAGS="--cfg loom" cargo test -p netio --release --test ring_loom
//! ```
#![cfg(loom)]

use loom::thread;
use netio::ring;

/// More values than slots, so that the cursors wrap and each slot is written again after it was read.
#[test]
fn values_pass_one_by_one() {
    loom::model(|| {
        let (mut producer, mut consumer) = ring::channel(2, || 0_u32);
        let writer = thread::spawn(move || {
            for value in 1..=3 {
                while producer.push(value).is_err() {
                    thread::yield_now();
                }
            }
        });
        for expected in 1..=3 {
            loop {
                if let Some(value) = consumer.pop() {
                    assert_eq!(value, expected);
                    break;
                }
                thread::yield_now();
            }
        }
        writer.join().unwrap();
        assert_eq!(consumer.pop(), None);
    });
}

#[test]
fn values_pass_in_batches() {
    // With two slots a batch each way and every switch at any point there are too many interleavings for a test; three
    // forced switches show any lost ordering between the two cursors.
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(|| {
        let (mut producer, mut consumer) = ring::channel(2, || 0_u32);
        let writer = thread::spawn(move || {
            let mut next = 1;
            while next <= 4 {
                let free = producer.acquire(2);
                let (first, wrapped) = producer.slots();
                for slot in first.iter_mut().chain(wrapped) {
                    *slot = next;
                    next += 1;
                }
                producer.release(free);
                if free == 0 {
                    thread::yield_now();
                }
            }
        });
        let mut expected = 1;
        while expected <= 4 {
            let ready = consumer.acquire(2);
            let (first, wrapped) = consumer.slots();
            for slot in first.iter().chain(wrapped) {
                assert_eq!(*slot, expected);
                expected += 1;
            }
            consumer.release(ready);
            if ready == 0 {
                thread::yield_now();
            }
        }
        writer.join().unwrap();
    });
}

/// A consumer that has seen the ring closed and then looks once more has seen everything.
#[test]
fn closing_comes_after_the_last_value() {
    loom::model(|| {
        let (mut producer, mut consumer) = ring::channel(2, || 0_u32);
        let writer = thread::spawn(move || {
            producer.push(1).unwrap();
            producer.push(2).unwrap();
        });
        let mut seen = 0;
        loop {
            let closed = consumer.is_closed();
            while let Some(value) = consumer.pop() {
                seen += value;
            }
            if closed {
                break;
            }
            thread::yield_now();
        }
        assert_eq!(seen, 3);
        writer.join().unwrap();
    });
}
