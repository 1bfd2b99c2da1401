//! What a clock counts: the processor's cycle counter where its rate is constant, else the system's monotonic clock.
// Why unsafe: the cycle counter is an instruction without a safe wrapper in the standard library.
#![allow(unsafe_code)]

use std::time::Instant;

/// A counter that only grows, at a constant rate.
#[derive(Debug, Clone, Copy)]
pub(super) enum Counter {
    /// The x86 time stamp counter.
    #[cfg(target_arch = "x86_64")]
    Tsc,
    /// Nanoseconds since a moment in this process's life.
    Monotonic(Instant),
}

impl Counter {
    pub(super) fn best() -> Self {
        #[cfg(target_arch = "x86_64")]
        if tsc_is_invariant() {
            return Self::Tsc;
        }
        Self::monotonic()
    }

    pub(super) fn monotonic() -> Self {
        Self::Monotonic(Instant::now())
    }

    #[inline]
    pub(super) fn read(self) -> u64 {
        match self {
            // Not serialising: the reading may be some ten cycles early, which is below what the clock promises.
            #[cfg(target_arch = "x86_64")]
            #[allow(unused_unsafe, reason = "safe in newer standard libraries")]
            // SAFETY: every x86_64 processor has the instruction, and Linux lets user code execute it.
            Self::Tsc => unsafe { core::arch::x86_64::_rdtsc() },
            // 64 bits of nanoseconds last 584 years.
            Self::Monotonic(origin) => u64::try_from(origin.elapsed().as_nanos()).unwrap_or(u64::MAX),
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Tsc => "tsc",
            Self::Monotonic(_) => "monotonic",
        }
    }
}

/// Whether the counter's rate is the same in every power state, and it does not stop: leaf 8000_0007, EDX bit 8.
#[cfg(target_arch = "x86_64")]
fn tsc_is_invariant() -> bool {
    #[allow(unused_unsafe, reason = "safe in newer standard libraries")]
    let cpuid = |leaf| {
        // SAFETY: every x86_64 processor has the instruction.
        unsafe { core::arch::x86_64::__cpuid(leaf) }
    };
    const POWER_LEAF: u32 = 0x8000_0007;
    cpuid(0x8000_0000).eax >= POWER_LEAF && cpuid(POWER_LEAF).edx & (1 << 8) != 0
}
