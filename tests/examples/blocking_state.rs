//! Tests a worker whose state blocks when it is dropped: it owns a tokio runtime, which async code must not drop.
//!
//! No example has such a state, so this test program is also the worker. The program starts itself again as the
//! worker, and then runs only the test called `worker`.

use std::process::ExitCode;
use std::{env, io};

use runpod::Worker;
use runpod::prelude::*;
use serde_json::json;
use tempfile::TempDir;
use tokio::process::Command;
use tokio::runtime::Runtime;
use tokio::time::timeout;

use crate::process::{Ended, PATIENCE, isolated};
use crate::session::Session;

/// The environment variable that says which of the workers below this process is.
const WORKER: &str = "TEST_OF_BLOCKING_STATE";

/// The state, which prints a line after it is completely dropped.
struct Blocking {
    runtime: Option<Runtime>,
}

impl Blocking {
    fn new() -> io::Result<Self> {
        Ok(Self {
            runtime: Some(Runtime::new()?),
        })
    }
}

impl Drop for Blocking {
    fn drop(&mut self) {
        drop(self.runtime.take());
        println!("the state is dropped");
    }
}

mod with_attributes {
    use super::*;

    #[runpod::main(handler = double)]
    pub(super) fn main() -> io::Result<Blocking> {
        Blocking::new()
    }

    #[runpod::handler]
    async fn double(input: u64, _state: State<Blocking>) -> u64 {
        input * 2
    }
}

/// Runs a worker whose handler, a closure, also owns a runtime.
fn with_the_builder() -> ExitCode {
    let captured = Blocking::new().unwrap();
    let handler = move |input: u64, _state: State<Blocking>| {
        assert!(captured.runtime.is_some());
        input * 2
    };
    let worker = Worker::builder()
        .blocking(handler)
        .state(Blocking::new().unwrap());
    let waiting = Runtime::new().unwrap();
    match waiting.block_on(worker.run()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:?}");
            ExitCode::FAILURE
        }
    }
}

/// The worker, if this process is one. In any other process, this test does nothing.
#[test]
fn worker() -> ExitCode {
    match env::var(WORKER).as_deref() {
        Ok("attributes") => with_attributes::main(),
        Ok("builder") => with_the_builder(),
        _ => ExitCode::SUCCESS,
    }
}

fn process(worker: &str) -> Command {
    let mut command = isolated(env::current_exe().expect("a running test knows its own file"));
    command
        .args(["--exact", "blocking_state::worker", "--nocapture"])
        .env(WORKER, worker);
    command
}

/// Counts the lines that say that a state was dropped.
fn drops(ended: &Ended) -> usize {
    ended.text.matches("the state is dropped").count()
}

#[tokio::test]
async fn a_local_test_run_shows_its_result_and_drops_the_state() {
    for (worker, states) in [("attributes", 1), ("builder", 2)] {
        let directory = TempDir::new().unwrap();
        let job = json!({ "input": 21 }).to_string();
        std::fs::write(directory.path().join("test_input.json"), job).unwrap();
        let run = process(worker).current_dir(directory.path()).output();
        let run: Ended = timeout(PATIENCE, run).await.unwrap().unwrap().into();
        run.assert_code(0);
        run.assert_shows(&["42", "Local testing complete"]);
        assert_eq!(drops(&run), states, "{run}");
        assert!(!run.text.contains("panicked"), "{run}");
    }
}

#[tokio::test]
async fn a_worker_that_has_no_test_job_says_so_and_drops_the_state() {
    for (worker, states) in [("attributes", 1), ("builder", 2)] {
        let directory = TempDir::new().unwrap();
        let run = process(worker).current_dir(directory.path()).output();
        let run: Ended = timeout(PATIENCE, run).await.unwrap().unwrap().into();
        run.assert_shows(&["test_input.json not found"]);
        assert_eq!(drops(&run), states, "{run}");
        assert!(!run.text.contains("panicked at"), "{run}");
    }
}

#[tokio::test]
async fn a_worker_on_the_platform_posts_its_results_and_ends_with_code_0() {
    for (worker, states) in [("attributes", 1), ("builder", 2)] {
        let jobs = ["a", "b"].map(|id| json!({ "id": id, "input": 21 }));
        let mut session = Session::of(process(worker), jobs).await;
        for (_, result) in session.results(2).await {
            assert_eq!(result, json!({ "output": 42 }));
        }
        let run = session.stop().await;
        run.assert_code(0);
        assert_eq!(drops(&run), states, "{run}");
        assert!(!run.text.contains("panicked"), "{run}");
    }
}

#[tokio::test]
async fn a_worker_that_only_shows_its_help_drops_the_state() {
    let run = process("builder")
        // The test program reads `--help` as the value of `--skip`. The worker reads it as its own flag.
        .args(["--skip", "--help"])
        .output();
    let run: Ended = timeout(PATIENCE, run).await.unwrap().unwrap().into();
    run.assert_code(0);
    run.assert_shows(&["--rp_log_level"]);
    assert_eq!(drops(&run), 2, "{run}");
    assert!(!run.text.contains("panicked"), "{run}");
}

#[tokio::test]
async fn a_worker_whose_configuration_is_wrong_says_so_and_drops_the_state() {
    let run = process("builder")
        .env("RUNPOD_SHUTDOWN_GRACE_S", "soon")
        .output();
    let run: Ended = timeout(PATIENCE, run).await.unwrap().unwrap().into();
    run.assert_shows(&["RUNPOD_SHUTDOWN_GRACE_S"]);
    assert_eq!(drops(&run), 2, "{run}");
    assert!(!run.text.contains("panicked at"), "{run}");
}
