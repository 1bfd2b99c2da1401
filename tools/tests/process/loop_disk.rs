//! A real file system on a real block device that can be broken: ext4 on a loop device, whose backing file lies in memory.
//!
//! Mounted in the namespace of the test's thread: all of it vanishes with the thread, the loop device too.

use crate::mounts::own_mounts;
use crate::site::{PINION, Site};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The disk, mounted as a site's journal.
pub struct LoopDisk {
    backing: PathBuf,
    at: PathBuf,
}

/// A site whose appliance fits a disk of 96 MiB, with a floor at 16 MiB.
pub fn small_site() -> Site {
    Site::new()
        .with("journal.segment_bytes=1048576")
        .with("journal.disk_floor_bytes=16777216")
        .with("limits.orders=4096")
        .with("limits.levels=256")
        .with("limits.session_orders=4096")
        .with("snapshot.interval_ms=0")
}

/// Runs a program that must succeed, and gives back what it said.
#[track_caller]
fn succeed(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{command:?}: {}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

impl LoopDisk {
    /// A device of so many MiB, for which there is really so much room. `None`, and told, where this user may not have one.
    pub fn mount(site: &Site, what: &str, device_mib: u32, room_mib: u32) -> Option<Self> {
        own_mounts(what)?;
        let disk = Self { backing: site.path("backing"), at: site.journal() };
        for dir in [&disk.backing, &disk.at] {
            fs::create_dir(dir).expect("a directory of the test");
        }
        succeed(
            Command::new("mount").args(["-t", "tmpfs", "-o", &format!("size={room_mib}m"), "none"]).arg(&disk.backing),
        );
        succeed(Command::new("truncate").args(["-s", &format!("{device_mib}M")]).arg(disk.image()));
        // Whole from the beginning, and no thread of the kernel that writes tables later.
        let options = ["-q", "-b", "4096", "-E", "lazy_itable_init=0,lazy_journal_init=0", "-J", "size=4"];
        succeed(Command::new("mkfs.ext4").args(options).arg(disk.image()));
        disk.attach();
        Some(disk)
    }

    fn image(&self) -> PathBuf {
        self.backing.join("disk")
    }

    fn attach(&self) {
        succeed(Command::new("mount").args(["-o", "loop,errors=remount-ro"]).arg(self.image()).arg(&self.at));
    }

    /// There is now really so much room under the device.
    pub fn make_room(&self, room_mib: u32) {
        succeed(Command::new("mount").args(["-o", &format!("remount,size={room_mib}m")]).arg(&self.backing));
    }

    /// Takes the disk away and brings it back, checked: what is not on it is lost.
    pub fn mend(&self) {
        succeed(Command::new("umount").arg(&self.at));
        let status = Command::new("e2fsck").args(["-f", "-y"]).arg(self.image()).output().expect("e2fsck runs").status;
        // 1: errors were found and corrected.
        assert!(status.code().is_some_and(|code| code <= 1), "e2fsck: {status}");
        self.attach();
    }

    /// The file system stops as when the power goes: what is in memory only stays there.
    pub fn cut_power(&self) {
        // EXT4_IOC_SHUTDOWN with EXT4_GOING_FLAGS_NOLOGFLUSH. No command does it that is installed everywhere.
        let script =
            "import fcntl,os,struct,sys; fcntl.ioctl(os.open(sys.argv[1],os.O_RDONLY),0x8004587D,struct.pack('I',2))";
        succeed(Command::new("python3").args(["-c", script]).arg(&self.at));
    }

    /// The file system finds itself damaged, and becomes read-only as it was told to do then.
    pub fn become_read_only(&self) {
        let mounts = fs::read_to_string("/proc/thread-self/mounts").expect("readable");
        let at = self.at.to_str().expect("text");
        let device = mounts.lines().find_map(|line| {
            let mut words = line.split(' ');
            let device = words.next()?.strip_prefix("/dev/")?;
            (words.next()? == at).then(|| device.to_owned())
        });
        let device = device.unwrap_or_else(|| panic!("{at} is not mounted: {mounts}"));
        fs::write(Path::new("/sys/fs/ext4").join(device).join("trigger_fs_error"), "1").expect("ext4 has that switch");
    }

    /// Takes all the room that is left; the file that does it.
    pub fn fill(&self) -> PathBuf {
        let file = self.at.join("something else");
        let mut written = fs::File::create(&file).expect("a file");
        let zeros = vec![1; 1 << 16];
        while std::io::Write::write_all(&mut written, &zeros).is_ok() {}
        for _ in 0..16 {
            // The last pages, one by one.
            let _ = std::io::Write::write_all(&mut written, &zeros[..4_096]);
        }
        let _ = written.sync_all();
        file
    }
}

impl Drop for LoopDisk {
    fn drop(&mut self) {
        for dir in [&self.at, &self.backing] {
            let _ = Command::new("umount").arg("-l").arg(dir).output();
        }
    }
}

/// `pinion journal verify` of a site, whatever it says.
pub fn verify(site: &Site) -> String {
    let output = Command::new(PINION).args(["journal", "verify"]).arg(site.journal()).output().expect("it starts");
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}
