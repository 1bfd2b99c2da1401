//! The reserved pool. Changes the machine, for root only, and puts it back.

use crate::kernel::is_root;
use crate::{MIB, MIB_U64, Turn};
use netio::pages;
use std::fs;
use std::io::ErrorKind;
use std::time::{Duration, Instant};

const POOL: &str = "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages";
const HUGE_PAGES: u64 = 16;

/// Some pages more in the pool, until dropped.
struct Pool {
    before: u64,
}

impl Pool {
    /// `None` where it cannot be had, which only an ordinary user or a container may say.
    fn enlarge() -> Option<Self> {
        let Some(before) = pool_pages() else { return absent("the kernel has no reserved huge pages of 2 MiB") };
        let pool = Self { before };
        match fs::write(POOL, (before + HUGE_PAGES).to_string()) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::ReadOnlyFilesystem || !is_root() => {
                return absent(&format!("{POOL} cannot be written: {error}"));
            }
            Err(error) => panic!("root writes {POOL}: {error}"),
        }
        if pool_pages() < Some(before + HUGE_PAGES) {
            return absent("the kernel had not enough free memory in one piece");
        }
        Some(pool)
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        let _ = fs::write(POOL, self.before.to_string());
    }
}

fn pool_pages() -> Option<u64> {
    fs::read_to_string(POOL).ok().map(|pages| pages.trim().parse().expect("a number of pages"))
}

fn absent(why: &str) -> Option<Pool> {
    eprintln!("{why}: nothing tested");
    None
}

/// Zeros on pages of the pool. Other programs may use it for a moment.
fn from_the_pool(len: usize) -> Vec<u8> {
    let since = Instant::now();
    let before = pages::huge_pages().bytes_hugetlb;
    loop {
        let block = vec![0; len];
        if pages::huge_pages().bytes_hugetlb > before {
            return block;
        }
        assert!(since.elapsed() < Duration::from_secs(2), "expected pages of the pool, found {}", pages::huge_pages());
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn the_reserved_pool_is_used_as_far_as_it_goes() {
    let turn = Turn::take(true);
    let Some(pool) = Pool::enlarge() else { return };
    let begin = pages::huge_pages();

    let half = 16 * MIB;
    let mut block = from_the_pool(half - 1);
    let pages = pages::huge_pages();
    assert_eq!(pages.bytes_hugetlb - begin.bytes_hugetlb, 16 * MIB_U64);
    assert_eq!(pages.bytes_transparent_asked, begin.bytes_transparent_asked);
    assert!(block.as_ptr().addr().is_multiple_of(2 * MIB) && block.iter().all(|byte| *byte == 0));

    // More than the pool can have: a step down, with what the block held, and the pool has its pages again.
    block.fill(7);
    let more = usize::try_from(HUGE_PAGES + pool.before).expect("a pool") * 2 * MIB;
    block.resize(half + more, 8);
    let pages = pages::huge_pages();
    assert_eq!(pages.bytes_hugetlb, begin.bytes_hugetlb);
    assert!(pages.bytes_transparent_asked >= begin.bytes_transparent_asked + (half + more) as u64);
    assert!(block[..half - 1].iter().all(|byte| *byte == 7) && block[half - 1..].iter().all(|byte| *byte == 8));
    drop(block);

    // What is shrunk goes back in part, what is freed whole, and as often as one likes.
    for _ in 0..300 {
        drop(vec![0_u8; 2 * MIB]);
    }
    let mut block = from_the_pool(half);
    block.truncate(4 * MIB);
    block.shrink_to_fit();
    assert_eq!(pages::huge_pages().bytes_hugetlb - begin.bytes_hugetlb, 4 * MIB_U64);
    drop(block);
    assert_eq!(pages::huge_pages(), begin);

    // Not for what is not for good.
    drop(turn);
    let _turn = Turn::take(false);
    let block = vec![1_u8; half];
    assert_eq!(pages::huge_pages().bytes_hugetlb, begin.bytes_hugetlb);
    drop(block);
}
