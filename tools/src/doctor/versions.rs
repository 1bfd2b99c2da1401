//! Section `versions`: this program, the one that runs, and the files that both must read.

use super::{Finding, Patient};
use engine::journal::directory;
use engine::snapshot::SnapshotName;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use wire::journal::{SEGMENT_HEADER_LEN, SegmentHeader};
use wire::snapshot::{SNAPSHOT_HEADER_LEN, SNAPSHOT_VERSION, SnapshotHeader};

pub(super) fn check(patient: &Patient) -> Vec<Finding> {
    let ours = env!("CARGO_PKG_VERSION");
    let mut findings = vec![Finding::ok(format!("this program is version {ours}"))];
    if let Some(error) = &patient.unreadable {
        let remedy = "use the `pinion` of the version that runs, or start the appliance again with this one";
        findings.push(Finding::problem(format!("the counters of the appliance cannot be read: {error}"), remedy));
    }
    if let (Some(look), Some(pid)) = (&patient.look, patient.pid())
        && look.owner.program != ours
    {
        let what = format!("process {pid} runs version {}, and this program is version {ours}", look.owner.program);
        findings.push(Finding::warning(
            what,
            "start the appliance again to bring the new version into service, after its day",
        ));
    }
    let dir = &patient.config.journal.dir;
    let newest = directory::segments(dir).unwrap_or_default().into_iter().next_back();
    if let Some(segment) = newest {
        let mut head = vec![0; SEGMENT_HEADER_LEN];
        let read = File::open(&segment.path).and_then(|mut file| file.read_exact(&mut head));
        findings.push(
            match read
                .map_err(|error| error.to_string())
                .and_then(|()| SegmentHeader::decode(&head).map_err(|error| error.to_string()))
            {
                Ok(_) => Finding::ok("the journal's layout is one that this program reads"),
                Err(error) => {
                    let what = format!("{}: this program cannot read its layout: {error}", segment.path.display());
                    Finding::problem(what, "start the program that wrote it; see `pinion version`")
                }
            },
        );
    }
    findings.extend(snapshots(dir));
    findings
}

/// Snapshots that a start would pass over.
fn snapshots(dir: &Path) -> Vec<Finding> {
    let names = match SnapshotName::list(dir) {
        Ok(names) => names,
        Err(error) => {
            let what = format!("the snapshots cannot be listed: {error}");
            return vec![Finding::problem(what, "see the rights of journal.dir")];
        }
    };
    let (mut findings, mut known) = (Vec::new(), 0);
    let mut refused = Vec::new();
    for name in &names {
        let mut head = [0; SNAPSHOT_HEADER_LEN];
        let read = File::open(&name.path).and_then(|mut file| file.read_exact(&mut head));
        match read.map_err(|error| error.to_string()).map(|()| SnapshotHeader::version(&head)) {
            Ok(Some(SNAPSHOT_VERSION)) => known += 1,
            Ok(Some(found)) => refused.push(format!(
                "{} is in version {found} of the snapshot's layout, this program reads and writes version {SNAPSHOT_VERSION}: a start passes \
                 it over",
                name.path.display()
            )),
            Ok(None) => refused.push(format!(
                "{}: expected a snapshot's header, found something else: a start passes it over",
                name.path.display()
            )),
            // The appliance removes old ones while we look.
            Err(_) if !name.path.exists() => {}
            Err(error) => refused.push(format!("{} cannot be read: {error}", name.path.display())),
        }
    }
    if known > 0 {
        findings.push(Finding::ok(format!("{known} snapshots have a layout that this program reads")));
    }
    // What a start needs instead: another snapshot, or the journal from its first record.
    let from_genesis =
        || directory::segments(dir).is_ok_and(|segments| segments.first().is_some_and(|it| it.index == 0));
    let is_replaced = known > 0 || from_genesis();
    findings.extend(refused.into_iter().map(|what| match is_replaced {
        true => Finding::warning(what, "nothing needs to be done; a start takes longer, see pinion recover --dry-run"),
        false => Finding::problem(what, "start the program that wrote it; see `pinion version`"),
    }));
    findings
}
