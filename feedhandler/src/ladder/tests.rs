use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

#[test]
fn keys_ascend_towards_the_touch() {
    assert!(key_of(Side::Buy, Price(5)) > key_of(Side::Buy, Price(4)));
    assert!(key_of(Side::Sell, Price(4)) > key_of(Side::Sell, Price(5)));
    for side in [Side::Buy, Side::Sell] {
        for price in [Price::MIN, Price(-1), Price(0), Price::MAX] {
            assert_eq!(price_of(side, key_of(side, price)), price);
        }
    }
}

fn agree(ladder: &Ladder<u32>, map: &BTreeMap<i64, u32>) {
    assert_eq!(ladder.iter().collect::<Vec<_>>(), map.iter().rev().map(|(k, v)| (*k, *v)).collect::<Vec<_>>());
    assert_eq!(ladder.best(), map.last_key_value().map(|(k, v)| (*k, *v)));
    assert_eq!((ladder.len(), ladder.is_empty()), (map.len(), map.is_empty()));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_ladder_is_an_ordered_map(
        steps in prop::collection::vec((0_i64..200, 0_u32..100, any::<bool>()), 1..800),
        removals in prop::sample::select(vec![20_u32, 50, 70]),
        unit in prop::sample::select(vec![1_i64, 100, 10_000, 1 << 52]),
        drift in prop::sample::select(vec![-7_i64, 0, 3]),
    ) {
        let (mut ladder, mut map) = (Ladder::<u32>::default(), BTreeMap::new());
        for (at, (number, what, set)) in (0_i64..).zip(steps) {
            // The largest key is a key like any other, and some are off the grid.
            let key = match number {
                199 => i64::MAX,
                198 => i64::MIN,
                190..198 => number * unit + 1,
                _ => (number + at * drift).wrapping_mul(unit),
            };
            let what = what + 1;
            if what <= removals {
                prop_assert_eq!(ladder.remove(key), map.remove(&key));
            } else if set {
                ladder.set(key, what);
                map.insert(key, what);
            } else {
                let held = *map.entry(key).or_insert(what);
                prop_assert_eq!(ladder.get_or_insert(key, || what), held);
            }
            prop_assert_eq!(ladder.get(key), map.get(&key).copied());
            prop_assert_eq!(ladder.get_mut(key).copied(), map.get(&key).copied());
            agree(&ladder, &map);
        }
        ladder.clear();
        prop_assert!(ladder.iter().next().is_none());
    }
}

#[test]
fn thousands_of_levels_split_and_empty_the_chunks() {
    let (mut ladder, mut map) = (Ladder::<u32>::default(), BTreeMap::new());
    let mut key = 1_i64;
    for value in 1..=6_000_u32 {
        key = (key.wrapping_mul(1_103_515_245).wrapping_add(12_345)) & 0xFFFF;
        ladder.set(key, value);
        map.insert(key, value);
    }
    agree(&ladder, &map);
    while let Some((key, value)) = map.pop_last() {
        assert_eq!(ladder.remove(key), Some(value));
        assert_eq!(ladder.best().map(|(key, _)| key), map.last_key_value().map(|(key, _)| *key));
    }
    assert!(ladder.is_empty());
}

/// Where the levels lie, and how many of them have no place in the window.
fn far(ladder: &Ladder<u32>) -> usize {
    ladder.rest.far.len()
}

#[test]
fn the_window_finds_the_grid_follows_the_touch_and_grows_with_the_levels() {
    let mut ladder = Ladder::<u32>::default();
    // Levels a hundred apart, beginning with the worst.
    let at = |step: i64| 1_000_000 + 100 * step;
    for step in 0..10 {
        ladder.set(at(step), 1);
    }
    assert!(ladder.window.len() == PLACES_MIN && far(&ladder) < 10, "{} far", far(&ladder));
    // The touch goes up by far more than the window is wide.
    for step in 10..3_000 {
        ladder.set(at(step), 1);
        ladder.remove(at(step - 10));
    }
    assert!(ladder.len() == 10 && far(&ladder) < 10, "{} far", far(&ladder));
    // And down again, below the window.
    for step in (0..2_990).rev() {
        ladder.set(at(step), 1);
        ladder.remove(at(step + 10));
    }
    assert!(ladder.len() == 10 && far(&ladder) < 10, "{} far", far(&ladder));
    assert_eq!(ladder.window.len(), PLACES_MIN);
    for step in 0..2_000 {
        ladder.set(at(-step), 1);
    }
    ladder.set(at(-3_000), 1);
    for _ in 0..5_000 {
        ladder.set(at(-3_000), 1);
    }
    assert!(ladder.window.len() > 2_000 && far(&ladder) < 2, "{} of {}", far(&ladder), ladder.window.len());
}
