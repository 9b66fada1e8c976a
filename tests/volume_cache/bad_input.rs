//! Damaged and hostile volumes: each gets a clear message, and nothing is written outside the directories.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use runpod::serde_json::json;

use crate::place::{Place, write};

const BIG: usize = 300_000;

/// Returns the messages of a hydration that does not fail.
fn hydrated(place: &Place) -> (u64, String) {
    let report = place.cache().blocking_hydrate().unwrap();
    assert_eq!(report.failures.is_empty(), report.failed == 0);
    (report.copied, report.failures.join("\n"))
}

fn entry(path: &Path, size: usize) -> runpod::serde_json::Value {
    json!({ "path": path, "size": size, "mtime": 1000.5 })
}

#[test]
fn a_newer_manifest_is_named_and_left_alone() {
    let place = Place::new();
    place.write("a", b"a", 1000);
    let newer = json!({ "version": 2, "files": {} });
    place.set_manifest(&newer);
    let (_, failures) = hydrated(&place);
    assert!(
        failures.contains("manifest.json has the version 2"),
        "{failures}"
    );
    let report = place.cache().blocking_sync().unwrap();
    assert!(
        report.failures[0].contains("nothing was changed"),
        "{report:?}"
    );
    assert_eq!(place.manifest(), newer);
    assert!(!place.mirror("small.tar").exists());
    let error = place.cache().strict().blocking_sync().unwrap_err();
    assert!(
        error.to_string().contains("choose another namespace"),
        "{error}"
    );
}

#[test]
fn a_damaged_manifest_is_named_and_written_again() {
    for text in [
        "",
        "[1]",
        r#"{"version": 1, "small": 7}"#,
        "\u{0}",
        r#"{"version": 1, "big": ["#,
    ] {
        let place = Place::new();
        place.write("a", b"a", 1000);
        place.set_manifest(&json!({}));
        fs::write(place.mirror("manifest.json"), text).unwrap();
        let (_, failures) = hydrated(&place);
        assert!(failures.contains("manifest.json"), "{text}: {failures}");
        place.cache().strict().blocking_sync().unwrap();
        place.new_container();
        assert_eq!(hydrated(&place), (1, String::new()), "{text}");
    }
}

#[test]
fn of_a_truncated_archive_the_whole_files_are_copied_and_the_next_sync_repairs_it() {
    let place = Place::new();
    for name in ["a", "b", "c"] {
        place.write(name, &[name.as_bytes()[0]; 5000], 1000);
    }
    place.cache().strict().blocking_sync().unwrap();
    let whole = fs::read(place.mirror("small.tar")).unwrap();
    for cut in [0, 100, 512, 600, 5632, 6144, 8000] {
        fs::write(place.mirror("small.tar"), &whole[..cut]).unwrap();
        place.new_container();
        let cache = place.cache();
        let report = cache.blocking_hydrate().unwrap();
        assert!(
            report.failures.join(" ").contains("archive"),
            "{cut}: {report:?}"
        );
        assert!(report.copied < 3, "{cut}");
        for name in ["a", "b", "c"] {
            if let Some(found) = place.read(name) {
                assert_eq!(found, [name.as_bytes()[0]; 5000], "{cut} {name}");
            }
        }
        // A worker that has the files again repairs the archive.
        for name in ["a", "b", "c"] {
            place.write(name, &[name.as_bytes()[0]; 5000], 1000);
        }
        cache.blocking_sync().unwrap();
        place.new_container();
        assert_eq!(hydrated(&place), (3, String::new()), "{cut}");
    }
}

#[test]
fn a_repair_of_the_archive_that_fails_is_tried_again_by_the_next_sync() {
    let place = Place::new();
    let write = |place: &Place| {
        for name in ["a", "b", "c"] {
            place.write(name, &[name.as_bytes()[0]; 5000], 1000);
        }
    };
    write(&place);
    place.cache().strict().blocking_sync().unwrap();
    let archive = place.mirror("small.tar");
    let mut damaged = fs::read(&archive).unwrap();
    // The header of the second file. The archive keeps its size.
    let second = 512 + 5000_usize.next_multiple_of(512);
    damaged[second..second + 512].fill(b'x');
    fs::write(&archive, &damaged).unwrap();
    place.new_container();
    let cache = place.cache();
    let report = cache.blocking_hydrate().unwrap();
    assert!(report.failed > 0, "{report:?}");
    write(&place);
    // A folder in the way lets the first repair fail.
    fs::remove_file(&archive).unwrap();
    fs::create_dir(&archive).unwrap();
    let report = cache.blocking_sync().unwrap();
    assert!(report.failed > 0, "{report:?}");
    fs::remove_dir(&archive).unwrap();
    fs::write(&archive, &damaged).unwrap();
    cache.blocking_sync().unwrap();
    place.new_container();
    assert_eq!(hydrated(&place), (3, String::new()));
}

#[test]
fn paths_outside_the_directories_are_ignored() {
    let place = Place::new();
    let outside = place.root.join("outside");
    let up = place.root.join("local/../outside");
    fs::create_dir(place.root.join("elsewhere")).unwrap();
    symlink(place.root.join("elsewhere"), place.local("link")).unwrap();
    let through_a_link = place.local("link/file");
    let paths = [
        outside.clone(),
        up.clone(),
        through_a_link.clone(),
        "relative".into(),
    ];
    place.set_manifest(&json!({
        "version": 1,
        "small": paths.each_ref().map(|path| entry(path, 1)),
        "big": paths.each_ref().map(|path| entry(path, BIG)),
    }));
    let mut archive = tar::Builder::new(fs::File::create(place.mirror("small.tar")).unwrap());
    for path in ["local/../outside", "outside", "local/link/file"] {
        let mut header = tar::Header::new_gnu();
        let name = place.root.join(path);
        let name = name.strip_prefix("/").unwrap().to_str().unwrap().as_bytes();
        header.as_mut_bytes()[..name.len()].copy_from_slice(name);
        header.set_size(1);
        header.set_mode(0o644);
        header.set_mtime(1000);
        header.set_cksum();
        archive.append(&header, &b"x"[..]).unwrap();
    }
    archive.finish().unwrap();
    for path in &paths {
        let inside = path.strip_prefix("/").unwrap_or(path);
        write(&place.mirror("big").join(inside), &vec![1; BIG], 1000);
    }
    assert_eq!(hydrated(&place).0, 0);
    for path in paths {
        assert!(!place.root.join(path).exists());
    }
}

#[test]
fn links_and_pipes_on_the_volume_are_not_followed() {
    let place = Place::new();
    write(&place.root.join("secret"), &vec![9; BIG], 1000);
    let (link, folder, pipe) = (
        place.local("link"),
        place.local("folder/secret"),
        place.local("pipe"),
    );
    let big = [&link, &folder, &pipe].map(|path| entry(path, BIG));
    place.set_manifest(&json!({
        "version": 1,
        "small": [],
        "big": big,
    }));
    fs::create_dir_all(place.big("")).unwrap();
    symlink(place.root.join("secret"), place.big("link")).unwrap();
    symlink(&place.root, place.big("folder")).unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, place.big("pipe"), 0o600.into()).unwrap();
    let (copied, failures) = hydrated(&place);
    assert_eq!(copied, 0);
    for part in ["link", "leads out of the mirror", "not a regular file"] {
        assert!(failures.contains(part), "{failures}");
    }
    // Nor does a sync write through a link.
    place.write("folder/new.bin", &vec![1; BIG], 2000);
    let report = place.cache().blocking_sync().unwrap();
    assert!(
        report
            .failures
            .join(" ")
            .contains("leads out of the mirror"),
        "{report:?}"
    );
    assert!(!place.root.join("new.bin").exists());
}

#[test]
fn a_file_with_another_size_than_the_manifest_says_is_not_copied() {
    let place = Place::new();
    place.write("weights.bin", &vec![1; BIG], 1000);
    place.cache().strict().blocking_sync().unwrap();
    write(&place.big("weights.bin"), &[1; 1000], 1000);
    place.new_container();
    let (copied, failures) = hydrated(&place);
    assert_eq!(copied, 0);
    assert!(
        failures.contains("has 1000 bytes, and the manifest expects 300000"),
        "{failures}"
    );
    place.write("weights.bin", &vec![1; BIG], 1000);
    place.cache().strict().blocking_sync().unwrap();
    place.new_container();
    assert_eq!(hydrated(&place), (1, String::new()));
}

#[test]
fn something_else_under_a_files_name_is_a_failure_of_that_file() {
    let place = Place::new();
    for (name, size) in [("a", 5), ("b", 5), ("c.bin", BIG)] {
        place.write(name, &vec![1; size], 1000);
    }
    place.cache().strict().blocking_sync().unwrap();
    place.new_container();
    fs::create_dir_all(place.local("a")).unwrap();
    symlink("nowhere", place.local("c.bin")).unwrap();
    let (copied, failures) = hydrated(&place);
    assert_eq!(copied, 1);
    assert!(
        failures.contains("something else has the name of this file"),
        "{failures}"
    );
    assert!(
        failures.contains("a link has the name of this file"),
        "{failures}"
    );
}

/// The SDK writes names that are not Unicode as lone surrogates.
#[test]
fn entries_that_are_not_understood_survive_a_sync() {
    let place = Place::new();
    place.write("a", b"a", 1000);
    place.set_manifest(&json!({}));
    let text = r#"{"version": 1, "small": [], "big": [{"path": "/x/\udcff", "size": 300000, "mtime": 1.5}]}"#;
    fs::write(place.mirror("manifest.json"), text).unwrap();
    place.cache().strict().blocking_sync().unwrap();
    let text = fs::read_to_string(place.mirror("manifest.json")).unwrap();
    assert!(text.contains(r#""path": "/x/\udcff""#), "{text}");
}
