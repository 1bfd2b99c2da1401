use std::collections::BTreeMap;

use wire::{SessionIndex, UserRefNum};

use super::*;

/// Keys that come in every pattern that a client may choose: in a row, in sixteens, all over.
fn key(random: u64) -> OrderKey {
    let session = SessionIndex(u16::try_from(random >> 62).unwrap());
    let number = u32::try_from(random >> 33 & 127).unwrap();
    OrderKey::new(
        session,
        UserRefNum(match random >> 60 & 3 {
            0 => number,
            1 => number * 16,
            2 => number * 16 * 1024,
            _ => number.wrapping_mul(0x9E37_79B9),
        }),
    )
}

/// Random insertions and removals against a map, in an index that begins with few homes.
fn agree(seed: u64, keys_max: u32, steps: u32, key: impl Fn(u64) -> OrderKey) {
    let mut index = KeyIndex::starting_with(8, keys_max);
    let mut keys = vec![OrderKey::default(); keys_max as usize];
    let mut free: Vec<u32> = (0..keys_max).collect();
    let mut model: BTreeMap<OrderKey, u32> = BTreeMap::new();
    let mut state = seed;
    for _ in 0..steps {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let key = key(state);
        let (found, position) = index.find(key, |slot| keys[slot as usize]);
        assert_eq!(found, model.get(&key).copied().unwrap_or(NIL));
        match (model.get(&key).copied(), free.pop()) {
            (Some(slot), top) => {
                free.extend(top);
                index.remove_at(position, |slot| keys[slot as usize]);
                model.remove(&key);
                free.push(slot);
            }
            (None, Some(slot)) => {
                keys[slot as usize] = key;
                index.insert_at(position, slot, |slot| keys[slot as usize]);
                model.insert(key, slot);
            }
            (None, None) => {
                let (gone, slot) = model.pop_first().unwrap();
                index.remove(gone, slot, |slot| keys[slot as usize]);
                free.push(slot);
            }
        }
        assert_eq!(index.len() as usize, model.len());
    }
    for (&key, &slot) in &model {
        assert_eq!(index.find(key, |slot| keys[slot as usize]).0, slot);
    }
}

#[test]
fn random_keys_agree_with_a_map_in_an_index_that_is_kept_full() {
    agree(7, 50, 200_000, key);
}

#[test]
fn random_keys_agree_with_a_map_while_the_homes_grow() {
    for seed in 0..300 {
        agree(seed, 700, 1_500, key);
    }
}

#[test]
fn keys_made_to_meet_agree_with_a_map_while_the_homes_grow() {
    // Numbers of two lanes that have one home as long as there are 64 homes or fewer, and then two.
    let meet = |number: &u32| {
        let hash = Hash::of(OrderKey::new(SessionIndex(0), UserRefNum(*number)));
        hash.home / LANES % 64 == 3 && hash.home % LANES < 2
    };
    let numbers: Vec<u32> = (0..400_000).filter(meet).collect();
    assert!(numbers.len() > 500, "{}", numbers.len());
    let random = |bits: u64| {
        let at = usize::try_from(bits >> 40).unwrap() % numbers.len();
        OrderKey::new(SessionIndex(0), UserRefNum(numbers[at]))
    };
    for seed in 0..20 {
        agree(seed, 600, 1_500, random);
    }
}

#[test]
fn a_client_that_counts_in_sixteens_finds_room_and_short_ways() {
    const KEYS: u32 = 4096;
    for step in [1, 2, 16, 256, 65_536] {
        let mut index = KeyIndex::new(KEYS);
        let keys: Vec<OrderKey> =
            (0..KEYS).map(|number| OrderKey::new(SessionIndex(1), UserRefNum(number * step))).collect();
        let mut ways = 0;
        for (slot, &key) in (0..).zip(&keys) {
            index.insert(key, slot, |slot| keys[slot as usize]);
            let home = index.home(Hash::of(key)).at;
            let (found, position) = index.find(key, |slot| keys[slot as usize]);
            assert_eq!(found, slot);
            ways += index.steps(home, position.at);
        }
        assert!(ways < 4 * KEYS as usize, "step {step}: {ways} lines passed for {KEYS} keys");
    }
}
