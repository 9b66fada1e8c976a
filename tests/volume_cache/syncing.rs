//! Which files are copied, and when.

use std::fs;

use runpod::VolumeCache;

use crate::place::Place;

const BIG: usize = 300_000;

#[test]
fn the_newer_file_wins_in_both_directions() {
    let place = Place::new();
    for (name, size) in [("small", 3), ("big", BIG)] {
        place.write(name, &vec![1; size], 1000);
        place.cache().strict().blocking_sync().unwrap();
        // A newer local file is not overwritten, although it has another size.
        place.write(name, &vec![2; size + 1], 2000);
        place.cache().strict().blocking_hydrate().unwrap();
        assert_eq!(place.read(name).unwrap()[0], 2, "{name}");
        place.cache().strict().blocking_sync().unwrap();
        // An older local file does not overwrite the volume's.
        place.write(name, &vec![3; size], 1500);
        place.cache().strict().blocking_sync().unwrap();
        place.cache().strict().blocking_hydrate().unwrap();
        assert_eq!(place.read(name).unwrap()[0], 2, "{name}");
    }
}

#[test]
fn a_file_that_crosses_the_threshold_changes_its_place() {
    let place = Place::new();
    for (size, second) in [(10, 1000), (BIG, 2000), (20, 3000)] {
        place.write("model", &vec![1; size], second);
        place.cache().strict().blocking_sync().unwrap();
        place.new_container();
        place.cache().strict().blocking_hydrate().unwrap();
        assert_eq!(place.read("model").map(|it| it.len()), Some(size));
    }
}

#[test]
fn what_this_worker_deletes_is_removed_and_what_it_never_had_stays() {
    let place = Place::new();
    for name in ["a", "b"] {
        place.write(name, b"small", 1000);
        place.write(&format!("{name}.bin"), &vec![7; BIG], 1000);
    }
    let cache = place.cache().strict();
    cache.blocking_sync().unwrap();
    // A new container without `b`.
    for name in ["b", "b.bin"] {
        fs::remove_file(place.local(name)).unwrap();
    }
    let report = place.cache().strict().blocking_sync().unwrap();
    assert_eq!((report.copied, report.removed), (0, 0));
    // This cache has copied `b`, so it knows that `b` was deleted.
    let report = cache.blocking_sync().unwrap();
    assert_eq!(report.removed, 2);
    assert!(!place.big("b.bin").exists());
    place.new_container();
    let report = place.cache().strict().blocking_hydrate().unwrap();
    assert_eq!(report.copied, 2);
    assert_eq!(place.read("b"), None);
    // A container without the directory has deleted nothing.
    place.new_container();
    assert_eq!(cache.blocking_sync().unwrap().removed, 0);
}

#[test]
fn a_second_sync_and_a_second_hydration_copy_nothing() {
    let place = Place::new();
    place.write("a", b"small", 1000);
    place.write("b", &vec![1; BIG], 1000);
    let cache = place.cache().strict();
    cache.blocking_sync().unwrap();
    let written = |name| {
        fs::metadata(place.mirror(name))
            .unwrap()
            .modified()
            .unwrap()
    };
    let before = (written("small.tar"), written("manifest.json"));
    for report in [cache.blocking_sync(), cache.blocking_hydrate()] {
        let report = report.unwrap();
        assert_eq!((report.copied, report.bytes, report.unchanged), (0, 0, 2));
    }
    assert_eq!((written("small.tar"), written("manifest.json")), before);
}

#[cfg(unix)]
#[test]
fn programs_stay_executable_and_links_are_left_out() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    let place = Place::new();
    let mode = |name| {
        fs::metadata(place.local(name))
            .unwrap()
            .permissions()
            .mode()
            & 0o700
    };
    for (name, size) in [("tool", 3), ("tool.bin", BIG)] {
        place.write(name, &vec![1; size], 1000);
        fs::set_permissions(place.local(name), fs::Permissions::from_mode(0o755)).unwrap();
    }
    symlink("/etc/passwd", place.local("link")).unwrap();
    place.cache().strict().blocking_sync().unwrap();
    place.new_container();
    place.cache().strict().blocking_hydrate().unwrap();
    assert_eq!((mode("tool"), mode("tool.bin")), (0o700, 0o700));
    assert!(!place.local("link").exists());
}

#[tokio::test]
async fn without_a_volume_or_a_namespace_nothing_happens() {
    let place = Place::new();
    let nowhere = place.cache().volume("/no-such-volume").strict();
    let nameless = VolumeCache::new([place.local("")])
        .volume(place.root.join("volume"))
        .strict();
    for cache in [nowhere, nameless] {
        assert!(!cache.is_available());
        for report in [
            cache.hydrate().await,
            cache.sync().await,
            cache.prune().await,
        ] {
            assert_eq!(report.unwrap().copied, 0);
        }
    }
}

#[tokio::test]
async fn a_namespace_that_leads_elsewhere_is_always_an_error() {
    let place = Place::new();
    for name in ["../x", "/x", "a/b", "..", ".", "a\\b"] {
        let error = place.cache().namespace(name).sync().await.unwrap_err();
        assert!(error.to_string().contains("namespace"), "{error}");
    }
}

/// Two caches with different directories share a namespace.
#[test]
fn entries_of_other_directories_stay() {
    let place = Place::new();
    place.write("a/x", b"x", 1000);
    place.write("b/y", b"y", 1000);
    place.write("b/y.bin", &vec![1; BIG], 1000);
    for directory in ["a", "b", "a"] {
        let cache = VolumeCache::new([place.local(directory)])
            .volume(place.root.join("volume"))
            .namespace("models");
        place.write("a/z", directory.as_bytes(), 2000 + directory.len() as u64);
        cache.strict().blocking_sync().unwrap();
    }
    place.new_container();
    assert_eq!(place.cache().strict().blocking_hydrate().unwrap().copied, 4);
}
