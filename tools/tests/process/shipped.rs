//! The topologies that we ship: each is one, and gives the same answer where the machine has the cores.

use crate::recording::{assert_published, flow};
use crate::site::Site;
use engine::config::Config;
use engine::tile::Wait;
use netio::cpu::{CoreList, Layout, numbers};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Every file, with the number of cores in its name.
fn shipped() -> Vec<(usize, PathBuf)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the project's root").join("topologies");
    let mut found: Vec<(usize, PathBuf)> = fs::read_dir(folder)
        .expect("topologies are shipped")
        .map(|entry| entry.expect("an entry").path())
        .map(|path| {
            let name = path.file_name().and_then(|name| name.to_str()).expect("a plain name");
            (name.split('-').next().and_then(|cores| cores.parse().ok()).expect("a number of cores"), path)
        })
        .collect();
    found.sort();
    found
}

#[test]
fn each_has_its_cores_and_no_thread_spins_beside_another() {
    let found = shipped();
    assert_eq!(found.iter().map(|(cores, _)| *cores).collect::<Vec<_>>(), [1, 2, 4, 8]);
    for (cores, path) in found {
        let topology = Config::load_placed(None, Some(&path), &[]).expect("a topology").topology;
        assert_eq!(topology.pin.len(), topology.threads.len(), "each thread has a core");
        let tiles: BTreeSet<usize> = topology.pin.iter().copied().collect();
        let helpers: BTreeSet<usize> = topology.helpers.iter().copied().collect();
        assert!(tiles.iter().chain(&helpers).all(|core| *core < cores) && !helpers.is_empty());
        // Who spins shares with nobody, and the kernel has core 0.
        assert_eq!(topology.wait == Wait::Spin, cores > 1);
        assert!(cores == 1 || (tiles.is_disjoint(&helpers) && !tiles.contains(&0)));
        // The argument for the boot line that the file names is the one that is needed.
        let text = fs::read_to_string(&path).expect("text");
        let isolated = CoreList::from(topology.spinning_cores().as_slice());
        assert!(
            cores == 1 || text.contains(&format!("nohz_full={isolated} rcu_nocbs={isolated}\n")),
            "{}",
            path.display()
        );
    }
}

#[test]
fn each_gives_the_published_answer_where_there_are_cores_enough() {
    let online = Layout::here().online();
    for (cores, path) in shipped() {
        if (0..cores).any(|core| !online.contains(&core)) {
            eprintln!("{}: this machine has cores {online:?} only", path.display());
            continue;
        }
        let site = Site::new();
        // The file alone places the threads: what the site sets would win over it. Spinning on cores that tests share takes minutes.
        let mut command = site.run_command_without("topology.");
        command.arg("--topology").arg(&path).args(["--set", "topology.wait=yield"]);
        let appliance = site.start_command(command);
        assert_published(site.replay(&flow(), &[]));
        let names = threads(appliance.pid());
        let topology = Config::load_placed(None, Some(&path), &[]).expect("a topology").topology;
        for (thread, core) in [("journal-sync", topology.helpers.first()), ("journal-prepare", topology.helpers.last())]
        {
            let allowed = names.iter().find(|(name, _)| *name == thread).map(|(_, cores)| cores.as_slice());
            assert_eq!(allowed, core.map(std::slice::from_ref), "the cores of {thread}");
        }
        appliance.stop();
    }
}

/// The threads of a process with the cores that each may run on.
fn threads(pid: u32) -> Vec<(String, Vec<usize>)> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).expect("the process runs");
    let thread = |path: PathBuf| {
        let status = fs::read_to_string(path.join("status")).expect("the thread runs");
        let field =
            |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).expect("a field").trim().to_owned();
        (field("Name:"), numbers(&field("Cpus_allowed_list:")))
    };
    tasks.map(|task| thread(task.expect("an entry").path())).collect()
}

#[test]
fn a_topology_file_places_and_does_nothing_else() {
    let site = Site::new();
    let file = site.path("other.toml");
    fs::write(&file, "[topology]\ncores = 1\n[journal]\ndir = \"elsewhere\"\n").expect("the test's own file");
    let mut command = site.run_command(&[]);
    command.arg("--topology").arg(&file);
    let refused = site.spawn(command, "refused").wait();
    refused.expect_refusal(&["other.toml:3", "'journal'", "topology"]);
}
