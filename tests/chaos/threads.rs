//! Tests a worker for which the system starts no more threads. It still works: no job is lost, every handler is
//! called, and the worker exits.

use std::fs;
use std::thread::available_parallelism;

use rustix::process::{Pid, Resource, Rlimit, prlimit};

use crate::jobs::{Plan, jobs};
use crate::process::{Kind, raise_file_limit};
use crate::stage::Stage;
use crate::watched::Held;
use crate::weather::Weather;

/// The stack size of each thread in bytes. It is larger than everything else in the process together. So a limit on
/// the address space makes the system refuse only threads, even for root.
const STACK: u64 = 512 << 20;

/// Makes the system refuse every further thread of the process.
fn refuse_threads(process: u32) {
    let status =
        fs::read_to_string(format!("/proc/{process}/status")).expect("the worker is running");
    let size = status.lines().find_map(|line| line.strip_prefix("VmSize:"));
    let size = size.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    let limit = size.expect("the system reports the size") * 1024 + STACK / 2;
    let limit = Rlimit {
        current: Some(limit),
        maximum: Some(limit),
    };
    let process = Pid::from_raw(process.cast_signed());
    prlimit(process, Resource::As, limit).expect("the child's limits can be set");
}

#[tokio::test]
async fn a_worker_that_gets_no_further_thread_runs_and_delivers_every_job_and_ends() {
    for handler in ["plain", "iterator", "async", "stream"] {
        let name = format!("no-threads-{handler}");
        let kind = Kind::ours(handler, 4);
        let stage = Stage::set(&name, kind, Weather::fair(), Vec::new()).await;
        // The URL contains a host name, because a DNS lookup needs a thread too.
        let port = stage.endpoint.address.port();
        let results =
            format!("http://localhost:{port}/v2/chaos/job-done/$RUNPOD_POD_ID/$ID?gpu=any");
        let mut stage = stage
            .with("RUST_MIN_STACK", &STACK.to_string())
            .with("RUNPOD_WEBHOOK_POST_OUTPUT", &results)
            // This waits because the thread that opens the spool ends, and another thread could reuse its stack.
            .with("RUNPOD_RESULT_SPOOL", "off");
        let mut worker = stage.start();
        stage
            .until("the worker asks for jobs", |ledger| {
                !ledger.takes.is_empty()
            })
            .await;
        let process = worker.id().expect("the worker is running");
        refuse_threads(process);
        let before = Held::by(process).expect("the worker is running").threads;
        stage.endpoint.change(|ledger| {
            ledger.add(jobs(12, |_| Plan {
                ms: 5,
                items: 3,
                progress: 1,
                ..Plan::default()
            }));
        });
        stage.until_settled().await;
        let after = Held::by(process).expect("the worker is running").threads;
        assert!(
            after <= before,
            "{name}: the worker got a thread, so the test proves nothing"
        );
        assert_eq!(stage.dismiss(&mut worker).await, Some(0), "{name}");
        assert_eq!(stage.assert_kept().sums.delivered, 12, "{name}");
        let log = stage.log();
        assert!(!log.contains("panicked"), "{name}: {log}");
    }
}

/// The number of threads in addition to one for each core: the main thread, the control thread, the signals' thread,
/// the log's thread and the spool's thread.
const BESIDE_THE_CORES: usize = 5;

/// Returns the names of a process's threads.
fn threads(process: u32) -> Vec<String> {
    let threads = fs::read_dir(format!("/proc/{process}/task")).expect("the worker is running");
    threads
        .flatten()
        .filter_map(|thread| fs::read_to_string(thread.path().join("comm")).ok())
        .map(|name| name.trim_end().to_owned())
        .collect()
}

async fn assert_few_threads(name: &str, slots: usize, count: usize, gate: bool) {
    let all = jobs(count, |_| Plan {
        gate,
        ..Plan::default()
    });
    let mut stage = Stage::set(name, Kind::ours("async", slots), Weather::fair(), all).await;
    let mut worker = stage.start();
    if gate {
        let what = "all jobs wait at their gates";
        stage.until(what, |ledger| ledger.at_gates() == count).await;
    } else {
        stage.until_settled().await;
    }
    // A thread that was started for a blocking call stays for ten seconds.
    let threads = threads(worker.id().expect("the worker is running"));
    let cores = available_parallelism()
        .expect("the system reports its cores")
        .get();
    assert!(
        threads.len() <= cores + BESIDE_THE_CORES,
        "{name}, {cores} cores: {threads:?}"
    );
    stage.endpoint.change(|ledger| ledger.all_gates_open = true);
    stage.until_settled().await;
    assert_eq!(stage.dismiss(&mut worker).await, Some(0), "{name}");
    assert_eq!(stage.assert_kept().sums.delivered, count, "{name}");
}

#[tokio::test]
async fn a_worker_with_async_handlers_has_a_thread_for_each_core_and_five_others_at_most() {
    assert_few_threads("threads-of-50", 50, 2000, false).await;
    raise_file_limit();
    assert_few_threads("threads-of-1000", 1000, 1000, true).await;
}
