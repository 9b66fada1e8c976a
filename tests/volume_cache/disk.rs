//! Full and read-only disks. The worker runs in its own mount namespace, where it can mount small and read-only disks.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use crate::place::{Place, cache};

const ROOT: &str = "RUNPOD_TEST_DISK_ROOT";
const OPERATION: &str = "RUNPOD_TEST_DISK_OPERATION";

/// The worker of the other tests. Without their environment, it does nothing.
#[test]
fn a_worker_with_a_bad_disk() {
    let (Some(root), Ok(operation)) = (env::var_os(ROOT), env::var(OPERATION)) else {
        return;
    };
    let cache = cache(&PathBuf::from(root));
    let report = match operation.as_str() {
        "sync" => cache.blocking_sync(),
        _ => cache.blocking_hydrate(),
    };
    println!("{:#?}", report.expect("only a strict cache fails"));
}

/// Runs an operation after a mount, and returns its report as text.
fn after(place: &Place, mount: &str, operation: &str) -> String {
    let program = env::current_exe().expect("this program has a path");
    let script = format!(
        "{mount} && \"$0\" --exact disk::a_worker_with_a_bad_disk --nocapture && find . -name '*.rpvc.tmp'"
    );
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", &script])
        .arg(program)
        .current_dir(&place.root)
        .env(ROOT, &place.root)
        .env(OPERATION, operation)
        .output()
        .expect("unshare (util-linux) starts");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}{errors}");
    assert!(
        !text.contains("rpvc.tmp"),
        "an unfinished file is left: {text}"
    );
    text
}

fn place_with_files() -> Place {
    let place = Place::new();
    for index in 0..30 {
        place.write(&format!("small/{index}"), &vec![1; 100_000], 1000);
        place.write(&format!("big/{index}"), &vec![1; 300_000], 1000);
    }
    place
}

#[test]
fn a_full_volume_is_named_and_keeps_what_it_has() {
    let place = place_with_files();
    let mount = "mount -t tmpfs -o size=1m tmpfs volume";
    let text = after(&place, mount, "sync");
    assert!(text.contains("No space left on device"), "{text}");
}

#[test]
fn a_full_container_is_named() {
    let place = place_with_files();
    place.cache().strict().blocking_sync().unwrap();
    let mount = "mount -t tmpfs -o size=1m tmpfs local";
    let text = after(&place, mount, "hydrate");
    assert!(text.contains("No space left on device"), "{text}");
}

#[test]
fn a_read_only_disk_is_named() {
    let place = place_with_files();
    let read_only =
        |name: &str| format!("mount --bind {name} {name} && mount -o remount,bind,ro {name}");
    let text = after(&place, &read_only("volume"), "sync");
    assert!(text.contains("Read-only file system"), "{text}");
    place.cache().strict().blocking_sync().unwrap();
    // If nothing has changed, a sync needs no write access.
    let text = after(&place, &read_only("volume"), "sync");
    assert!(text.contains("failed: 0"), "{text}");
    place.new_container();
    std::fs::create_dir(place.local("")).unwrap();
    let text = after(&place, &read_only("local"), "hydrate");
    assert!(text.contains("Read-only file system"), "{text}");
}
