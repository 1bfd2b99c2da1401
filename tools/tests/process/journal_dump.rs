//! What a journal says was done, free of what differs from run to run.

use crate::site::Site;

impl Site {
    /// The client messages that were applied, in order, each with its number; without places and times. The venue must not run.
    pub fn applied_messages(&self) -> Vec<String> {
        let verified = self.journal_command("verify").expect_success();
        assert!(verified.out.contains("clean"), "{}", verified.out);
        let dump = self.journal_command("dump").expect_success().out;
        dump.lines().filter_map(|line| line.split_once(" SessionMessage ").map(|(_, body)| body.to_owned())).collect()
    }
}

/// No client number was applied twice and none was left out.
#[track_caller]
pub fn assert_each_once(messages: &[String]) {
    for (number, message) in (1..).zip(messages) {
        let expected = format!("session=0 client_seq={number} ");
        assert!(message.starts_with(&expected), "expected {expected}…, found {message}");
    }
}
