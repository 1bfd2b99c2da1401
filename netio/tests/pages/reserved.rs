//! The reserved pool. Changes the machine, for root only, and puts it back.

use crate::kernel::is_root;
use crate::{MIB, MIB_U64, Turn};
use netio::pages::{self, PageSize, Region, ReservedPages, Settings};
use std::fs;
use std::io::ErrorKind;
use std::time::{Duration, Instant};

const HUGE_PAGES: u64 = 16;

/// Some pages more in a pool, until dropped.
struct Pool {
    page: PageSize,
    before: u64,
}

impl Pool {
    /// `None` where it cannot be had, which only an ordinary user or a container may say.
    fn enlarge(page: PageSize, by: u64) -> Option<Self> {
        let Some(before) = pool_figure(page, "nr_hugepages") else {
            return absent(&format!("the kernel has no pool {}", page.pool()));
        };
        let pool = Self { page, before };
        let path = pool_path(page, "nr_hugepages");
        match fs::write(&path, (before + by).to_string()) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::ReadOnlyFilesystem || !is_root() => {
                return absent(&format!("{path} cannot be written: {error}"));
            }
            Err(error) => panic!("root writes {path}: {error}"),
        }
        if pool_figure(page, "nr_hugepages") < Some(before + by) {
            return absent("the kernel had not enough free memory in one piece");
        }
        Some(pool)
    }

    fn free(&self) -> u64 {
        pool_figure(self.page, "free_hugepages").expect("a number of pages")
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        let _ = fs::write(pool_path(self.page, "nr_hugepages"), self.before.to_string());
    }
}

fn pool_path(page: PageSize, figure: &str) -> String {
    format!("/sys/kernel/mm/hugepages/{}/{figure}", page.pool())
}

fn pool_figure(page: PageSize, figure: &str) -> Option<u64> {
    let pages = fs::read_to_string(pool_path(page, figure)).ok()?;
    Some(pages.trim().parse().expect("a number of pages"))
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
    let Some(pool) = Pool::enlarge(PageSize::TwoMegabytes, HUGE_PAGES) else { return };
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

#[test]
fn tables_lie_side_by_side_and_what_is_free_goes_back_to_the_pool() {
    let _turn = Turn::take(true);
    let Some(pool) = Pool::enlarge(PageSize::TwoMegabytes, HUGE_PAGES) else { return };
    pages::begin(&Settings { reserved: ReservedPages::Only(PageSize::TwoMegabytes), node: Some(0) });
    let begin = pages::huge_pages().bytes_hugetlb;
    let tables = [1_u8, 2, 3].map(|number| vec![number; 2 * MIB]);
    let region = Region::map(3 * MIB).expect("some memory");
    if pages::huge_pages().bytes_hugetlb - begin < 10 * MIB_U64 {
        eprintln!("another program has the pool: nothing tested");
        return;
    }
    let places = tables.each_ref().map(|table| table.as_ptr().addr());
    assert_eq!([places[1] - places[0], places[2] - places[1]], [2 * MIB; 2]);
    assert!(region.is_reserved() && region.start().addr().get() == places[2] + 2 * MIB);

    // The place in the middle is given back and taken again, and what was in it is gone.
    let free = pool.free();
    let [first, middle, last] = tables;
    drop(middle);
    assert_eq!(pool.free(), free + 1);
    let middle = vec![0_u8; 2 * MIB];
    assert_eq!((middle.as_ptr().addr(), pool.free()), (places[1], free));
    assert!(middle.iter().all(|byte| *byte == 0));
    assert!(first.iter().all(|byte| *byte == 1) && last.iter().all(|byte| *byte == 3));
    drop((first, middle, last, region));
    assert_eq!(pages::huge_pages().bytes_hugetlb, begin);
    assert_eq!(pool.free(), free + 5);

    // None are taken that nobody wished for, nor after the seal; then it is counted.
    pages::begin(&Settings { reserved: ReservedPages::None, node: None });
    assert!(!Region::map(1).expect("some memory").is_reserved());
    pages::begin(&Settings::default());
    pages::seal();
    let (tables, bytes) = pages::late_tables();
    let late = vec![1_u8; 2 * MIB];
    assert_eq!(pages::late_tables(), (tables + 1, bytes + 2 * MIB_U64));
    assert_eq!(pages::huge_pages().bytes_hugetlb, begin);
    drop(late);
}

#[test]
fn tables_share_a_page_of_a_gigabyte() {
    let _turn = Turn::take(true);
    let Some(pool) = Pool::enlarge(PageSize::Gigabyte, 1) else { return };
    pages::begin(&Settings { reserved: ReservedPages::Only(PageSize::Gigabyte), node: None });
    let begin = pages::huge_pages().bytes_hugetlb;
    let free = pool.free();
    let first = vec![1_u8; 4 * MIB];
    if pages::huge_pages().bytes_hugetlb == begin {
        eprintln!("another program has the pool: nothing tested");
        return;
    }
    let second = vec![2_u8; 4 * MIB];
    assert_eq!(second.as_ptr().addr() - first.as_ptr().addr(), 4 * MIB);
    assert_eq!(pool.free(), free - 1);
    // The page stays for the sake of the other table, and so must be zeroed.
    drop(first);
    assert_eq!(pool.free(), free - 1);
    let again = vec![0_u8; 4 * MIB];
    assert!(again.as_ptr().addr() < second.as_ptr().addr() && again.iter().all(|byte| *byte == 0));
    drop((second, again));
    assert_eq!(pool.free(), free);
}
