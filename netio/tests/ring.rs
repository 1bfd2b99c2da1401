//! The ring against a deque, and between two threads. Its memory ordering is model-checked in `ring_loom.rs`.
#![cfg(not(loom))]

use std::collections::VecDeque;
use std::thread;

use netio::ring;
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Step {
    /// Acquire this many, write and release this many of what was got.
    Write {
        want: usize,
        take: usize,
    },
    Read {
        want: usize,
        take: usize,
    },
    Push,
    Pop,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..12_usize, 0..12_usize).prop_map(|(want, take)| Step::Write { want, take }),
        (0..12_usize, 0..12_usize).prop_map(|(want, take)| Step::Read { want, take }),
        Just(Step::Push),
        Just(Step::Pop),
    ]
}

proptest! {
    #[test]
    fn behaves_like_a_bounded_deque(power in 0..4_u32, steps in proptest::collection::vec(step(), 0..200)) {
        let capacity = 1_usize << power;
        let (mut producer, mut consumer) = ring::channel(capacity, || 0_u64);
        let mut model: VecDeque<u64> = VecDeque::new();
        let mut next = 1;
        for step in steps {
            match step {
                Step::Write { want, take } => {
                    let free = producer.acquire(want);
                    let truly_free = capacity - model.len();
                    prop_assert!(free <= truly_free);
                    prop_assert!(free >= want.min(truly_free));
                    let count = take.min(free);
                    let (first, wrapped) = producer.slots();
                    prop_assert_eq!(first.len() + wrapped.len(), free);
                    for slot in first.iter_mut().chain(wrapped).take(count) {
                        *slot = next;
                        model.push_back(next);
                        next += 1;
                    }
                    producer.release(count);
                }
                Step::Read { want, take } => {
                    let ready = consumer.acquire(want);
                    prop_assert!(ready <= model.len());
                    prop_assert!(ready >= want.min(model.len()));
                    let (first, wrapped) = consumer.slots();
                    let seen: Vec<u64> = first.iter().chain(wrapped).copied().collect();
                    let expected: Vec<u64> = model.iter().take(ready).copied().collect();
                    prop_assert_eq!(&seen, &expected);
                    if ready > 0 {
                        prop_assert_eq!(*consumer.slot(ready - 1), expected[ready - 1]);
                    }
                    let count = take.min(ready);
                    consumer.release(count);
                    model.drain(..count);
                }
                Step::Push => {
                    let pushed = producer.push(next).is_ok();
                    prop_assert_eq!(pushed, model.len() < capacity);
                    if pushed {
                        model.push_back(next);
                        next += 1;
                    }
                }
                Step::Pop => prop_assert_eq!(consumer.pop(), model.pop_front()),
            }
            prop_assert_eq!(producer.free(), capacity - model.len());
            prop_assert_eq!(consumer.ready(), model.len());
        }
    }
}

#[test]
fn two_threads_pass_every_value_once_and_in_order() {
    const VALUES: u64 = 300_000;
    let (mut producer, mut consumer) = ring::channel(64, || [0_u64; 4]);
    let writer = thread::spawn(move || {
        let mut next = 0;
        let mut batch = 1;
        while next < VALUES {
            let free = producer.acquire(batch).min(batch);
            if free == 0 {
                thread::yield_now();
                continue;
            }
            let mut written = 0;
            while written < free && next < VALUES {
                *producer.slot_mut(written) = [next, !next, next ^ 0xFF, next + 1];
                next += 1;
                written += 1;
            }
            producer.release(written);
            batch = batch % 48 + 1;
        }
    });
    let mut expected = 0;
    let mut batch = 1;
    loop {
        let closed = consumer.is_closed();
        let ready = consumer.acquire(batch).min(batch);
        if ready == 0 {
            if closed {
                break;
            }
            thread::yield_now();
            continue;
        }
        let (first, wrapped) = consumer.slots();
        for slot in first.iter().chain(wrapped).take(ready) {
            assert_eq!(*slot, [expected, !expected, expected ^ 0xFF, expected + 1]);
            expected += 1;
        }
        consumer.release(ready);
        batch = batch % 31 + 1;
    }
    writer.join().unwrap();
    assert_eq!(expected, VALUES);
}

#[test]
fn slots_are_initialised_kept_and_dropped_once() {
    use std::sync::Arc;
    let token = Arc::new(());
    let (mut producer, mut consumer) = ring::channel(4, || Some(Arc::clone(&token)));
    assert_eq!(Arc::strong_count(&token), 5);
    for _ in 0..10 {
        assert!(producer.push(Some(Arc::clone(&token))).is_ok());
        assert_eq!(consumer.acquire(1), 1);
        assert!(consumer.slot(0).is_some());
        consumer.release(1);
    }
    assert_eq!(Arc::strong_count(&token), 5);
    drop(producer);
    drop(consumer);
    assert_eq!(Arc::strong_count(&token), 1);
}

#[test]
fn each_end_sees_the_other_go_and_what_was_written_stays() {
    let (mut producer, mut consumer) = ring::channel(2, || 0_u8);
    assert!(!producer.is_closed() && !consumer.is_closed());
    producer.push(7).unwrap();
    drop(producer);
    assert!(consumer.is_closed());
    assert_eq!((consumer.pop(), consumer.pop()), (Some(7), None));

    let (producer, consumer) = ring::channel(2, || 0_u8);
    drop(consumer);
    assert!(producer.is_closed());
}

#[test]
#[should_panic(expected = "1 slots released, 0 acquired")]
fn releasing_what_was_not_acquired_is_a_bug() {
    let (_producer, mut consumer) = ring::channel(2, || 0_u8);
    consumer.release(1);
}

#[test]
#[should_panic(expected = "slot 2 was not acquired: 2 were")]
fn writing_beyond_what_was_acquired_is_a_bug() {
    let (mut producer, _consumer) = ring::channel(2, || 0_u8);
    producer.acquire(1);
    *producer.slot_mut(2) = 1;
}

#[test]
#[should_panic(expected = "power of two of slots, found 3")]
fn a_size_that_is_not_a_power_of_two_is_refused() {
    let _ = ring::channel(3, || 0_u8);
}
