//! Section `versions`: this program, the one that runs, and the files that both must read.

use super::{Finding, Patient};
use engine::journal::directory;
use engine::snapshot::SnapshotName;
use std::fs::File;
use std::io::Read;
use wire::journal::{SEGMENT_HEADER_LEN, SegmentHeader};

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
    if let Err(error) = SnapshotName::list(dir)
        && dir.exists()
    {
        findings.push(Finding::problem(
            format!("the snapshots cannot be listed: {error}"),
            "see the rights of journal.dir",
        ));
    }
    findings
}
