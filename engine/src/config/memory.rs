//! `[memory]`: what the large tables lie on, and whether memory stays where it is.

use super::error::ConfigError;
use super::reader::Reader;
use netio::pages::{Lock, PageSize, ReservedPages};

/// The memory of the appliance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// Which reserved pages tables may take.
    pub huge_pages: ReservedPages,
    /// Whether all memory is locked once the tables are made.
    pub lock: Lock,
}

impl Memory {
    pub(super) fn read(&mut self, mut reader: Reader<'_>) -> Result<(), ConfigError> {
        let pages = [
            ("auto", ReservedPages::Any),
            ("1G", ReservedPages::Only(PageSize::Gigabyte)),
            ("2M", ReservedPages::Only(PageSize::TwoMegabytes)),
            ("none", ReservedPages::None),
        ];
        reader.choice("huge_pages", &pages, &mut self.huge_pages)?;
        reader.choice("lock", &[("auto", Lock::Auto), ("on", Lock::On), ("off", Lock::Off)], &mut self.lock)?;
        reader.finish()
    }
}
