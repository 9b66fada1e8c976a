//! Two workers in two processes sync at the same time.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use runpod::VolumeCache;

use crate::place::{Place, write};

const WORKER: &str = "RUNPOD_TEST_WORKER";
const ROOT: &str = "RUNPOD_TEST_ROOT";
const ROUNDS: u64 = 15;

/// The worker of the other test. Without its environment, it does nothing.
#[test]
fn a_worker_that_syncs_often() {
    let (Some(root), Ok(worker)) = (env::var_os(ROOT), env::var(WORKER)) else {
        return;
    };
    let root = PathBuf::from(root);
    let directory = root.join("local").join(&worker);
    let cache = VolumeCache::new([&directory])
        .volume(root.join("volume"))
        .namespace("models")
        .strict();
    for round in 0..ROUNDS {
        write(&directory.join(format!("{round}.json")), &[1; 10], 1000);
        write(
            &directory.join(format!("{round}.bin")),
            &vec![1; 300_000],
            1000,
        );
        cache.blocking_sync().expect("the sync succeeds");
    }
}

fn start(root: &Path, worker: &str) -> std::process::Child {
    Command::new(env::current_exe().expect("this program has a path"))
        .args(["--exact", "several_workers::a_worker_that_syncs_often"])
        .env(ROOT, root)
        .env(WORKER, worker)
        .stdout(Stdio::null())
        .spawn()
        .expect("the worker starts")
}

#[test]
fn no_worker_loses_the_files_of_another() {
    let place = Place::new();
    let workers = ["a", "b"].map(|name| start(&place.root, name));
    for mut worker in workers {
        assert!(worker.wait().unwrap().success());
    }
    place.new_container();
    let report = place.cache().strict().blocking_hydrate().unwrap();
    assert_eq!(report.copied, 2 * 2 * ROUNDS);
}
