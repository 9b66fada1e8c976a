//! A worker that is killed at any step leaves no half file, neither on the volume nor in the container.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, UNIX_EPOCH};
use std::{env, io};

use rustix::process::{Signal, getpid, kill_process};

use crate::VolumeCache;

/// The variables of a worker that kills itself.
const FOLDER: &str = "RUNPOD_TEST_VOLUME_CACHE";
const OPERATION: &str = "RUNPOD_TEST_OPERATION";
const LAST_STEP: &str = "RUNPOD_TEST_LAST_STEP";

const FILES: [(&str, usize); 4] = [
    ("small/a.json", 10),
    ("small/b.json", 100_000),
    ("weights.bin", 300_000),
    ("more/weights.bin", 700_000),
];

/// Kills this process at the step that the environment names.
pub(in crate::volume_cache) fn step() {
    static LAST: OnceLock<Option<usize>> = OnceLock::new();
    static STEPS: AtomicUsize = AtomicUsize::new(0);
    let last = LAST.get_or_init(|| env::var(LAST_STEP).ok()?.parse().ok());
    if last.is_some_and(|last| STEPS.fetch_add(1, Ordering::Relaxed) + 1 == last) {
        let _ = kill_process(getpid(), Signal::KILL);
    }
}

/// The worker of the other tests. Without their environment, it does nothing.
#[test]
fn a_worker_that_may_be_killed() {
    let Some(folder) = env::var_os(FOLDER) else {
        return;
    };
    let cache = cache(Path::new(&folder));
    let done = match env::var(OPERATION).as_deref() {
        Ok("sync") => cache.blocking_sync(),
        _ => cache.blocking_hydrate(),
    };
    done.unwrap();
}

fn run(operation: &str, folder: &Path, last_step: usize) -> ExitStatus {
    Command::new(env::current_exe().unwrap())
        .args([
            "--exact",
            "volume_cache::tests::killed::a_worker_that_may_be_killed",
        ])
        .env(FOLDER, folder)
        .env(OPERATION, operation)
        .env(LAST_STEP, last_step.to_string())
        .output()
        .unwrap()
        .status
}

fn cache(folder: &Path) -> VolumeCache {
    VolumeCache::new([folder.join("local")])
        .volume(folder.join("volume"))
        .namespace("models")
        .threads(2)
        .strict()
}

/// Returns the content of a file in a version: each byte is the version.
fn content(size: usize, version: u8) -> Vec<u8> {
    vec![version; size + usize::from(version)]
}

fn write(folder: &Path, version: u8) -> io::Result<()> {
    for (name, size) in FILES {
        let path = folder.join("local").join(name);
        fs::create_dir_all(path.parent().unwrap())?;
        fs::write(&path, content(size, version))?;
        let time = UNIX_EPOCH + Duration::from_secs(1000 * u64::from(version));
        File::options()
            .write(true)
            .open(&path)?
            .set_modified(time)?;
    }
    Ok(())
}

/// Creates an empty container and a volume with version 1.
fn start(folder: &Path) {
    let _ = fs::remove_dir_all(folder.join("volume"));
    fs::create_dir_all(folder.join("volume")).unwrap();
    write(folder, 1).unwrap();
    cache(folder).blocking_sync().unwrap();
    fs::remove_dir_all(folder.join("local")).unwrap();
}

/// Returns the versions of the files, and panics if a file is not whole.
fn versions(folder: &Path) -> Vec<Option<u8>> {
    let version = |(name, size): (&str, usize)| {
        let found = fs::read(folder.join("local").join(name)).ok()?;
        let version = found.first().copied().unwrap_or_default();
        assert!(
            found == content(size, version),
            "{name} has {} bytes, and begins with {version}",
            found.len()
        );
        Some(version)
    };
    FILES.into_iter().map(version).collect()
}

#[test]
fn a_sync_that_is_killed_at_any_step_leaves_whole_files() {
    let folder = tempfile::tempdir().unwrap();
    let folder: PathBuf = folder.path().canonicalize().unwrap();
    let mut killed = 0;
    loop {
        start(&folder);
        write(&folder, 2).unwrap();
        let ended = run("sync", &folder, killed + 1);
        fs::remove_dir_all(folder.join("local")).unwrap();
        // A file whose new version is not in the manifest yet is reported, and is not copied.
        let _ = cache(&folder).blocking_hydrate();
        let found = versions(&folder);
        if ended.success() {
            assert_eq!(found, [Some(2); 4]);
            break;
        }
        killed += 1;
        // The next worker that syncs repairs the mirror.
        write(&folder, 3).unwrap();
        cache(&folder).blocking_sync().unwrap();
        fs::remove_dir_all(folder.join("local")).unwrap();
        cache(&folder).blocking_hydrate().unwrap();
        assert_eq!(versions(&folder), [Some(3); 4]);
    }
    // Three steps for each large file, the archive and the manifest.
    assert_eq!(killed, 12);
}

#[test]
fn a_hydration_that_is_killed_at_any_step_leaves_whole_files() {
    let folder = tempfile::tempdir().unwrap();
    let folder: PathBuf = folder.path().canonicalize().unwrap();
    start(&folder);
    let mut killed = 0;
    while !run("hydrate", &folder, killed + 1).success() {
        versions(&folder);
        killed += 1;
        cache(&folder).blocking_hydrate().unwrap();
        assert_eq!(versions(&folder), [Some(1); 4]);
        fs::remove_dir_all(folder.join("local")).unwrap();
    }
    assert_eq!(killed, 12);
}
