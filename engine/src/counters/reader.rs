//! The reader's end: a mapped file of counters, and what it says of itself.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use wire::Nanos;
use wire::counters::{CountersHeader, FieldRecord, GroupRecord, LABEL_LEN, Label};

use super::CountersError;
use super::file::process_start;
use super::snapshot::{FieldPlace, Fields, Group, Snapshot, SnapshotRow};
use super::words::Words;

/// Who writes a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The appliance's name.
    pub name: String,
    /// The version of its program.
    pub program: String,
    /// Its process.
    pub pid: u32,
    /// When it began.
    pub started: Nanos,
}

/// A file of counters, mapped for reading.
#[derive(Debug)]
pub struct Reader {
    path: PathBuf,
    owner: Owner,
    pid_started: u64,
    words: Words,
    groups: Vec<Place>,
}

/// Where a group lies.
#[derive(Debug)]
struct Place {
    name: Arc<str>,
    fields: Arc<Fields>,
    rows: usize,
    first_word: usize,
    row_words: usize,
}

impl Reader {
    /// Opens and checks a file.
    ///
    /// # Errors
    /// It cannot be opened, or is no file of counters of this version.
    pub fn open(path: &Path) -> Result<Self, CountersError> {
        let io = |source| CountersError::Open { path: path.to_owned(), source };
        let bad = |reason: String| CountersError::Format { path: path.to_owned(), reason };
        let mut file = File::open(path).map_err(io)?;
        let mut head = vec![0; CountersHeader::SIZE];
        read_up_to(&mut file, &mut head).map_err(io)?;
        let header = CountersHeader::from_bytes(&head).map_err(|error| bad(error.to_string()))?;
        let words = Words::readable(&file).map_err(io)?;
        if words.len() as u64 * 8 != header.file_len {
            return Err(bad(format!("it says that it has {} bytes, and has {}", header.file_len, words.len() * 8)));
        }
        let groups = places(&words, &header).ok_or_else(|| bad("its description contradicts itself".to_owned()))?;
        let owner = Owner {
            name: header.name.as_str().to_owned(),
            program: header.program.as_str().to_owned(),
            pid: header.pid,
            started: header.started,
        };
        Ok(Self { path: path.to_owned(), owner, pid_started: header.pid_started, words, groups })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Who writes it.
    #[must_use]
    pub const fn owner(&self) -> &Owner {
        &self.owner
    }

    /// Whether the process that wrote it is still there.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        process_start(self.owner.pid).is_some_and(|start| self.pid_started == 0 || start == self.pid_started)
    }

    /// Copies all numbers, one after the other.
    #[must_use]
    pub fn snapshot(&self, now: Nanos) -> Snapshot {
        let groups = self.groups.iter().map(|place| self.group(place)).collect();
        Snapshot { taken: now, groups }
    }

    fn group(&self, place: &Place) -> Group {
        let load = |word: usize| self.words.load(word).unwrap_or(0);
        let row = |index: usize| {
            let first = place.first_word + index * place.row_words;
            let mut label = [0; LABEL_LEN];
            for (word, bytes) in label.as_chunks_mut::<8>().0.iter_mut().enumerate() {
                *bytes = load(first + word).to_le_bytes();
            }
            let blank = label[0] == b' ' || label[0] == 0;
            let words = || (first + LABEL_LEN / 8..first + place.row_words).map(load).collect();
            (!blank).then(|| SnapshotRow {
                label: Label(label).as_str().to_owned(),
                fields: Arc::clone(&place.fields),
                words: words(),
            })
        };
        Group {
            name: Arc::clone(&place.name),
            fields: Arc::clone(&place.fields),
            rows: (0..place.rows).filter_map(row).collect(),
        }
    }
}

/// Reads until the buffer is full or the file at its end.
fn read_up_to(file: &mut File, buffer: &mut Vec<u8>) -> io::Result<()> {
    let want = buffer.len() as u64;
    buffer.clear();
    file.by_ref().take(want).read_to_end(buffer).map(|_| ())
}

fn bytes(words: &Words, offset: usize, len: usize) -> Option<Vec<u8>> {
    if !offset.is_multiple_of(8) || offset.checked_add(len)? > words.len() * 8 {
        return None;
    }
    let all = (offset / 8..(offset + len) / 8).map(|word| words.load(word));
    Some(all.collect::<Option<Vec<_>>>()?.into_iter().flat_map(u64::to_le_bytes).collect())
}

/// Where everything lies, as the file says; `None` when that cannot be.
fn places(words: &Words, header: &CountersHeader) -> Option<Vec<Place>> {
    let size = |number: u64| usize::try_from(number).ok();
    let table = |offset: u64, count: u32, len: usize| bytes(words, size(offset)?, (count as usize).checked_mul(len)?);
    let groups = table(header.groups_offset, header.groups, GroupRecord::SIZE)?;
    let fields = table(header.fields_offset, header.fields, FieldRecord::SIZE)?;
    let fields: Vec<FieldRecord> =
        fields.chunks_exact(FieldRecord::SIZE).map(|bytes| FieldRecord::decode(bytes).ok()).collect::<Option<_>>()?;
    let place = |bytes: &[u8]| {
        let group = GroupRecord::decode(bytes).ok()?;
        let (offset, row_len, rows) = (size(group.rows_offset)?, size(group.row_len)?, group.rows as usize);
        let fits = offset.checked_add(row_len.checked_mul(rows)?)? <= words.len() * 8;
        if !fits || !offset.is_multiple_of(8) || !row_len.is_multiple_of(8) || row_len < LABEL_LEN {
            return None;
        }
        let first = group.first_field as usize;
        let of_group = fields.get(first..first.checked_add(group.fields as usize)?)?;
        let field = |field: &FieldRecord| {
            let (offset, len) = (field.offset as usize, field.len as usize);
            let whole = offset.is_multiple_of(8) && offset >= LABEL_LEN && offset.checked_add(len)? <= row_len;
            let fits = len == 8 * field.kind.words();
            let place = FieldPlace { word: offset.checked_sub(LABEL_LEN)? / 8, kind: field.kind };
            (whole && fits).then(|| (field.name.as_str().to_owned(), place))
        };
        Some(Place {
            name: group.name.as_str().into(),
            fields: Arc::new(Fields(of_group.iter().map(field).collect::<Option<_>>()?)),
            rows,
            first_word: offset / 8,
            row_words: row_len / 8,
        })
    };
    groups.chunks_exact(GroupRecord::SIZE).map(place).collect()
}
