//! What a look at the counters found: plain numbers, by name.

use std::sync::Arc;

use wire::Nanos;
use wire::counters::{FieldKind, histogram};

/// Where a field lies in a row's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FieldPlace {
    pub(super) word: usize,
    pub(super) kind: FieldKind,
}

/// The fields of a group by name.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fields(pub(super) Vec<(String, FieldPlace)>);

impl Fields {
    fn find(&self, name: &str) -> Option<FieldPlace> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, place)| *place)
    }
}

/// All numbers of an appliance, as found one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// When.
    pub taken: Nanos,
    /// The groups, in the order of the file.
    pub groups: Vec<Group>,
}

/// The rows of one kind that are in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// What they are.
    pub name: Arc<str>,
    pub(super) fields: Arc<Fields>,
    /// One after the other, as they stand in the file.
    pub rows: Vec<SnapshotRow>,
}

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotRow {
    /// Whose it is.
    pub label: String,
    pub(super) fields: Arc<Fields>,
    pub(super) words: Vec<u64>,
}

impl Snapshot {
    /// The rows of a group; none when this file has no such group.
    #[must_use]
    pub fn rows(&self, group: &str) -> &[SnapshotRow] {
        self.groups.iter().find(|known| &*known.name == group).map_or(&[], |group| &group.rows)
    }

    /// A row by group and label.
    #[must_use]
    pub fn row(&self, group: &str, label: &str) -> Option<&SnapshotRow> {
        self.rows(group).iter().find(|row| row.label == label)
    }

    /// A number of the first row of a group: for groups of one row.
    #[must_use]
    pub fn get(&self, group: &str, field: &str) -> Option<u64> {
        self.rows(group).first()?.get(field)
    }
}

impl Group {
    /// The names and kinds of the fields, in order.
    pub fn fields(&self) -> impl Iterator<Item = (&str, FieldKind)> {
        self.fields.0.iter().map(|(name, place)| (name.as_str(), place.kind))
    }
}

impl SnapshotRow {
    /// A number; `None` when this file has no such field, or it is a histogram.
    #[must_use]
    pub fn get(&self, field: &str) -> Option<u64> {
        let place = self.fields.find(field).filter(|place| place.kind != FieldKind::Histogram)?;
        self.words.get(place.word).copied()
    }

    /// A signed number.
    #[must_use]
    pub fn get_signed(&self, field: &str) -> Option<i64> {
        self.get(field).map(u64::cast_signed)
    }

    /// A histogram.
    #[must_use]
    pub fn histogram(&self, field: &str) -> Option<Histogram> {
        let place = self.fields.find(field).filter(|place| place.kind == FieldKind::Histogram)?;
        let words = self.words.get(place.word..place.word + histogram::WORDS)?;
        let (sum_ns, max_ns) = (words[histogram::SUM], words[histogram::MAX]);
        Some(Histogram { sum_ns, max_ns, buckets: words[histogram::FIRST_BUCKET..].to_vec() })
    }
}

/// Durations as they were distributed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    sum_ns: u64,
    max_ns: u64,
    buckets: Vec<u64>,
}

impl Histogram {
    /// How many.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }

    /// The sum of all, ns.
    #[must_use]
    pub const fn sum_ns(&self) -> u64 {
        self.sum_ns
    }

    /// The longest since the writer's start, ns.
    #[must_use]
    pub const fn max_ns(&self) -> u64 {
        self.max_ns
    }

    /// The duration that `per_million` of a million do not exceed, ns, to a sixteenth; `None` without any: 500,000 is the median, 999,000
    /// what one of a thousand exceeds.
    #[must_use]
    pub fn percentile_ns(&self, per_million: u64) -> Option<u64> {
        let count = self.count();
        if count == 0 {
            return None;
        }
        let rank = u128::from(count) * u128::from(per_million.min(1_000_000));
        let rank = u64::try_from(rank.div_ceil(1_000_000)).unwrap_or(u64::MAX).max(1);
        let mut below = 0;
        let bucket = self.buckets.iter().position(|&in_bucket| {
            below += in_bucket;
            below >= rank
        })?;
        Some(histogram::longest_ns(bucket))
    }

    /// What came after an earlier look at the same histogram; all of it where that was of an earlier writer.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let grew = self.buckets.iter().zip(&earlier.buckets).all(|(now, before)| now >= before);
        if !grew || earlier.buckets.len() != self.buckets.len() {
            return self.clone();
        }
        let buckets = self.buckets.iter().zip(&earlier.buckets).map(|(now, before)| now - before).collect();
        Self { sum_ns: self.sum_ns.saturating_sub(earlier.sum_ns), max_ns: self.max_ns, buckets }
    }

    /// How many did not exceed each bucket's longest duration, for buckets in which something is: bound in ns, and count up to it.
    pub fn cumulative(&self) -> impl Iterator<Item = (u64, u64)> {
        let mut below = 0;
        self.buckets.iter().enumerate().filter_map(move |(bucket, &count)| {
            below += count;
            (count > 0).then(|| (histogram::longest_ns(bucket), below))
        })
    }
}
