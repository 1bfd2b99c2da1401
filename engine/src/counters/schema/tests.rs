use super::*;
use wire::counters::{FieldName, GroupName};

#[test]
fn every_name_fits_its_place_and_is_the_only_one() {
    let mut names = Vec::new();
    for group in GROUPS {
        assert!(GroupName::new(group.name).is_some(), "{}", group.name);
        assert!(group.row_len().is_multiple_of(128));
        for field in group.fields {
            assert!(FieldName::new(field.name).is_some(), "{}", field.name);
            let is_time = field.kind == FieldKind::Time;
            assert!(!is_time || field.name.ends_with("_ns"), "{} is a time and does not say so", field.name);
            names.push((group.name, field.name));
        }
    }
    let before = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), before);
}

#[test]
fn fields_follow_each_other() {
    assert_eq!((tile::heartbeat_ns, tile::thread, tile::stalls), (0, 1, 5));
    assert_eq!(tile::GROUP.offset(tile::thread), 32 + 8);
    assert_eq!(journal::GROUP.offset(journal::synced_ns), 32 + 3 * 8 + 8 * wire::counters::histogram::WORDS);
}
