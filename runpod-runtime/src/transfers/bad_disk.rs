//! Runs a test as a worker whose disk is full or read-only. The worker runs in its own mount namespace, where it can
//! mount small and read-only disks.

use std::env;
use std::path::PathBuf;
use std::process::Command;

/// The folder of the bad disk, in the worker's environment.
const FOLDER: &str = "RUNPOD_TEST_BAD_DISK";

/// A disk with 256 KiB.
pub(crate) const SMALL: &str = "mount -t tmpfs -o size=256k tmpfs \"$RUNPOD_TEST_BAD_DISK\"";

pub(crate) const READ_ONLY: &str = "mount --bind \"$RUNPOD_TEST_BAD_DISK\" \"$RUNPOD_TEST_BAD_DISK\" && \
     mount -o remount,bind,ro \"$RUNPOD_TEST_BAD_DISK\"";

/// Returns the folder of the bad disk. Returns `None` if this process is no worker.
pub(crate) fn folder() -> Option<PathBuf> {
    env::var_os(FOLDER).map(PathBuf::from)
}

/// Runs the test with this name as a worker, and returns what it prints.
///
/// # Panics
///
/// Panics if the worker fails, or leaves a file on the bad disk.
pub(crate) fn output_of_worker(test: &str, mount: &str) -> String {
    let disk = tempfile::tempdir().unwrap();
    let script = format!(
        "{mount} && \"$0\" --exact {test} --nocapture && find \"${FOLDER}\" -type f -exec echo left behind: {{}} +"
    );
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", &script])
        .arg(env::current_exe().unwrap())
        .env(FOLDER, disk.path())
        .output()
        .unwrap_or_else(|error| panic!("unshare (util-linux) could not be started: {error}"));
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{printed}{errors}");
    assert!(
        printed.contains("1 passed"),
        "there is no such test: {printed}"
    );
    assert!(!printed.contains("left behind"), "{printed}");
    printed
}
