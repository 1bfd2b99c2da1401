//! Where a segment holds nothing yet.
//!
//! Goal: the zeros of a segment, most of it as a rule, are passed over a page at a time. Non-goal: what lies before them.

const PAGE: usize = 4096;
static ZEROS: [u8; PAGE] = [0; PAGE];

/// Whether all of it is zeros.
pub(super) fn is_blank(bytes: &[u8]) -> bool {
    bytes.chunks(PAGE).all(|page| *page == ZEROS[..page.len()])
}

/// How many bytes there are up to the last one that is not zero.
pub(super) fn used_len(bytes: &[u8]) -> usize {
    let blank = bytes.rchunks(PAGE).take_while(|page| **page == ZEROS[..page.len()]).count();
    let rest = &bytes[..bytes.len().saturating_sub(blank * PAGE)];
    rest.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_byte_is_found_wherever_it_is() {
        for len in [0, 1, PAGE - 1, PAGE, PAGE + 1, 3 * PAGE + 7] {
            let mut bytes = vec![0; len];
            assert!(is_blank(&bytes) && used_len(&bytes) == 0, "{len}");
            for at in (0..len).step_by(61).chain(len.checked_sub(1)) {
                bytes[at] = 1;
                assert!(!is_blank(&bytes) && used_len(&bytes) == at + 1, "{at} of {len}");
                bytes[at] = 0;
            }
        }
    }
}
