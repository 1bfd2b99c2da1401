//! The writer's end: a file of counters, made whole before it gets its name.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use wire::counters::{
    CountersHeader, FieldKind, FieldName, FieldRecord, GroupName, GroupRecord, LABEL_LEN, Label, ShortText, histogram,
};
use wire::{Nanos, Reserved};

use super::CountersError;
use super::file::process_start;
use super::schema::GroupSchema;
use super::words::Words;

/// Which rows there are to be.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    groups: Vec<(GroupSchema, Vec<String>)>,
}

impl Plan {
    /// Adds a group with these rows; a row with an empty label is one that may come into use later.
    #[must_use]
    pub fn with(mut self, group: GroupSchema, labels: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.groups.push((group, labels.into_iter().map(Into::into).collect()));
        self
    }

    fn fields(&self) -> usize {
        self.groups.iter().map(|(group, _)| group.fields.len()).sum()
    }

    /// Where each group's rows begin, and the length of the file.
    fn places(&self) -> (Vec<usize>, usize) {
        let head = CountersHeader::SIZE + self.groups.len() * GroupRecord::SIZE + self.fields() * FieldRecord::SIZE;
        let mut end = head.next_multiple_of(128);
        let begin = |(group, labels): &(GroupSchema, Vec<String>)| {
            let begin = end;
            end += group.row_len() * labels.len();
            begin
        };
        let places = self.groups.iter().map(begin).collect();
        (places, end.next_multiple_of(4096))
    }

    /// Everything but the numbers.
    fn describe(&self, name: &str, now: Nanos) -> Option<Vec<u8>> {
        let (places, len) = self.places();
        let mut out = vec![0; len];
        let groups_offset = CountersHeader::SIZE;
        let fields_offset = groups_offset + self.groups.len() * GroupRecord::SIZE;
        let number = |count: usize| u32::try_from(count).ok();
        let header = CountersHeader {
            magic: [0; 8],
            version: 0,
            header_len: 0,
            file_len: len as u64,
            started: now,
            pid: std::process::id(),
            groups: number(self.groups.len())?,
            fields: number(self.fields())?,
            zero: 0,
            groups_offset: groups_offset as u64,
            fields_offset: fields_offset as u64,
            name: ShortText::new(name)?,
            program: ShortText::new(env!("CARGO_PKG_VERSION"))?,
            pid_started: process_start(std::process::id()).unwrap_or(0),
            reserved: Reserved,
            crc: 0,
        };
        out[..CountersHeader::SIZE].copy_from_slice(&header.to_bytes());
        let mut first_field = 0;
        for (index, ((group, labels), &place)) in self.groups.iter().zip(&places).enumerate() {
            let record = GroupRecord {
                name: GroupName::new(group.name)?,
                first_field: number(first_field)?,
                fields: number(group.fields.len())?,
                rows: number(labels.len())?,
                zero: 0,
                rows_offset: place as u64,
                row_len: group.row_len() as u64,
                reserved: Reserved,
            };
            record.encode(&mut out[groups_offset + index * GroupRecord::SIZE..])?;
            for (position, field) in group.fields.iter().enumerate() {
                let record = FieldRecord {
                    name: FieldName::new(field.name)?,
                    offset: number(group.offset(position))?,
                    len: number(8 * field.kind.words())?,
                    kind: field.kind,
                    reserved: Reserved,
                };
                record.encode(&mut out[fields_offset + (first_field + position) * FieldRecord::SIZE..])?;
            }
            first_field += group.fields.len();
            for (row, label) in labels.iter().enumerate() {
                let at = place + row * group.row_len();
                out[at..at + LABEL_LEN].copy_from_slice(&label_bytes(label));
            }
        }
        Some(out)
    }
}

/// A label as it stands in its row: what does not fit is cut, what is no text is a question mark.
fn label_bytes(label: &str) -> [u8; LABEL_LEN] {
    let mut bytes = Label::BLANK.0;
    let clean = label.chars().map(|c| u8::try_from(c).ok().filter(|byte| matches!(byte, b' '..=b'~')).unwrap_or(b'?'));
    bytes.iter_mut().zip(clean).for_each(|(byte, clean)| *byte = clean);
    bytes
}

/// A file of counters that is written. The file goes when it is dropped; a killed process leaves it, with what it last said.
#[derive(Debug)]
pub struct Region {
    words: Words,
    groups: Vec<(GroupSchema, usize, usize)>,
    path: Option<PathBuf>,
    stays: AtomicBool,
}

impl Region {
    /// Makes the file, in place of one that is there from an earlier process; without a path, memory of this process.
    ///
    /// # Errors
    /// The directory does not take it.
    ///
    /// # Panics
    /// The appliance's name is longer than 16 characters, or a group's name too long.
    pub fn create(path: Option<&Path>, name: &str, plan: &Plan, now: Nanos) -> Result<Arc<Self>, CountersError> {
        let image = plan.describe(name, now).expect("names are checked by the configuration and the schema's test");
        let words = match path {
            None => anonymous(&image).map_err(|source| CountersError::Create { path: PathBuf::new(), source })?,
            Some(path) => write(path, &image)
                .and_then(|file| Words::writable(&file))
                .map_err(|source| CountersError::Create { path: path.to_owned(), source })?,
        };
        let (places, _) = plan.places();
        let groups = plan.groups.iter().zip(places).map(|((group, labels), place)| (*group, place, labels.len()));
        Ok(Arc::new(Self {
            words,
            groups: groups.collect(),
            path: path.map(Path::to_owned),
            stays: AtomicBool::new(false),
        }))
    }

    /// The file stays when this is dropped: what it says last is of interest.
    pub fn stay(&self) {
        self.stays.store(true, Ordering::Relaxed);
    }

    /// A row of a group.
    ///
    /// # Panics
    /// The plan has no such group or row.
    #[must_use]
    pub fn row(self: &Arc<Self>, group: &GroupSchema, index: usize) -> Row {
        let (_, place, rows) =
            self.groups.iter().find(|(known, ..)| known.name == group.name).expect("the plan has the group");
        assert!(index < *rows, "group {} has {rows} rows, not a row {index}", group.name);
        Row { region: Arc::clone(self), group: *group, word: (place + index * group.row_len()) / 8 }
    }

    /// All rows of a group.
    #[must_use]
    pub fn rows(self: &Arc<Self>, group: &GroupSchema) -> Vec<Row> {
        let rows = self.groups.iter().find(|(known, ..)| known.name == group.name).map_or(0, |(.., rows)| *rows);
        (0..rows).map(|index| self.row(group, index)).collect()
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        if let Some(path) = self.path.as_ref().filter(|_| !self.stays.load(Ordering::Relaxed)) {
            // Whoever has it mapped still sees what it last said.
            let _ = fs::remove_file(path);
        }
    }
}

/// Writes a whole file and gives it its name.
fn write(path: &Path, image: &[u8]) -> io::Result<File> {
    let draft = path.with_extension(format!("new-{}", std::process::id()));
    let made = (|| {
        // Everyone on the machine may read how it does; nobody else may write.
        // In a directory that everybody may write to, what stands there already may be somebody's trap.
        let _ = fs::remove_file(&draft);
        let mut file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o644).open(&draft)?;
        file.write_all(image)?;
        fs::rename(&draft, path)?;
        Ok(file)
    })();
    made.inspect_err(|_| {
        let _ = fs::remove_file(&draft);
    })
}

fn anonymous(image: &[u8]) -> io::Result<Words> {
    let words = Words::anonymous(image.len())?;
    for (index, bytes) in image.as_chunks::<8>().0.iter().enumerate() {
        words.store(index, u64::from_le_bytes(*bytes));
    }
    Ok(words)
}

/// One row, for whoever writes it: each row has one writer.
#[derive(Clone, Debug)]
pub struct Row {
    region: Arc<Region>,
    group: GroupSchema,
    word: usize,
}

impl Row {
    /// Stores a field, by its place in the schema.
    #[inline]
    pub fn set(&self, field: usize, value: u64) {
        debug_assert_ne!(self.group.fields[field].kind, FieldKind::Histogram);
        self.region.words.store(self.word + self.group.offset(field) / 8, value);
    }

    /// Stores a signed field.
    #[inline]
    pub fn set_signed(&self, field: usize, value: i64) {
        self.set(field, value.cast_unsigned());
    }

    /// Adds a duration to a histogram. Only for the row's one writer.
    pub fn add_duration(&self, field: usize, duration_ns: u64) {
        debug_assert_eq!(self.group.fields[field].kind, FieldKind::Histogram);
        let words = &self.region.words;
        let first = self.word + self.group.offset(field) / 8;
        let old = |word: usize| words.load(first + word).unwrap_or(0);
        let bucket = histogram::FIRST_BUCKET + histogram::bucket(duration_ns);
        words.store(first + bucket, old(bucket) + 1);
        words.store(first + histogram::SUM, old(histogram::SUM).saturating_add(duration_ns));
        words.store(first + histogram::MAX, old(histogram::MAX).max(duration_ns));
    }

    /// Takes a row into use that had no label.
    pub fn label(&self, label: &str) {
        // The first word last: until it is there the row is not in use.
        for (index, bytes) in label_bytes(label).as_chunks::<8>().0.iter().enumerate().rev() {
            self.region.words.store(self.word + index, u64::from_le_bytes(*bytes));
        }
    }
}
