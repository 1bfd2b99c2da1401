//! A process that may not have the memory: an error, and no harm to what it has.

use crate::{MIB, MIB_U64, Turn, large_bytes};
use std::process::Command;

/// Set in the child that has the limit.
const CHILD: &str = "PINION_TEST_LIMITED";
const NAME: &str = "limit::beyond_a_limit_there_is_an_error_and_nothing_is_lost";
const LIMIT_KIB: usize = 512 * 1024;

#[test]
fn beyond_a_limit_there_is_an_error_and_nothing_is_lost() {
    if std::env::var_os(CHILD).is_some() {
        for prefault in [false, true] {
            live_within_the_limit(prefault);
        }
        println!("held");
        return;
    }
    // The shell's limit on addresses, because setting one from within is not safe code.
    let child = Command::new("sh")
        .args(["-c", &format!("ulimit -v {LIMIT_KIB}; exec \"$@\""), "sh"])
        .arg(std::env::current_exe().expect("this program"))
        .args(["--exact", NAME, "--nocapture", "--test-threads=1"])
        .env(CHILD, "1")
        .output()
        .expect("a shell");
    let said = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success() && said.contains("held"), "{child:?}");
}

fn live_within_the_limit(prefault: bool) {
    let _turn = Turn::take(prefault);
    let begin = large_bytes();
    let mut beyond: Vec<u8> = Vec::new();
    assert!(beyond.try_reserve_exact(1024 * MIB).is_err(), "expected an error beyond the limit");
    assert!(beyond.try_reserve_exact(1 << 60).is_err(), "expected an error beyond all memory");

    let mut within = vec![7_u8; 64 * MIB];
    assert!(within.try_reserve_exact(1024 * MIB).is_err(), "expected an error when it grows beyond the limit");
    assert!(within.len() == 64 * MIB && within.iter().all(|byte| *byte == 7));
    assert_eq!(large_bytes() - begin, 64 * MIB_U64);
    within.resize(100 * MIB, 8);
    assert!(within[..64 * MIB].iter().all(|byte| *byte == 7) && within[64 * MIB..].iter().all(|byte| *byte == 8));
    drop(within);
    assert_eq!(large_bytes(), begin);
    // Failures leave nothing behind: many of them do not use the limit up.
    for _ in 0..1_000 {
        assert!(beyond.try_reserve_exact(1024 * MIB).is_err());
    }
    drop(vec![1_u8; 100 * MIB]);
}
