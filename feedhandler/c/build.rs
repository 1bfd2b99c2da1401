//! Writes the header from the functions themselves, so that it cannot differ from them: into the build's own folder, for the tests, and
//! beside the libraries, for people.

use std::env;
use std::error::Error;
use std::path::PathBuf;

const HEADER: &str = "pinion_feed.h";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=src");
    let config = cbindgen::Config {
        language: cbindgen::Language::C,
        cpp_compat: true,
        include_guard: Some("PINION_FEED_H".into()),
        no_includes: true,
        sys_includes: ["stdbool.h", "stddef.h", "stdint.h"].map(String::from).to_vec(),
        header: Some(
            "/* Pinion's feed handler: lines, gaps, re-requests, snapshots, books. Made from feedhandler/c/src. */"
                .into(),
        ),
        documentation_style: cbindgen::DocumentationStyle::C,
        style: cbindgen::Style::Both,
        ..cbindgen::Config::default()
    };
    let source = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("src");
    let bindings = cbindgen::Builder::new()
        .with_config(config)
        .with_src(source.join("values.rs"))
        .with_src(source.join("abi.rs"))
        .generate()?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    bindings.write_to_file(out.join(HEADER));
    // OUT_DIR is <profile>/build/<package>/out.
    if let Some(profile) = out.ancestors().nth(3) {
        bindings.write_to_file(profile.join(HEADER));
    }
    Ok(())
}
