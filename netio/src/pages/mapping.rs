//! Memory from the kernel in whole huge pages: map, fault in, grow, give back.
//!
//! Goal: each step that can fail says so and leaves nothing behind. Non-goal: knowing who has what; lengths here are whole huge pages, and
//! addresses begin at one. Pages of the reserved pools are `pool.rs`'s.
// Why unsafe: these are system calls on raw memory, and no safe binding can know who else uses it.
#![allow(unsafe_code)]

use std::io;
use std::ptr::{self, NonNull};
use std::slice;

/// A huge page of x86-64, and of aarch64 with pages of 4 KiB. Elsewhere it is a unit like another, and the kernel may give less.
pub(super) const HUGE_PAGE: usize = 2 << 20;

/// The smallest page there is, by which a kernel without `MADV_POPULATE_WRITE` is made to fault memory in.
const PAGE: usize = 4096;

const READ_WRITE: libc::c_int = libc::PROT_READ | libc::PROT_WRITE;
const ANONYMOUS: libc::c_int = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;

/// Zeroed memory at a multiple of `align`, a power of two and at least a huge page, for which transparent huge pages were asked.
pub(super) fn map_transparent(len: usize, align: usize) -> Option<NonNull<u8>> {
    // Longer by what may lie before the first multiple; what is too much goes back at once.
    let spare = align - PAGE;
    let whole = mmap(len.checked_add(spare)?, ANONYMOUS)?;
    let before = whole.as_ptr().align_offset(align);
    // SAFETY: at most `spare`, and the mapping is longer by that.
    let block = unsafe { whole.add(before) };
    // SAFETY: the end of what is kept, inside the mapping or its end.
    let after = unsafe { block.add(len) };
    // A failure to give back costs addresses, not memory: nothing there was touched.
    // SAFETY: the part of the new mapping that is not kept.
    let _ = before == 0 || unsafe { unmap(whole, before) };
    // SAFETY: the part of the new mapping that is not kept.
    let _ = before == spare || unsafe { unmap(after, spare - before) };
    // SAFETY: mapped above. The advice changes no content. A kernel without transparent huge pages refuses, and small ones it is.
    unsafe { libc::madvise(block.as_ptr().cast(), len, libc::MADV_HUGEPAGE) };
    Some(block)
}

/// Makes a block of anonymous memory longer, where it lies or at another multiple of `align`; its pages are moved, not copied. Bytes beyond
/// `len` are zero. `None` when that cannot be had, with the block as it was: memory of the reserved pool cannot grow, for one.
///
/// # Safety
/// `block` is mapped for `len` and the caller's own. When a block comes back, the old one is gone.
pub(super) unsafe fn grow(block: NonNull<u8>, len: usize, new_len: usize, align: usize) -> Option<NonNull<u8>> {
    // SAFETY: the caller's block; it stays where it is.
    let grown = unsafe { libc::mremap(block.as_ptr().cast(), len, new_len, 0) };
    if grown != libc::MAP_FAILED {
        return Some(block);
    }
    // The kernel would move it to any page, and the huge pages under it would be lost: the place is chosen beforehand.
    let place = map_transparent(new_len, align)?;
    let flags = libc::MREMAP_MAYMOVE | libc::MREMAP_FIXED;
    // SAFETY: the caller's block is moved over the mapping made above, of the same new length, which nobody else knows.
    let moved = unsafe { libc::mremap(block.as_ptr().cast(), len, new_len, flags, place.as_ptr()) };
    // After a failure the place is left alone, at the cost of its addresses: the kernel may have cleared it already, and then it may be
    // another thread's by now.
    (moved != libc::MAP_FAILED).then_some(place)
}

/// Gives memory back to the kernel. False when the kernel refuses, which it may when the process has too many mappings to cut one more.
///
/// # Safety
/// Whole pages, mapped by this module, that nobody will use again.
pub(super) unsafe fn unmap(block: NonNull<u8>, len: usize) -> bool {
    // SAFETY: by the caller's promise.
    unsafe { libc::munmap(block.as_ptr().cast(), len) == 0 }
}

/// How far a block is faulted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Populated {
    /// Every page is there.
    All,
    /// There is not enough memory, or not for this process.
    Refused,
    /// This kernel does not do that.
    Unsupported,
}

/// Has the kernel fault memory in, contents unchanged.
///
/// # Safety
/// The memory is mapped, readable and writable.
pub(super) unsafe fn populate(block: NonNull<u8>, len: usize) -> Populated {
    // SAFETY: by the caller's promise. The call changes no content.
    if unsafe { libc::madvise(block.as_ptr().cast(), len, libc::MADV_POPULATE_WRITE) } == 0 {
        return Populated::All;
    }
    match io::Error::last_os_error().raw_os_error() {
        // Unknown to the kernel, or kept from this process by a filter of system calls.
        Some(libc::EINVAL | libc::ENOSYS | libc::EPERM) => Populated::Unsupported,
        _ => Populated::Refused,
    }
}

/// Has the pages of a range come from one NUMA node only. False when the kernel refuses.
///
/// # Safety
/// The memory is mapped.
pub(super) unsafe fn bind(block: NonNull<u8>, len: usize, node: usize) -> bool {
    let Some(nodes) = NodeMask::of(node) else { return false };
    let (words, bits) = nodes.parts();
    // SAFETY: the range is mapped by the caller's promise; the mask is as long as said, and read before the call returns.
    unsafe { libc::syscall(libc::SYS_mbind, block.as_ptr(), len, libc::MPOL_BIND, words, bits, 0) == 0 }
}

/// Has the pages that this thread, and those that it starts from now on, touch first come from one NUMA node as long as it has any. False
/// when the kernel refuses.
pub(super) fn prefer(node: usize) -> bool {
    let Some(nodes) = NodeMask::of(node) else { return false };
    let (words, bits) = nodes.parts();
    // SAFETY: the mask is as long as said, and read before the call returns; a policy changes no content.
    unsafe { libc::syscall(libc::SYS_set_mempolicy, libc::MPOL_PREFERRED, words, bits) == 0 }
}

/// One NUMA node, as the kernel reads sets of them.
struct NodeMask([libc::c_ulong; NODES_MAX / WORD_BITS]);

/// As many as Linux can be built for.
const NODES_MAX: usize = 1024;
const WORD_BITS: usize = libc::c_ulong::BITS as usize;

impl NodeMask {
    fn of(node: usize) -> Option<Self> {
        let mut words = [0; NODES_MAX / WORD_BITS];
        *words.get_mut(node / WORD_BITS)? = 1 << (node % WORD_BITS);
        Some(Self(words))
    }

    /// The address of the words, and one more than the bits in them, which is what the kernel wants.
    const fn parts(&self) -> (*const libc::c_ulong, usize) {
        (self.0.as_ptr(), NODES_MAX + 1)
    }
}

/// Faults fresh memory in by writing to each page of it.
///
/// # Safety
/// The memory is mapped, zero, and nobody else's.
pub(super) unsafe fn touch(block: NonNull<u8>, len: usize) {
    // SAFETY: by the caller's promise.
    let bytes = unsafe { slice::from_raw_parts_mut(block.as_ptr(), len) };
    bytes.iter_mut().step_by(PAGE).for_each(|byte| *byte = 0);
    std::hint::black_box(bytes);
}

fn mmap(len: usize, flags: libc::c_int) -> Option<NonNull<u8>> {
    // SAFETY: a new mapping at a place of the kernel's choice touches nothing that exists.
    let block = unsafe { libc::mmap(ptr::null_mut(), len, READ_WRITE, flags, -1, 0) };
    if block == libc::MAP_FAILED { None } else { NonNull::new(block.cast()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEN: usize = 2 * HUGE_PAGE;

    #[test]
    fn populated_memory_and_touched_memory_are_there_and_zero() {
        let populated = map_transparent(LEN, HUGE_PAGE).expect("4 MiB");
        // SAFETY: mapped above, and this test's.
        let outcome = unsafe { populate(populated, LEN) };
        assert!(matches!(outcome, Populated::All | Populated::Unsupported), "{outcome:?}");
        let touched = map_transparent(LEN, HUGE_PAGE).expect("4 MiB");
        // SAFETY: mapped above, and this test's.
        unsafe { touch(touched, LEN) };
        for (block, is_there) in [(populated, outcome == Populated::All), (touched, true)] {
            assert_eq!(resident_pages(block), if is_there { LEN / PAGE } else { 0 });
            // SAFETY: mapped above, and zeroed by the kernel.
            assert!(unsafe { slice::from_raw_parts(block.as_ptr(), LEN) }.iter().all(|byte| *byte == 0));
            // SAFETY: mapped above, and not used again.
            assert!(unsafe { unmap(block, LEN) });
        }
    }

    #[test]
    fn populating_what_may_not_be_written_is_refused() {
        let block = map_transparent(LEN, HUGE_PAGE).expect("4 MiB");
        // SAFETY: mapped above, and this test's.
        assert_eq!(unsafe { libc::mprotect(block.as_ptr().cast(), LEN, libc::PROT_NONE) }, 0);
        // SAFETY: the call looks at the protection before it touches anything.
        assert_ne!(unsafe { populate(block, LEN) }, Populated::All);
        // SAFETY: mapped above, and not used again.
        assert!(unsafe { unmap(block, LEN) });
    }

    #[test]
    fn a_block_with_a_neighbour_moves_to_an_aligned_place_with_what_it_holds() {
        let block = map_transparent(2 * LEN, HUGE_PAGE).expect("8 MiB");
        // SAFETY: inside the mapping.
        let neighbour = unsafe { block.add(LEN) };
        // SAFETY: mapped above, and this test's.
        unsafe { block.write(7) };
        // SAFETY: the first half is grown; the second lies in the way.
        let moved = unsafe { grow(block, LEN, 4 * LEN, 4 * HUGE_PAGE) }.expect("16 MiB");
        assert!(moved != block && moved.as_ptr().align_offset(4 * HUGE_PAGE) == 0);
        // SAFETY: grown above to this length, zero beyond the old one.
        let bytes = unsafe { slice::from_raw_parts(moved.as_ptr(), 4 * LEN) };
        assert_eq!(bytes[0], 7);
        assert!(bytes[1..].iter().all(|byte| *byte == 0));
        // SAFETY: the first half has moved away; the second is still where it was.
        assert!(unsafe { unmap(neighbour, LEN) });
        // SAFETY: mapped above, and not used again.
        assert!(unsafe { unmap(moved, 4 * LEN) });
    }

    #[test]
    fn more_than_there_can_be_is_none() {
        assert_eq!(map_transparent(1 << 60, HUGE_PAGE), None);
        assert_eq!(map_transparent(usize::MAX - HUGE_PAGE, HUGE_PAGE), None);
    }

    #[test]
    fn a_node_can_be_chosen_and_one_that_is_not_there_is_refused() {
        let block = map_transparent(LEN, HUGE_PAGE).expect("4 MiB");
        // SAFETY: mapped above, and this test's.
        if unsafe { bind(block, LEN, 0) } {
            // SAFETY: as above.
            assert_eq!(unsafe { populate(block, LEN) }, Populated::All);
            assert!(prefer(0) && !prefer(NODES_MAX - 1) && !prefer(usize::MAX));
        } else {
            eprintln!("this kernel has no NUMA policies: only the refusal is tested");
        }
        // SAFETY: mapped above, and this test's.
        assert!(!unsafe { bind(block, LEN, NODES_MAX - 1) });
        // SAFETY: mapped above, and not used again.
        assert!(unsafe { unmap(block, LEN) });
    }

    fn resident_pages(block: NonNull<u8>) -> usize {
        let mut resident = vec![0_u8; LEN / PAGE];
        // SAFETY: the block is mapped for LEN, and there is a byte for each of its pages.
        let status = unsafe { libc::mincore(block.as_ptr().cast(), LEN, resident.as_mut_ptr()) };
        assert_eq!(status, 0);
        resident.iter().filter(|byte| **byte & 1 == 1).count()
    }
}
