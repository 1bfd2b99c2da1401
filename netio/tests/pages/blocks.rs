//! Alignment, zeros, growing and shrinking, and that memory comes and goes.

use crate::kernel::{has_transparent, resident_bytes};
use crate::{MIB, MIB_U64, Turn, large_bytes};
use netio::pages;

fn address<T>(of: &[T]) -> usize {
    of.as_ptr().addr()
}

/// Recognisable at every place.
fn pattern(at: usize) -> u8 {
    (at % 251).to_le_bytes()[0]
}

#[test]
fn large_blocks_begin_at_a_huge_page_and_small_ones_are_the_systems() {
    let _turn = Turn::take(false);
    let before = large_bytes();
    let small = vec![1_u8; 2 * MIB - 1];
    assert_eq!(large_bytes(), before);
    let exact = vec![1_u8; 2 * MIB];
    assert_eq!(large_bytes(), before + 2 * MIB_U64);
    let odd = vec![1_u8; 2 * MIB + 1];
    assert_eq!(large_bytes(), before + 6 * MIB_U64, "rounded up to whole huge pages");
    assert_eq!([address(&exact) % (2 * MIB), address(&odd) % (2 * MIB)], [0, 0]);
    drop((small, exact, odd));
    assert_eq!(large_bytes(), before);
}

#[test]
fn more_alignment_than_a_huge_page_is_kept() {
    #[repr(align(16_777_216))]
    struct Wide(#[expect(dead_code, reason = "only its size matters")] [u8; 3 * MIB]);
    let _turn = Turn::take(true);
    let wide: Box<[std::mem::MaybeUninit<Wide>]> = Box::new_uninit_slice(2);
    assert_eq!((address(&wide) % (16 * MIB), size_of_val(&*wide)), (0, 32 * MIB));
}

#[test]
fn zeroed_memory_is_zero_when_it_was_another_blocks_before() {
    for prefault in [false, true] {
        let _turn = Turn::take(prefault);
        for _ in 0..3 {
            let mut block = vec![0_u64; MIB];
            assert!(block.iter().all(|word| *word == 0));
            block.fill(u64::MAX);
        }
    }
}

#[test]
fn what_a_block_holds_survives_every_change_of_its_length() {
    for prefault in [false, true] {
        let _turn = Turn::take(prefault);
        let before = large_bytes();
        let mut block: Vec<u8> = Vec::new();
        // A neighbour now and then, so that not every growth finds room where it is.
        let mut neighbours = Vec::new();
        for len in [MIB, 3 * MIB, 4 * MIB, 5 * MIB, 17 * MIB, 18 * MIB + 1, 40 * MIB] {
            block.reserve_exact(len - block.len());
            block.extend((block.len()..len).map(pattern));
            neighbours.push(vec![0_u8; 2 * MIB]);
            assert!(len < 2 * MIB || address(&block).is_multiple_of(2 * MIB), "{len}");
        }
        for len in [40 * MIB, 33 * MIB, 5 * MIB, 4 * MIB, MIB] {
            block.truncate(len);
            block.shrink_to_fit();
            let wrong = block.iter().zip(0..).find(|(byte, at)| **byte != pattern(*at));
            assert_eq!((block.len(), wrong), (len, None));
            let neighbours = 2 * MIB * neighbours.len();
            let large = if len < 2 * MIB { 0 } else { len.next_multiple_of(2 * MIB) };
            assert_eq!(large_bytes() - before, (neighbours + large) as u64);
        }
        drop((block, neighbours));
        assert_eq!(large_bytes(), before);
    }
}

#[test]
fn memory_is_there_at_once_only_when_told_so_and_gone_when_freed() {
    const LEN: u64 = 64 * MIB_U64;
    for prefault in [false, true] {
        let _turn = Turn::take(prefault);
        let begin = resident_bytes();
        let block = vec![0_u8; 64 * MIB];
        // Pages of the reserved pool are not in the resident size, and are there by their nature.
        let there = resident_bytes().saturating_sub(begin) + pages::huge_pages().bytes_hugetlb;
        if prefault {
            assert!(there >= LEN - MIB_U64, "expected {LEN} bytes at once, found {there}");
        } else {
            assert!(there < LEN / 8, "expected none before it is touched, found {there}");
        }
        std::hint::black_box(&block);
        drop(block);
        let left = resident_bytes().saturating_sub(begin);
        assert!(left < LEN / 8, "expected it back with the kernel, found {left} bytes more than before");
    }
}

#[test]
fn transparent_huge_pages_are_used() {
    if !has_transparent() {
        eprintln!("the kernel gives this process no transparent huge pages: nothing tested");
        return;
    }
    let _turn = Turn::take(true);
    let before = pages::huge_pages();
    let block = vec![0_u8; 64 * MIB];
    let pages = pages::huge_pages();
    if pages.bytes_hugetlb > before.bytes_hugetlb {
        eprintln!("the reserved pool took it: nothing tested");
        return;
    }
    let huge = (pages.bytes_transparent_asked - pages.bytes_small) / MIB_U64;
    // A machine whose memory is in pieces may have few; none would say that nobody asked.
    assert!(huge >= 2, "expected huge pages under 64 MiB, found {huge} MiB: {pages}");
    std::hint::black_box(&block);
}

#[test]
fn blocks_come_and_go_on_many_threads() {
    let _turn = Turn::take(true);
    let before = large_bytes();
    std::thread::scope(|scope| {
        for thread in 0..4_u8 {
            scope.spawn(move || {
                for round in 0..20 {
                    let mut block = vec![thread; 2 * MIB + round];
                    block.resize(5 * MIB, thread);
                    assert!(block.iter().all(|byte| *byte == thread));
                }
            });
        }
    });
    assert_eq!(large_bytes(), before);
}
