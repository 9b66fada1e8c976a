//! Tests with a disk that hangs when a worker starts. The worker takes and delivers jobs and reports the problem.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::jobs::{Plan, jobs};
use crate::process::Kind;
use crate::stage::Stage;
use crate::weather::Weather;

/// Returns a library that makes all calls that touch the disk wait forever. It is compiled once, because both tests run
/// at the same time.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(compiled)
}

fn compiled() -> PathBuf {
    let library = Path::new(env!("CARGO_TARGET_TMPDIR")).join("chaos-hung.so");
    let compiler = env::var_os("CC").unwrap_or_else(|| "cc".into());
    let status = Command::new(compiler)
        .args(["-shared", "-fPIC", "-o"])
        .arg(&library)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/chaos/hung.c"))
        .status();
    assert!(
        status.is_ok_and(|status| status.success()),
        "hung.c does not compile"
    );
    library
}

async fn assert_runs(name: &str, disk: &str, spool: &str, warning: &str) {
    let all = jobs(4, |_| Plan::default());
    let stage = Stage::set(name, Kind::ours("async", 2), Weather::fair(), all).await;
    let library = library();
    let mut stage = stage
        .with("LD_PRELOAD", library.to_str().expect("a path in UTF-8"))
        .with("CHAOS_HUNG_DISK", disk)
        .with("TMPDIR", env!("CARGO_TARGET_TMPDIR"))
        .with("RUNPOD_RESULT_SPOOL", spool);
    let mut worker = stage.start();
    let warned = worker.says("RUNPOD_RESULT_SPOOL");
    stage.until_settled().await;
    stage.seen("the warning", warned).await;
    assert_eq!(stage.dismiss(&mut worker).await, Some(0), "{name}");
    assert_eq!(stage.assert_kept().sums.delivered, 4, "{name}");
    let log = stage.log();
    for part in ["WARN", disk, "RUNPOD_RESULT_SPOOL", warning] {
        assert!(log.contains(part), "{part:?} is not in the log: {log}");
    }
}

#[tokio::test]
async fn a_spool_on_a_disk_that_hangs_does_not_hold_up_the_worker() {
    let warning = "results that cannot be delivered are not kept";
    assert_runs("hung-spool", "/hung", "/hung/spool", warning).await;
}

#[tokio::test]
async fn a_network_volume_that_hangs_has_a_substitute() {
    let warning = "runpod-spool-chaos, because /runpod-volume/";
    assert_runs("hung-volume", "/runpod-volume", "", warning).await;
}
