//! A folder and a network of its own, in which the commands of the manual find what they name.

use super::table::{How, SUBSTITUTES};
use super::text::root;
use crate::mounts::{own_mounts, own_network};
use crate::process::{Process, wait_until};
use crate::recording::flow;
use crate::site::PINION;
use nix::mount::{MsFlags, mount};
use nix::sys::signal::Signal;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use tempfile::TempDir;

/// Folders of the system that commands name; they are taken below the sandbox.
const FOLDERS: [&str; 6] = ["/etc/pinion", "/etc/systemd", "/backup", "/mnt/vault", "/usr/share", "/var/tmp"];

pub struct Sandbox {
    dir: TempDir,
    /// Beside which most commands run.
    _appliance: Process,
    runs: AtomicU32,
}

impl Sandbox {
    /// With an appliance in it that has traded; `None` where this user may not have a network of its own.
    pub fn new() -> Option<Self> {
        own_network("the manual")?;
        own_mounts("the manual")?;
        // Counters of this appliance, and of no other test's.
        mount(None::<&str>, "/dev/shm", Some("tmpfs"), MsFlags::empty(), None::<&str>).expect("mounts are ours");
        let dir = tempfile::Builder::new().prefix("pinion-manual-").tempdir().expect("a temporary directory");
        furnish(dir.path());
        let (home, network) = (dir.path().join("home"), dir.path().join("network"));
        script(&network, NETWORK);
        let prepared = Command::new(&network).output().expect("it runs");
        assert!(prepared.status.success(), "{}", String::from_utf8_lossy(&prepared.stderr));
        let mut run = Command::new(PINION);
        run.args(["run", "--set", "topology.cores=1", "--set", "topology.wait=park"]).current_dir(&home);
        let appliance = ready(Process::spawn(run, dir.path(), "appliance"));
        let sandbox = Self { dir, _appliance: appliance, runs: AtomicU32::new(0) };
        for prepare in [
            // In the name and in an instrument that the manual's own orders leave alone.
            "pinion replay --user trader2 --key 70696e696f6e2d646576656c6f706d656e742d6b65792d2d2d74726164657232 --symbol ALC --limit 3000 flow.txt",
            "pinion normalize --from 01302019.NASDAQ_ITCH50.gz --to day.pcap",
            "cp day.pcap day.pcapng",
            "pinion run --print-config > pinion.toml && cp pinion.toml new.toml",
            "cp pinion.toml topologies/8-cores.toml $ROOT/etc/pinion/",
            "cp hugepages.conf topologies/8-cores.toml $ROOT/etc/pinion/ && cp topologies/8-cores.toml $ROOT/etc/pinion/topology.toml",
            "pinion journal anchor journal > anchors.txt && cp anchors.txt $ROOT/mnt/vault/",
            "for copy in $ROOT/backup/journal first-run second-run; do cp -r journal $copy; done; cp journal/*.seg $ROOT/backup/",
        ] {
            sandbox.run(prepare, How::Ends).unwrap_or_else(|reason| panic!("{prepare}: {reason}"));
        }
        Some(sandbox)
    }

    /// Runs a command; false where the rule says not to. In words, what went wrong.
    pub fn run(&self, command: &str, how: How) -> Result<bool, String> {
        let mut line = command.to_owned();
        for (said, meant) in SUBSTITUTES {
            line = line.replace(said, meant);
        }
        for folder in FOLDERS {
            line = line.replace(&format!(" {folder}"), &format!(" $ROOT{folder}"));
            line = line.replace(&format!("\"{folder}"), &format!("\"$ROOT{folder}"));
            line = line.replace(&format!("options='--config {folder}"), &format!("options='--config $ROOT{folder}"));
        }
        // What one line defines, a later one uses.
        let lasting = line.starts_with("alias ") || line.starts_with("options=");
        let finished = match how {
            How::Not(_) | How::Elsewhere(_) => return Ok(false),
            How::Ends | How::EndsWith(_) | How::Says(_) => self.finish(&line, 60, "home", lasting),
            How::Follows | How::FollowsTo(_) => self.finish(&line, 2, "home", lasting),
            How::Fresh => self.beside_a_fresh_one(&line),
            How::Serves => self.serve(&line),
            How::Copied => self.finish(&format!("cp -r ../home/journal .\n{line}"), 60, &self.folder(), false),
        };
        let (status, said) = finished?;
        if let How::Says(word) = how
            && !said.contains(word)
        {
            return Err(format!("expected '{word}'; it ran as: {line}\n{said}"));
        }
        let is_well = status == 0 || matches!(how, How::EndsWith(other) | How::FollowsTo(other) if other == status);
        // Behind a pipe the status is another program's.
        let complaint = said.lines().find(|line| line.starts_with("error: ") || line.contains("panicked at"));
        if is_well && complaint.is_none() {
            Ok(true)
        } else {
            Err(format!("exit status {status}; it ran as: {line}\n{said}"))
        }
    }

    fn shell(&self, script: &str, limit_s: u32, folder: &str) -> Process {
        let number = self.runs.fetch_add(1, Ordering::Relaxed);
        let text = format!("shopt -s expand_aliases\n[ -f ../lasting ] && . ../lasting\n{script}\n");
        let file = self.dir.path().join(format!("{number}.sh"));
        fs::write(&file, text).expect("the test's own file");
        let mut command = Command::new("bash");
        command.arg(&file).current_dir(self.dir.path().join(folder)).env("LIMIT", limit_s.to_string());
        let path = std::env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("{}:{path}", self.dir.path().join("bin").display()));
        command.env("ROOT", self.dir.path().join("root")).env("NOW", now(self.dir.path()));
        Process::spawn(command, self.dir.path(), &format!("run-{number}"))
    }

    fn finish(&self, line: &str, limit_s: u32, folder: &str, lasting: bool) -> Result<(i32, String), String> {
        if lasting {
            let kept = self.dir.path().join("lasting");
            let before = fs::read_to_string(&kept).unwrap_or_default();
            fs::write(kept, format!("{before}{}\n", line.replace('\'', "\""))).expect("the test's own file");
        }
        let finished = self.shell(line, limit_s, folder).wait();
        Ok((finished.status.code().unwrap_or(-1), format!("{}{}", finished.out, finished.err)))
    }

    /// A folder like the usual one, without a journal.
    fn folder(&self) -> String {
        let name = format!("alone-{}", self.runs.load(Ordering::Relaxed));
        let folder = self.dir.path().join(&name);
        fs::create_dir(&folder).expect("the test's own folder");
        furnish_home(&folder);
        for file in ["pinion.toml", "day.pcap"] {
            let _ = fs::copy(self.dir.path().join("home").join(file), folder.join(file));
        }
        name
    }

    fn beside_a_fresh_one(&self, line: &str) -> Result<(i32, String), String> {
        let folder = self.folder();
        let script = format!(
            "exec unshare --net bash -c '{} && {{ pinion run > fresh.out 2> fresh.err & }}\n\
             for turn in $(seq 200); do grep -q ready fresh.out && break; sleep 0.05; done\n\
             server=$(cat pid)\n{line}\nstatus=$?\nkill $server\nwait\nexit $status'",
            self.dir.path().join("network").display()
        );
        self.finish(&script, 60, &folder, false)
    }

    fn serve(&self, line: &str) -> Result<(i32, String), String> {
        let folder = self.folder();
        let network = self.dir.path().join("network");
        let script = format!("exec unshare --net bash -c '{} && {line}'", network.display());
        let process = ready(self.shell(&script, 60, &folder));
        let pid = fs::read_to_string(self.dir.path().join(&folder).join("pid")).map_err(|error| error.to_string())?;
        let pid = pid.trim().parse().map_err(|_| format!("expected a number of a process, found {pid}"))?;
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), Signal::SIGTERM).map_err(|errno| errno.to_string())?;
        let finished = process.wait();
        let said = format!("{}{}", finished.out, finished.err);
        if said.contains("stopped at seq ") { Ok((finished.status.code().unwrap_or(-1), said)) } else { Err(said) }
    }
}

/// Loopback, and a card with the addresses that the manual's other machines have.
const NETWORK: &str = "#!/bin/sh -e
ip link set lo up
ip route add 224.0.0.0/4 dev lo
ip link add eth1 type veth peer name eth1-far
ip link set eth1 up
ip link set eth1-far up
for address in 10.0.0.5 10.0.1.5 10.1.0.5; do ip address add $address/24 dev eth1; done
";

fn ready(mut process: Process) -> Process {
    wait_until("an appliance to be ready", || {
        assert!(!process.has_ended(), "it ended instead: {}", process.err());
        process.out().contains("ready\n")
    });
    process
}

fn script(path: &Path, text: &str) {
    fs::write(path, text).expect("the test's own file");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("the test's own file");
}

/// The moment until which the appliance has run when the first command comes.
fn now(dir: &Path) -> String {
    let written = fs::metadata(dir.join("appliance.out")).and_then(|file| file.modified()).expect("it is ready");
    let seconds = written.duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs() + 1;
    format!("{}", u128::from(seconds) * 1_000_000_000)
}

fn furnish(dir: &Path) {
    fs::create_dir_all(dir.join("bin")).expect("the test's own folder");
    for folder in FOLDERS.iter().chain(&[
        "/etc/pinion/keys",
        "/usr/share/bash-completion/completions",
        "/usr/share/zsh/vendor-completions",
        "/usr/share/fish/vendor_completions.d",
        "/usr/share/doc/pinion",
    ]) {
        fs::create_dir_all(dir.join("root").join(&folder[1..])).expect("the test's own folder");
    }
    let shipped = dir.join("root/usr/share/doc/pinion");
    symlink(root().join("topologies"), shipped.join("topologies")).expect("the test's own folder");
    fs::create_dir(shipped.join("examples")).expect("the test's own folder");
    let keys = dir.join("root/etc/pinion/keys").display().to_string();
    for name in ["laptop.toml", "lab.toml", "production.toml"] {
        let text = fs::read_to_string(root().join("packaging/examples").join(name)).expect("it is shipped");
        fs::write(shipped.join("examples").join(name), text.replace("/etc/pinion/keys", &keys))
            .expect("the test's own file");
    }
    for name in ["firm1-a", "firm1-b", "firm2-a"] {
        let key = Path::new(&keys).join(name);
        fs::write(&key, "5a".repeat(32)).expect("the test's own file");
        fs::set_permissions(key, fs::Permissions::from_mode(0o640)).expect("the test's own file");
    }
    // Ends in time, in order, with its own status; whoever wants to end it earlier finds its number. An appliance leaves the cores to the
    // other tests while it has nothing to do.
    let park = "case $1-$* in run-*print-config*) ;; run-*) set -- \"$@\" --set topology.wait=park ;; esac";
    let program = format!(
        "#!/bin/sh\necho $$ > pid\n{park}\nexec timeout --preserve-status -k 5 -s INT \"${{LIMIT:-60}}\" {PINION} \"$@\"\n"
    );
    script(&dir.join("bin/pinion"), &program);
    // Another machine.
    script(&dir.join("bin/ssh"), "#!/bin/sh\nshift\nexec sh -c \"$*\"\n");
    let home = dir.join("home");
    fs::create_dir(&home).expect("the test's own folder");
    furnish_home(&home);
}

/// What lies in a project's folder, and files by the names that the manual gives them.
fn furnish_home(home: &Path) {
    for name in ["topologies", "scenarios", "hugepages.conf", "docs", "packaging"] {
        symlink(root().join(name), home.join(name)).expect("the test's own folder");
    }
    symlink(root().join("docs/examples/certification.txt"), home.join("certification.txt"))
        .expect("the test's own folder");
    let key = home.join("operator.key");
    fs::write(&key, "70696e696f6e2d646576656c6f706d656e742d6b65792d2d6f70657261746f72").expect("the test's own file");
    fs::set_permissions(key, fs::Permissions::from_mode(0o600)).expect("the test's own file");
    let data = |name: &str| root().join("tools/data").join(name);
    symlink(data("ex20101224.TEST_ITCH_50.gz"), home.join("01302019.NASDAQ_ITCH50.gz")).expect("the test's own folder");
    symlink(flow(), home.join("normal_s23_n1000000.txt.xz")).expect("the test's own folder");
    let unpacked = Command::new("xz").args(["-dc"]).arg(flow()).output().expect("xz is installed").stdout;
    fs::write(home.join("flow.txt"), &unpacked).expect("the test's own file");
    let packed = Command::new("gzip").args(["-kc", "flow.txt"]).current_dir(home).output().expect("gzip").stdout;
    fs::write(home.join("flow.txt.gz"), packed).expect("the test's own file");
    lobster(home);
}

/// Some hundred rows of a day in LOBSTER's two files, of our own making: an order at a level, part of it executed, the rest gone.
fn lobster(home: &Path) {
    let (mut messages, mut books) = (String::new(), String::new());
    for row in 0..300_u32 {
        let (order, time) = (row / 3 + 1, 34_200 + row);
        let (kind, size) = [(1, 100), (4, 40), (3, 60)][(row % 3) as usize];
        messages += &format!("{time}.5,{kind},{order},{size},5853300,1\n");
        let standing = [100, 60, 0][(row % 3) as usize];
        let (bid, quantity) = if standing == 0 { (5_853_200, 10) } else { (5_853_300, standing) };
        books += &format!("5854000,10,{bid},{quantity}\n");
    }
    for (name, text) in [("message", &messages), ("orderbook", &books)] {
        for file in [format!("AAPL_2012-06-21_34200000_57600000_{name}_10.csv"), format!("AAPL_{name}_10.csv")] {
            fs::write(home.join(file), text).expect("the test's own file");
        }
    }
}
