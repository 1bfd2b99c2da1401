//! What the kernel asks of the disk with the power switch, call by call.

use crate::power_disk::{Change, State, lock};
use fuser::{
    FileType, Filesystem, ReplyAttr, ReplyCreate, ReplyData, ReplyDirectory, ReplyEmpty, ReplyEntry, ReplyOpen,
    ReplyStatfs, ReplyWrite, Request, TimeOrNow,
};
use std::ffi::OsStr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

/// Nobody else changes these files, so the kernel may believe what it knows of them.
const TTL: Duration = Duration::from_secs(3_600);

/// The calls of the kernel, one after the other.
pub struct Server(pub Arc<Mutex<State>>);

impl Filesystem for Server {
    fn lookup(&mut self, _: &Request<'_>, _parent: u64, name: &OsStr, reply: ReplyEntry) {
        let state = lock(&self.0);
        match state.names.get(name).and_then(|inode| state.attributes(*inode)) {
            Some(found) => reply.entry(&TTL, &found, 0),
            None => reply.error(libc::ENOENT),
        }
    }

    fn getattr(&mut self, _: &Request<'_>, ino: u64, _: Option<u64>, reply: ReplyAttr) {
        match lock(&self.0).attributes(ino) {
            Some(found) => reply.attr(&TTL, &found),
            None => reply.error(libc::ENOENT),
        }
    }

    #[allow(clippy::too_many_arguments)] // The trait's.
    fn setattr(
        &mut self,
        _: &Request<'_>,
        ino: u64,
        _: Option<u32>,
        _: Option<u32>,
        _: Option<u32>,
        size: Option<u64>,
        _: Option<TimeOrNow>,
        _: Option<TimeOrNow>,
        _: Option<SystemTime>,
        _: Option<u64>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<u32>,
        reply: ReplyAttr,
    ) {
        let mut state = lock(&self.0);
        if let (Some(size), Some(file)) = (size, state.files.get_mut(&ino)) {
            file.resize(usize::try_from(size).expect("small files"));
        }
        match state.attributes(ino) {
            Some(found) => reply.attr(&TTL, &found),
            None => reply.error(libc::ENOENT),
        }
    }

    fn create(&mut self, _: &Request<'_>, _: u64, name: &OsStr, _: u32, _: u32, _: i32, reply: ReplyCreate) {
        let mut state = lock(&self.0);
        let inode = state.add(name.to_owned());
        match state.attributes(inode) {
            Some(made) => reply.created(&TTL, &made, 0, 0, 0),
            None => reply.error(libc::EIO),
        }
    }

    fn open(&mut self, _: &Request<'_>, _: u64, _: i32, reply: ReplyOpen) {
        reply.opened(0, 0);
    }

    fn unlink(&mut self, _: &Request<'_>, _: u64, name: &OsStr, reply: ReplyEmpty) {
        lock(&self.0).change(Change::Remove(name.to_owned()));
        reply.ok();
    }

    fn rename(&mut self, _: &Request<'_>, _: u64, from: &OsStr, _: u64, to: &OsStr, _: u32, reply: ReplyEmpty) {
        lock(&self.0).change(Change::Rename(from.to_owned(), to.to_owned()));
        reply.ok();
    }

    fn read(
        &mut self,
        _: &Request<'_>,
        ino: u64,
        _: u64,
        offset: i64,
        size: u32,
        _: i32,
        _: Option<u64>,
        reply: ReplyData,
    ) {
        let state = lock(&self.0);
        let Some(file) = state.files.get(&ino) else { return reply.error(libc::ENOENT) };
        let begin = place(offset).min(file.now.len());
        let end = (begin + size as usize).min(file.now.len());
        reply.data(&file.now[begin..end]);
    }

    fn write(
        &mut self,
        _: &Request<'_>,
        ino: u64,
        _: u64,
        offset: i64,
        data: &[u8],
        _: u32,
        _: i32,
        _: Option<u64>,
        reply: ReplyWrite,
    ) {
        let mut state = lock(&self.0);
        state.work.writes += 1;
        let Some(file) = state.files.get_mut(&ino) else { return reply.error(libc::ENOENT) };
        file.write(place(offset), data);
        reply.written(u32::try_from(data.len()).expect("what was asked for"));
    }

    fn flush(&mut self, _: &Request<'_>, _: u64, _: u64, _: u64, reply: ReplyEmpty) {
        reply.ok();
    }

    fn fsync(&mut self, _: &Request<'_>, ino: u64, _: u64, _: bool, reply: ReplyEmpty) {
        let pause = lock(&self.0).pause;
        std::thread::sleep(pause);
        match lock(&self.0).sync(ino) {
            Ok(()) => reply.ok(),
            Err(errno) => reply.error(errno),
        }
    }

    fn fsyncdir(&mut self, _: &Request<'_>, _: u64, _: u64, _: bool, reply: ReplyEmpty) {
        match lock(&self.0).sync_directory() {
            Ok(()) => reply.ok(),
            Err(errno) => reply.error(errno),
        }
    }

    fn readdir(&mut self, _: &Request<'_>, _: u64, _: u64, offset: i64, mut reply: ReplyDirectory) {
        let state = lock(&self.0);
        for (at, (name, inode)) in state.names.iter().enumerate().skip(place(offset)) {
            let next = i64::try_from(at + 1).expect("few files");
            if reply.add(*inode, next, FileType::RegularFile, name) {
                break;
            }
        }
        reply.ok();
    }

    fn statfs(&mut self, _: &Request<'_>, _: u64, reply: ReplyStatfs) {
        const BLOCKS: u64 = 1 << 20;
        reply.statfs(BLOCKS, BLOCKS, BLOCKS, 1 << 16, 1 << 16, 4_096, 255, 4_096);
    }
}

fn place(offset: i64) -> usize {
    usize::try_from(offset).expect("the kernel asks for places in files")
}
