//! Which commit was measured.
//!
//! Goal: a kept result names the source that it was built from. What the build was told (`PINION_COMMIT`) counts; else the checkout that the
//! program lies in, or that `cargo run` started it from, as long as it says that the program is newer. Non-goal: a build script; a tarball
//! must build as well.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

/// The commit, or why it is not known.
#[must_use]
pub fn of_this_program() -> String {
    if let Some(told) = option_env!("PINION_COMMIT") {
        return told.to_owned();
    }
    let program = env::current_exe().ok();
    let manifest = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let checkout = [program.as_deref(), manifest.as_deref()].into_iter().flatten().find_map(checkout_above);
    let Some(checkout) = checkout else {
        return "unknown (build with PINION_COMMIT set)".to_owned();
    };
    let built = program.and_then(|program| fs::metadata(program).ok()?.modified().ok());
    describe(&checkout, built).unwrap_or_else(|| "unknown (git does not answer)".to_owned())
}

/// The folder above that is a checkout of this project.
fn checkout_above(path: &Path) -> Option<PathBuf> {
    let is_ours = |folder: &&Path| folder.join(".git").exists() && folder.join("bench/Cargo.toml").exists();
    path.ancestors().find(is_ours).map(Path::to_owned)
}

fn describe(checkout: &Path, built: Option<SystemTime>) -> Option<String> {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").arg("-C").arg(checkout).args(arguments).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let head = git(&["log", "-1", "--format=%h %ct", "--abbrev=12"])?;
    let (hash, time) = head.split_once(' ')?;
    let committed = SystemTime::UNIX_EPOCH + Duration::from_secs(time.parse().ok()?);
    // What is generated from a run is no change of what was run.
    let source = ["status", "--porcelain", "--untracked-files=no", "--", ":!docs", ":!README.md"];
    let changed = git(&source).is_none_or(|changes| !changes.is_empty());
    let mut said = hash.to_owned();
    if changed {
        said.push_str(" with changes");
    }
    if built.is_some_and(|built| built < committed) {
        said.push_str(", the program is older");
    }
    Some(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkout_is_described_and_a_stale_program_found() {
        let dir = tempfile::tempdir().expect("a directory");
        let git = |arguments: &[&str]| {
            let identity = ["-c", "user.name=n", "-c", "user.email=e@localhost", "-c", "commit.gpgsign=false"];
            Command::new("git").arg("-C").arg(dir.path()).args(identity).args(arguments).output()
        };
        let Ok(made) = git(&["init", "-q"]) else {
            eprintln!("git is absent: no checkout to describe");
            return;
        };
        assert!(made.status.success());
        fs::create_dir(dir.path().join("bench")).expect("a folder");
        let manifest = dir.path().join("bench/Cargo.toml");
        fs::write(&manifest, "").expect("a file");
        assert!(git(&["add", "."]).expect("git").status.success());
        assert!(git(&["commit", "-q", "-m", "x"]).expect("git").status.success());
        assert_eq!(checkout_above(&manifest).as_deref(), Some(dir.path()));

        let later = Some(SystemTime::now() + Duration::from_secs(5));
        let clean = describe(dir.path(), later).expect("a description");
        assert!(clean.len() == 12 && clean.chars().all(|digit| digit.is_ascii_hexdigit()), "{clean}");
        assert_eq!(describe(dir.path(), Some(SystemTime::UNIX_EPOCH)), Some(format!("{clean}, the program is older")));
        fs::write(manifest, "changed").expect("a file");
        assert_eq!(describe(dir.path(), later), Some(format!("{clean} with changes")));
    }
}
