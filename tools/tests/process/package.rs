//! The Debian package: built, installed into an empty root, started as its unit says, upgraded under a running appliance, rolled back, removed.

use crate::process::Finished;
use crate::site::{Appliance, PINION, Site};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Whether packages can be made and installed here; in CI, as root, they must.
fn can_package() -> bool {
    let is_root = fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
    let deb = target().join("tools/bin/cargo-deb");
    let has = |program: &str| Command::new(program).arg("--version").output().is_ok();
    let missing = match () {
        () if !deb.exists() && !has("cargo-deb") => "no cargo-deb: run scripts/setup",
        () if !has("dpkg") => "no dpkg",
        () if !has("systemd-sysusers") => "no systemd-sysusers: run scripts/setup",
        () if !is_root => "not root, and files of several users are installed",
        () => return true,
    };
    assert!(std::env::var_os("CI").is_none() || !is_root, "expected to be able to test the package: {missing}");
    eprintln!("skipped: {missing}");
    false
}

/// Of the build that made the program under test.
fn target() -> &'static Path {
    Path::new(PINION).ancestors().nth(2).expect("a profile's folder within a target folder")
}

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn ran(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{command:?}: {}{}", said(&output.stdout), said(&output.stderr));
    output
}

/// The package of the program under test, as this version.
fn package(out: &Path, version: &str) -> PathBuf {
    let folder =
        Path::new(PINION).parent().and_then(Path::file_name).and_then(|name| name.to_str()).expect("a profile");
    let profile = if folder == "debug" { "dev" } else { folder };
    let mut make = Command::new(project().join("scripts/package"));
    make.args(["--profile", profile, "--version", version, "--out"]).arg(out).env("CARGO_TARGET_DIR", target());
    let printed = ran(&mut make).stdout;
    PathBuf::from(String::from_utf8(printed).expect("a path").trim())
}

/// A file system with nothing in it but what dpkg needs.
struct Root {
    dir: PathBuf,
}

impl Root {
    fn new(dir: PathBuf) -> Self {
        for folder in ["var/lib/dpkg/info", "var/lib/dpkg/updates", "etc"] {
            fs::create_dir_all(dir.join(folder)).expect("the test's own folder");
        }
        fs::write(dir.join("var/lib/dpkg/status"), "").expect("the test's own file");
        fs::write(dir.join("etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n").expect("the test's own file");
        fs::write(dir.join("etc/group"), "root:x:0:\n").expect("the test's own file");
        Self { dir }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The maintainer scripts run on this machine and act on the root: they are told by `DPKG_ROOT`.
    fn dpkg(&self, action: &str, what: &Path) {
        let mut dpkg = Command::new("dpkg");
        dpkg.arg(format!("--root={}", self.dir.display()));
        dpkg.args(["--force-script-chrootless", "--force-depends", "--log=/dev/null", action]).arg(what);
        ran(dpkg.env("DEBIAN_FRONTEND", "noninteractive"));
    }

    /// What the unit runs, within this root, at addresses of the test's own.
    fn start(&self, site: &Site) -> Appliance {
        let unit = self.text("usr/lib/systemd/system/pinion.service");
        let line = unit.lines().find_map(|line| line.strip_prefix("ExecStart=")).expect("a command");
        let mut words = line.split(' ').map(|word| match word.strip_prefix('/') {
            Some(path) => self.path(path).display().to_string(),
            None => word.to_owned(),
        });
        let mut command = Command::new(words.next().expect("a program"));
        command.args(words).current_dir(self.path("var/lib/pinion"));
        // The addresses of the site, and nothing else of it.
        let own = site.run_command_without("");
        let settings: Vec<_> = own.get_args().map(|word| word.to_str().expect("text").to_owned()).collect();
        let settings = settings.into_iter().filter(|word| word.contains('=') && !word.starts_with("journal."));
        for setting in settings.chain(["stats.dir=".to_owned()]) {
            command.args(["--set", &setting]);
        }
        site.start_command(command)
    }

    fn pinion(&self, site: &Site, words: &[&str]) -> Finished {
        let mut command = Command::new(self.path("usr/bin/pinion"));
        command.args(words).current_dir(self.path("var/lib/pinion"));
        site.spawn(command, "packaged").wait()
    }

    fn order(&self, site: &Site, price: &str) {
        let server = site.ports.order_entry().to_string();
        let told = self.pinion(site, &["send", "--server", &server, "buy", "100", "PINION", "@", price]);
        assert!(told.expect_success().out.contains("Accepted"));
    }
}

#[test]
fn it_installs_runs_upgrades_and_rolls_back() {
    if !can_package() {
        return;
    }
    let site = Site::new();
    let [old, new] = ["0.1.0-1", "0.2.0-1"].map(|version| package(&site.path("deb"), version));
    let root = Root::new(site.path("root"));
    root.dpkg("--install", &old);

    // What is where, and whose it is.
    for file in [
        "usr/bin/pinion",
        "usr/share/man/man1/pinion-journal-dump.1",
        "usr/share/bash-completion/completions/pinion",
        "usr/share/zsh/vendor-completions/_pinion",
        "usr/share/fish/vendor_completions.d/pinion.fish",
        "usr/lib/systemd/system/pinion-host.service",
        "usr/lib/systemd/system/pinion-stats.service",
        "usr/share/doc/pinion/operations.md",
        "usr/share/doc/pinion/examples/production.toml",
        "usr/share/doc/pinion/topologies/8-cores.toml",
        "etc/logrotate.d/pinion",
        "etc/pinion/hugepages.conf",
    ] {
        let packed = root.path(&format!("{file}.gz"));
        assert!(root.path(file).exists() || packed.exists(), "expected {file} in the package");
    }
    let user = root.text("etc/passwd").lines().find(|line| line.starts_with("pinion:")).expect("a user").to_owned();
    assert!(user.contains(":/var/lib/pinion:") && user.contains("nologin"), "{user}");
    let uid: u32 = user.split(':').nth(2).and_then(|uid| uid.parse().ok()).expect("a number");
    assert_eq!(fs::metadata(root.path("var/lib/pinion")).expect("made").uid(), uid);
    let keys = fs::metadata(root.path("etc/pinion/keys")).expect("made").permissions().mode();
    assert_eq!(keys & 0o777, 0o750, "others do not see the keys");

    // It serves as it was installed.
    let mut appliance = root.start(&site);
    root.order(&site, "10");

    // Upgraded while it runs: it runs on, and what the operator wrote stays.
    let config = root.text("etc/pinion/pinion.toml") + "# mine\n";
    fs::write(root.path("etc/pinion/pinion.toml"), &config).expect("the test's own file");
    root.dpkg("--install", &new);
    assert!(root.text("var/lib/dpkg/status").contains("\nVersion: 0.2.0-1\n"));
    assert_eq!(root.text("etc/pinion/pinion.toml"), config);
    assert!(appliance.is_alive());
    root.order(&site, "11");
    let dir = format!("journal.dir={}", root.path("var/lib/pinion/journal").display());
    let config = root.path("etc/pinion/pinion.toml").display().to_string();
    let recovered = root.pinion(&site, &["recover", "--dry-run", "--config", &config, "--set", &dir]).expect_success();
    assert!(
        recovered.out.contains("live orders   2 ") && recovered.out.contains("a start would succeed"),
        "{recovered:?}"
    );
    let before = appliance.stop();

    let appliance = root.start(&site);
    assert_eq!(appliance.replayed(), before.seq);
    root.order(&site, "12");
    let after = appliance.stop();

    // And back.
    root.dpkg("--install", &old);
    assert!(root.text("var/lib/dpkg/status").contains("\nVersion: 0.1.0-1\n"));
    let appliance = root.start(&site);
    assert_eq!(appliance.replayed(), after.seq);
    let last = appliance.stop();
    assert_eq!((last.seq, &last.state_hash), (after.seq, &after.state_hash));

    // The books are the venue's and not the package's.
    for action in ["--remove", "--purge"] {
        root.dpkg(action, Path::new("pinion"));
    }
    assert!(!root.path("usr/bin/pinion").exists() && !root.path("etc/pinion/pinion.toml").exists());
    let verified = Command::new(PINION).args(["journal", "verify"]).arg(root.path("var/lib/pinion/journal")).output();
    assert!(verified.expect("it runs").status.success(), "the journal is whole");
}

/// What a container would be made of is there, and begins what the unit begins.
#[test]
fn the_container_recipe_names_what_there_is() {
    let recipe = fs::read_to_string(project().join("packaging/Containerfile")).expect("it is shipped");
    let mut copied = 0;
    for line in recipe.lines().filter(|line| line.starts_with("COPY ") && !line.contains("--from=")) {
        let words: Vec<&str> = line.split(' ').skip(1).collect();
        for source in &words[..words.len() - 1] {
            assert!(project().join(source).exists(), "{line}: there is no {source}");
            copied += 1;
        }
    }
    assert!(copied >= 2, "{recipe}");
    let list = |word: &str| -> Vec<String> {
        let line = recipe.lines().find_map(|line| line.strip_prefix(word)).unwrap_or_else(|| panic!("no {word}"));
        serde_json::from_str(line.trim()).expect("a list of words")
    };
    assert_eq!(list("ENTRYPOINT"), ["/usr/bin/pinion"]);
    let understood = Command::new(PINION).args(list("CMD")).arg("--help").output().expect("it runs");
    assert!(understood.status.success(), "{}", String::from_utf8_lossy(&understood.stderr));
}
