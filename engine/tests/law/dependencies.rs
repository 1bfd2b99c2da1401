//! Which crate of the workspace may use which, and which crates of others the project stands on.

use super::source::root;
use std::fs;
use toml::{Table, Value};

/// Our crates, and those of ours that each may use.
const LAW: [(&str, &[&str]); 10] = [
    ("wire", &[]),
    ("netio", &["dpdk-sys"]),
    ("netio/dpdk-sys", &[]),
    ("feedhandler", &["wire", "netio"]),
    ("feedhandler/c", &["wire", "feedhandler"]),
    ("engine", &["wire", "netio"]),
    ("tools", &["wire", "netio", "feedhandler", "engine"]),
    ("bench", &["wire", "netio", "feedhandler", "engine", "tools"]),
    ("bench/challenge", &["wire", "netio", "feedhandler", "engine"]),
    ("fuzz", &["wire", "feedhandler", "engine"]),
];

/// What a crate may use only when a feature of its own is switched on, and the feature.
const OPTIONAL: [(&str, &str, &str); 1] = [("feedhandler", "netio", "runner")];

/// What a manifest breaks of the law.
fn breaches(crate_name: &str, manifest: &str) -> Vec<String> {
    let Some((_, allowed)) = LAW.iter().find(|(name, _)| *name == crate_name) else {
        return vec![format!("{crate_name} is a new crate: say in the law what it may use")];
    };
    let manifest: Table = manifest.parse().expect("a manifest is TOML");
    let ours = |name: &str| LAW.iter().any(|(ours, _)| ours.rsplit('/').next() == Some(name));
    let mut breaches = Vec::new();
    for (section, name, dependency) in dependencies(&manifest) {
        // A renamed dependency is still the crate it names.
        let name = dependency.get("package").and_then(Value::as_str).unwrap_or(&name).to_owned();
        let path = dependency.get("path").and_then(Value::as_str).map(|path| path.rsplit('/').next().unwrap_or(path));
        let name = path.filter(|path| ours(path)).map_or(name, str::to_owned);
        if ours(&name) && !allowed.contains(&name.as_str()) {
            breaches.push(format!("{crate_name} uses {name} in [{section}]; it may use {allowed:?}"));
        }
        let optional = OPTIONAL.iter().find(|(of, uses, _)| *of == crate_name && *uses == name);
        if let Some((_, _, feature)) = optional
            && (section != "dependencies"
                || dependency.get("optional").and_then(Value::as_bool) != Some(true)
                || !switched_on_by(&manifest, feature, &name))
        {
            breaches.push(format!("{crate_name} uses {name} in [{section}] without its feature {feature} alone"));
        }
        // The fuzzer's runtime is never part of an ordinary build, so the workspace does not know it.
        let fuzzer = section.starts_with("target.cfg(fuzzing).");
        if !fuzzer && dependency.get("workspace").and_then(Value::as_bool) != Some(true) {
            breaches.push(format!("{crate_name}: {name} in [{section}] is not taken from [workspace.dependencies]"));
        }
    }
    breaches
}

/// Whether this feature, and no other, switches an optional dependency on.
fn switched_on_by(manifest: &Table, feature: &str, dependency: &str) -> bool {
    let on = format!("dep:{dependency}");
    let features = manifest.get("features").and_then(Value::as_table).into_iter().flatten();
    let names = |list: &Value| {
        let names = list.as_array().into_iter().flatten().filter_map(Value::as_str);
        names.filter(|name| **name == on || *name == feature).count()
    };
    let mut by = features.filter(|(_, list)| names(list) > 0);
    by.next().is_some_and(|(name, _)| name == feature) && by.next().is_none()
}

/// All dependencies of a manifest, those of targets included: section, name, value.
fn dependencies(manifest: &Table) -> Vec<(String, String, Value)> {
    const SECTIONS: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];
    let mut found = Vec::new();
    let mut collect = |table: &Table, prefix: &str| {
        for section in SECTIONS {
            for (name, value) in table.get(section).and_then(Value::as_table).into_iter().flatten() {
                found.push((format!("{prefix}{section}"), name.clone(), value.clone()));
            }
        }
    };
    collect(manifest, "");
    for (target, table) in manifest.get("target").and_then(Value::as_table).into_iter().flatten() {
        collect(table.as_table().expect("a target is a table"), &format!("target.{target}."));
    }
    found
}

/// Names of the crates of others in the workspace manifest for which the architecture page gives no reason.
fn unexplained(manifest: &str, page: &str) -> Vec<String> {
    let manifest: Table = manifest.parse().expect("a manifest is TOML");
    let table = manifest["workspace"]["dependencies"].as_table().expect("a table");
    let reasons = page.split("\n## Dependencies").nth(1).unwrap_or_default();
    let reasons = reasons.split("\n## ").next().unwrap_or_default();
    let names: Vec<&str> = reasons
        .lines()
        .filter_map(|line| line.strip_prefix('|')?.split('|').next())
        .flat_map(|cell| cell.split(',').map(|name| name.trim().trim_matches('`')))
        .collect();
    let foreign = table.iter().filter(|(_, value)| value.get("path").is_none());
    foreign.filter(|(name, _)| !names.contains(&name.as_str())).map(|(name, _)| name.clone()).collect()
}

#[test]
fn crates_use_only_what_the_law_allows() {
    let workspace: Table = fs::read_to_string(root().join("Cargo.toml")).expect("readable").parse().expect("TOML");
    let members = workspace["workspace"]["members"].as_array().expect("a list");
    let mut all = Vec::new();
    for member in members.iter().map(|member| member.as_str().expect("a path")) {
        let manifest = fs::read_to_string(root().join(member).join("Cargo.toml")).expect("readable");
        all.extend(breaches(member, &manifest));
    }
    assert!(all.is_empty(), "\n{}", all.join("\n"));
    assert!(members.len() >= LAW.len(), "the law knows crates that are gone");
}

#[test]
fn crates_of_others_are_explained() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("readable");
    let page = fs::read_to_string(root().join("docs/architecture.md")).expect("readable");
    let missing = unexplained(&manifest, &page);
    assert!(missing.is_empty(), "docs/architecture.md, Dependencies, has no line for: {}", missing.join(", "));
}

#[test]
fn a_forbidden_dependency_is_found() {
    for manifest in [
        "[dependencies]\nengine = { workspace = true }",
        "[dependencies]\nengine.workspace = true",
        "[dev-dependencies]\nengine.workspace = true",
        "[target.'cfg(loom)'.dependencies]\nengine.workspace = true",
        "[dependencies]\ninnocent = { package = \"engine\", workspace = true }",
        "[dependencies]\ninnocent = { path = \"../engine\", workspace = true }",
    ] {
        assert_eq!(breaches("feedhandler", manifest).len(), 1, "{manifest}");
        assert_eq!(breaches("tools", manifest), Vec::<String>::new(), "{manifest}");
    }
    let runner = |dependency: &str, features: &str| {
        breaches(
            "feedhandler",
            &format!("[features]\n{features}\n[dependencies]\nnetio = {{ workspace = true{dependency} }}"),
        )
        .len()
    };
    assert_eq!(runner(", optional = true", "runner = [\"dep:netio\"]"), 0);
    assert_eq!(runner("", "runner = []"), 1);
    assert_eq!(runner(", optional = true", "runner = [\"dep:netio\"]\ndefault = [\"runner\"]"), 1);
    assert_eq!(runner(", optional = true", "other = [\"dep:netio\"]"), 1);
    assert_eq!(breaches("wire", "[dependencies]\ncrc32c = \"0.6\"").len(), 1);
    assert_eq!(breaches("newcomer", "").len(), 1);
    let fuzzer = |cfg: &str| breaches("fuzz", &format!("[target.'cfg({cfg})'.dependencies]\nx = \"1\"")).len();
    assert_eq!((fuzzer("fuzzing"), fuzzer("unix")), (0, 1));
}

#[test]
fn a_crate_without_a_reason_is_found() {
    let manifest = "[workspace.dependencies]\nwire = { path = \"wire\" }\na = \"1\"\nb = \"1\"\nc = \"1\"";
    let page = "| c | no |\n## Dependencies, one line each\n| crate | why |\n|---|---|\n| `a`, x | for c |\n\n## Next\n| b | no |";
    assert_eq!(unexplained(manifest, page), ["b", "c"]);
}
