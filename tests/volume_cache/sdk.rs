//! What the Python SDK writes, the cache reads, and the reverse.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::place::Place;

/// Runs a statement of Python with `cache`, the SDK's cache for the same directories.
pub(crate) fn sdk(place: &Place, statement: &str) -> String {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let python = std::env::var_os("RUNPOD_TEST_PYTHON")
        .map_or_else(|| root.join("target/sdk-venv/bin/python"), PathBuf::from);
    let program = format!(
        "import sys, time\n\
         from runpod.serverless.utils.rp_volume_cache import VolumeCache\n\
         cache = VolumeCache([sys.argv[1]], namespace='models', volume_path=sys.argv[2], best_effort=False)\n\
         {statement}"
    );
    let output = Command::new(python)
        .args(["-c", &program])
        .args([place.root.join("local"), place.root.join("volume")])
        .output()
        .expect("Python starts; `cargo xtask setup` installs it");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn long_name() -> String {
    format!("snapshots/{}/{}/ü.json", "a".repeat(100), "b".repeat(120))
}

/// Files around the threshold, in folders, with long names, and empty.
fn files() -> Vec<(String, Vec<u8>)> {
    vec![
        ("config.json".to_owned(), b"{}".to_vec()),
        ("empty".to_owned(), Vec::new()),
        (long_name(), b"long".to_vec()),
        ("below.bin".to_owned(), vec![1; 256 * 1024 - 1]),
        ("at.bin".to_owned(), vec![2; 256 * 1024]),
        ("deep/er/weights.bin".to_owned(), vec![3; 1_000_000]),
    ]
}

fn check(place: &Place) {
    for (name, content) in files() {
        assert_eq!(place.read(&name), Some(content), "{name}");
    }
    for left_out in ["a.lock", "refs/main", ".no_exist/x"] {
        assert_eq!(place.read(left_out), None, "{left_out}");
    }
}

#[test]
fn the_sdk_reads_what_the_cache_writes_and_the_reverse() {
    let place = Place::new();
    let write_all = || {
        for (index, (name, content)) in files().iter().enumerate() {
            place.write(name, content, 1_700_000_000 + index as u64);
        }
        for left_out in ["a.lock", "refs/main", ".no_exist/x"] {
            place.write(left_out, b"x", 1);
        }
    };
    // The SDK writes.
    write_all();
    sdk(&place, "cache.sync(background=False)");
    let by_the_sdk = place.manifest();
    place.new_container();
    let report = place.cache().strict().blocking_hydrate().unwrap();
    assert_eq!((report.copied, report.unchanged), (6, 0));
    check(&place);
    // Both agree that nothing has changed.
    let report = place.cache().strict().blocking_sync().unwrap();
    assert_eq!((report.copied, report.unchanged), (0, 6));
    assert_eq!(place.manifest(), by_the_sdk);
    assert_eq!(sdk(&place, "print(cache.hydrate())"), "0");

    // The cache writes.
    fs::remove_dir_all(place.mirror("")).unwrap();
    write_all();
    let report = place.cache().strict().blocking_sync().unwrap();
    assert_eq!((report.copied, report.unchanged), (6, 0));
    assert_eq!(sorted(place.manifest()), sorted(by_the_sdk));
    place.new_container();
    let hydrated = sdk(&place, "print(cache.hydrate())");
    assert_eq!(hydrated.lines().last(), Some("6"));
    check(&place);
    // The SDK finds nothing to copy.
    let synced = sdk(&place, "print(cache._do_sync())");
    assert_eq!(synced.lines().last(), Some("0"));
}

/// The order of the entries has no meaning.
fn sorted(mut manifest: serde_json::Value) -> serde_json::Value {
    for bucket in ["small", "big"] {
        let entries = manifest[bucket].as_array_mut().expect("it is a list");
        entries.sort_by_key(|entry| entry["path"].to_string());
    }
    manifest
}
