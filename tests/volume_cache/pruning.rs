//! Orphans on the volume.

use std::fs;
use std::os::unix::fs::symlink;

use crate::place::{Place, write};

#[test]
fn prune_removes_what_no_manifest_names_and_nothing_else() {
    let place = Place::new();
    place.write("weights.bin", &vec![1; 300_000], 1000);
    let cache = place.cache().strict();
    cache.blocking_sync().unwrap();
    write(&place.big("old/weights.bin"), &[1; 10], 1000);
    // Another worker may be writing this file now.
    write(&place.big(".0.rpvc.tmp"), &[1; 10], 1000);
    let report = cache.blocking_prune().unwrap();
    assert_eq!(report.removed, 1);
    assert!(!place.big("old").exists());
    assert!(place.big(".0.rpvc.tmp").exists());
    assert!(place.big("weights.bin").exists());
}

#[test]
fn prune_follows_no_link_out_of_the_volume() {
    let place = Place::new();
    place.write("a.txt", b"a", 1000);
    let cache = place.cache();
    cache.blocking_sync().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let kept = elsewhere.path().join("kept");
    write(&kept, &[1; 10], 1000);
    let big = place.mirror("big");
    if big.exists() {
        fs::remove_dir_all(&big).unwrap();
    }
    symlink(elsewhere.path(), &big).unwrap();
    cache.blocking_prune().unwrap();
    assert!(kept.exists());
}

#[test]
fn prune_removes_nothing_if_the_manifest_cannot_be_understood() {
    for text in [
        "",
        "{}",
        r#"{"version": 2}"#,
        r#"{"version": 1, "big": [{"name": "?"}]}"#,
    ] {
        let place = Place::new();
        write(&place.big("weights.bin"), &[1; 10], 1000);
        fs::write(place.mirror("manifest.json"), text).unwrap();
        let _ = place.cache().blocking_prune().unwrap();
        assert!(place.big("weights.bin").exists(), "{text}");
    }
}
