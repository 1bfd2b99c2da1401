//! Appends the messages of one stream.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::MessagesError;
use super::archive::{Archive, StreamArchive};
use super::contents::{Contents, Place, STRIDE};
use super::files::{self, path_of};
use super::run::{BLOCK_LEN_MAX, Run, strides_max};
use crate::journal::Disk;
use crate::journal::map::Mapping;
use wire::feed::Stream;
use wire::messages::{MARK_LEN, MESSAGES_HEADER_LEN, MESSAGES_VERSION, MessagesHeader, MessagesMark, running};
use wire::mold::{BLOCK_HEADER_LEN, SessionId};

/// Zeros written ahead of the messages at once: stores into pages that are there cannot fail for want of room.
const FILL_LEN: usize = 256 << 10;

/// Where the files of a stream go.
#[derive(Clone)]
pub(super) struct Site {
    pub(super) disk: Arc<dyn Disk>,
    /// The store's folder.
    pub(super) dir: PathBuf,
    pub(super) epoch: u64,
    pub(super) stream: Stream,
    pub(super) session: SessionId,
    /// Of a file.
    pub(super) file_len: usize,
}

/// One stream's end.
pub(super) struct Writer {
    site: Site,
    archive: Arc<Archive>,
    open: Option<Open>,
    next: u64,
}

/// The file that is appended to.
struct Open {
    run: Arc<Run>,
    map: Mapping,
    file: File,
    here: Place,
    /// Up to where the file has pages.
    filled: usize,
    is_synced: bool,
}

impl Writer {
    /// Goes on with message `next`: what is stored from there on goes, for it comes again; what came before is shown to readers.
    pub(super) fn open(site: Site, archive: Arc<Archive>, next: u64) -> Result<Self, MessagesError> {
        let mut writer = Self { site, archive, open: None, next };
        let mut names = files::list(&writer.site.dir, writer.site.session)?;
        while let Some(name) = names.pop_if(|name| name.first >= next) {
            writer.remove(&name.path)?;
        }
        let last = names.pop();
        for name in names {
            let Site { epoch, session, .. } = writer.site;
            writer.stored().put(Arc::new(Run::stored(name.first, name.path, epoch, session)));
        }
        if let Some(name) = last
            && !writer.reopen(&name.path, name.first)?
        {
            // Short, damaged, of another journal or another version: what it should hold is missing now, and is made again.
            writer.archive.told.tell(format!(
                "{} {}, and is made again from the journal",
                name.path.display(),
                why_not(&name.path)
            ));
            writer.remove(&name.path)?;
        }
        writer.stored().begin(next);
        Ok(writer)
    }

    /// What comes next.
    pub(super) const fn next(&self) -> u64 {
        self.next
    }

    /// Stores the next message.
    pub(super) fn append(&mut self, message: &[u8]) -> Result<(), MessagesError> {
        let len = BLOCK_HEADER_LEN + message.len();
        let stated = u16::try_from(message.len()).unwrap_or(u16::MAX);
        if len > BLOCK_LEN_MAX {
            return Err(MessagesError::TooLong { found: message.len(), max: BLOCK_LEN_MAX - BLOCK_HEADER_LEN });
        }
        if self.open.as_ref().is_some_and(|open| !open.has_room(len)) {
            self.complete()?;
        }
        let open = match &mut self.open {
            Some(open) => open,
            None => self.open.insert(Open::create(&self.site, self.next)?),
        };
        if open.run.first == self.next {
            // The first of a file: now that there is something to find.
            stream(&self.archive, self.site.stream).put(Arc::clone(&open.run));
        }
        open.fill_ahead(len, &self.site)?;
        open.put(stated, message);
        self.next += 1;
        stream(&self.archive, self.site.stream).publish(self.next);
        Ok(())
    }

    /// Everything appended so far is durable, and proves itself, when this returns.
    pub(super) fn sync(&mut self) -> Result<(), MessagesError> {
        self.open.as_mut().map_or(Ok(()), |open| open.sync(&self.site))
    }

    /// Readers hear that nothing more comes.
    pub(super) fn give_up(&self) {
        self.stored().stall();
    }

    fn stored(&self) -> &StreamArchive {
        stream(&self.archive, self.site.stream)
    }

    /// No more messages go to this file.
    fn complete(&mut self) -> Result<(), MessagesError> {
        let Some(mut open) = self.open.take() else { return Ok(()) };
        open.sync(&self.site)?;
        let Site { epoch, session, .. } = self.site;
        if let Some(run) = open.run.complete(epoch, session, open.here.at) {
            self.stored().put(Arc::new(run));
        }
        Ok(())
    }

    fn remove(&self, path: &Path) -> Result<(), MessagesError> {
        self.site.disk.remove(path).map_err(MessagesError::io("remove the message file", path))
    }

    /// Goes on in a file that is there, if it holds everything before the next message. Returns whether it does.
    fn reopen(&mut self, path: &Path, first: u64) -> Result<bool, MessagesError> {
        let failed = |action| MessagesError::io(action, path);
        let Site { disk, epoch, session, .. } = &self.site;
        let bytes = std::fs::read(path).map_err(failed("read the message file"))?;
        let Ok(contents) = Contents::read(&bytes, *epoch, *session, first, self.next) else { return Ok(false) };
        let Some(mut place) = contents.sought else { return Ok(false) };
        let used = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        let file = OpenOptions::new().read(true).write(true).open(path).map_err(failed("open the message file"))?;
        if used > place.at {
            let (offset, len) = (place.at as u64, (used - place.at) as u64);
            disk.fill(&file, offset, len).map_err(failed("cut the message file"))?;
        }
        if !place.is_marked && place.next > first && place.at + MARK_LEN <= bytes.len() {
            let mark = MessagesMark::new(place.running, place.next).to_bytes();
            disk.write_at(&file, &mark, place.at as u64).map_err(failed("cut the message file"))?;
            disk.sync(&file).map_err(failed("sync the message file"))?;
            (place.at, place.is_marked) = (place.at + MARK_LEN, true);
        }
        let mut map = Mapping::of_file(&file).map_err(failed("map the message file"))?;
        map.publish(place.at);
        let strides = usize::try_from((place.next - first).div_ceil(STRIDE)).unwrap_or(usize::MAX);
        let offsets = &contents.offsets[..strides.min(contents.offsets.len())];
        let run = Run::live(first, path.to_owned(), map.published(), map.len(), offsets, place.next);
        let run = Arc::new(run);
        self.stored().put(Arc::clone(&run));
        self.open = Some(Open { run, map, file, here: place, filled: place.at, is_synced: true });
        Ok(true)
    }
}

/// What is wrong with a file that cannot be gone on with, in words.
fn why_not(path: &Path) -> String {
    let mut head = [0; MESSAGES_HEADER_LEN];
    let read = std::fs::File::open(path).and_then(|mut file| std::io::Read::read_exact(&mut file, &mut head));
    match read.ok().and_then(|()| MessagesHeader::version(&head)) {
        Some(found) if found != MESSAGES_VERSION => {
            format!(
                "is in version {found} of the messages' layout, this program reads and writes version {MESSAGES_VERSION}"
            )
        }
        _ => "does not hold what was published".to_owned(),
    }
}

impl Open {
    fn create(site: &Site, first: u64) -> Result<Self, MessagesError> {
        let path = path_of(&site.dir, site.session, first);
        let failed = |action| MessagesError::io(action, &path);
        let header = MessagesHeader::new(site.epoch, site.session, first);
        let file = site.disk.create(&path).map_err(failed("create the message file"))?;
        let made = site
            .disk
            .write_at(&file, &header.to_bytes(), 0)
            // The length alone; pages come as they are needed.
            .and_then(|()| site.disk.write_at(&file, &[0], site.file_len as u64 - 1))
            .and_then(|()| site.disk.sync(&file))
            .and_then(|()| site.disk.sync_directory(&site.dir));
        made.map_err(failed("make the message file"))?;
        let mut map = Mapping::of_file(&file).map_err(failed("map the message file"))?;
        let at = MESSAGES_HEADER_LEN;
        map.publish(at);
        let run = Arc::new(Run::live(first, path, map.published(), map.len(), &[], first));
        let here = Place { at, next: first, running: header.seed(), is_marked: false };
        Ok(Self { run, map, file, here, filled: at, is_synced: true })
    }

    /// For a block of this length, and the last mark.
    fn has_room(&self, len: usize) -> bool {
        let strides = (self.here.next - self.run.first) / STRIDE;
        self.here.at + len + MARK_LEN <= self.map.len() && strides < strides_max(self.map.len()) as u64
    }

    fn fill_ahead(&mut self, len: usize, site: &Site) -> Result<(), MessagesError> {
        // A block, and the mark that may follow it.
        while self.here.at + len + MARK_LEN > self.filled {
            let step = FILL_LEN.min(self.map.len() - self.filled);
            let filled = site.disk.fill(&self.file, self.filled as u64, step as u64);
            filled.map_err(MessagesError::io("make room in the message file", &self.run.path))?;
            self.filled += step;
        }
        Ok(())
    }

    fn put(&mut self, stated: u16, message: &[u8]) {
        let at = self.here.at;
        let block = &mut self.map.rest_mut(at)[..BLOCK_HEADER_LEN + message.len()];
        let (length, rest) = block.split_at_mut(BLOCK_HEADER_LEN);
        length.copy_from_slice(&stated.to_be_bytes());
        rest.copy_from_slice(message);
        self.here.running = running(self.here.running, block);
        self.here.at += block.len();
        self.map.publish(self.here.at);
        // Files are far shorter than that.
        self.run.appended(self.here.next, u32::try_from(at).unwrap_or(u32::MAX));
        self.here.next += 1;
        (self.here.is_marked, self.is_synced) = (false, false);
    }

    fn sync(&mut self, site: &Site) -> Result<(), MessagesError> {
        if !self.here.is_marked && self.here.next > self.run.first {
            let mark = MessagesMark::new(self.here.running, self.here.next).to_bytes();
            let at = self.here.at;
            self.map.rest_mut(at)[..MARK_LEN].copy_from_slice(&mark);
            self.here.at += MARK_LEN;
            self.map.publish(self.here.at);
            (self.here.is_marked, self.is_synced) = (true, false);
        }
        if !self.is_synced {
            let synced = site.disk.sync(&self.file);
            synced.map_err(MessagesError::io("sync the message file", &self.run.path))?;
            self.is_synced = true;
        }
        Ok(())
    }
}

/// Every stream of a venue has its place.
fn stream(archive: &Archive, stream: Stream) -> &StreamArchive {
    archive.stream(stream).expect("a venue has no more than CHANNELS_MAX channels")
}
