//! A store that is whole: it goes on over restarts, and has all that was published.

use crate::site::{Site, save};
use crate::storing::{Storing, files, published, small, stored};
use engine::messages::{Answer, Scratch};
use wire::feed::StreamKind;

#[test]
fn whatever_was_published_can_be_asked_for_while_it_goes_on() {
    let dir = tempfile::tempdir().expect("a directory");
    let config = small(dir.path());
    let mut site = Site::open(&config);
    let mut storing = Storing::begin(&site);
    for _ in 0..4 {
        site.trade(400);
        storing.follow();
        assert!(stored(&storing.archive) == published(&config));
        save(&mut storing.follower);
    }
    assert!(files(&config, StreamKind::Tick).len() > 2, "many files");
    assert_eq!(storing.archive.told.take(), None);
}

#[test]
fn any_range_comes_as_it_was_asked_for() {
    let dir = tempfile::tempdir().expect("a directory");
    let config = small(dir.path());
    let mut site = Site::open(&config);
    let mut storing = Storing::begin(&site);
    for _ in 0..5 {
        site.trade(200);
        save(&mut storing.follower);
    }
    let all = published(&config);
    let (mut out, mut scratch) = ([0; 1_388], Scratch::default());
    for (stream, messages) in &all {
        let stored = storing.archive.stream(*stream).expect("a stream");
        let last = messages.len() as u64;
        for from in 1..=last {
            let wanted = 1 + from % 37;
            let Answer::Blocks { count, len } = stored.copy(from, wanted, &mut out, &mut scratch) else {
                panic!("message {from} is there");
            };
            let got = crate::storing::blocks(&out[..len]);
            let begin = from as usize - 1;
            assert!(count > 0 && got == messages[begin..begin + usize::from(count)], "from {from}");
        }
        assert_eq!(stored.copy(last + 1, 9, &mut out, &mut scratch), Answer::Beyond { next: last + 1 });
        assert_eq!(stored.copy(u64::MAX, 9, &mut out, &mut scratch), Answer::Beyond { next: last + 1 });
        assert_eq!(stored.copy(0, 9, &mut out, &mut scratch), Answer::Missing);
        assert_eq!(stored.copy(1, 9, &mut out[..5], &mut scratch), Answer::Missing, "no room for one");
    }
}

#[test]
fn a_restart_goes_on_wherever_the_one_before_ended() {
    let dir = tempfile::tempdir().expect("a directory");
    let config = small(dir.path());
    for life in 0..8 {
        let mut site = Site::open(&config);
        let mut storing = Storing::begin(&site);
        // What the run before stored behind its last snapshot comes again.
        storing.follow();
        assert!(stored(&storing.archive) == published(&config), "life {life}");
        site.trade(150);
        save(&mut storing.follower);
        site.trade(40 * life);
        storing.follow();
        assert!(stored(&storing.archive) == published(&config), "life {life}");
        assert_eq!(storing.archive.told.take(), None);
        let (_, archive) = storing.repaired();
        assert_eq!(archive.told.take(), None, "nothing is missing");
    }
}
