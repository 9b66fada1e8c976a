//! A worker that chooses its concurrency itself, with jobs of a local endpoint over HTTP.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use runpod::prelude::*;
use runpod::{ErrorKind, Settings, Worker, WorkerBuilder};
use runpod_local::Endpoint;
use tokio::sync::{Notify, Semaphore};
use tokio::time::timeout;

use crate::client::Client;

/// The time after which a test counts as hung.
const PATIENCE: Duration = Duration::from_mins(2);

/// Lets handlers return one by one, and notices when two of them run at once.
struct Gate {
    permits: Semaphore,
    running: AtomicUsize,
    two_at_once: Notify,
}

async fn pass(_input: Value, gate: State<Arc<Gate>>) -> &'static str {
    if gate.running.fetch_add(1, Ordering::SeqCst) + 1 == 2 {
        gate.two_at_once.notify_one();
    }
    gate.permits.acquire().await.unwrap().forget();
    gate.running.fetch_sub(1, Ordering::SeqCst);
    "passed"
}

fn worker(bounds: RangeInclusive<usize>, gate: &Arc<Gate>) -> WorkerBuilder {
    Worker::builder()
        .handler(pass)
        .state(Arc::clone(gate))
        .auto_concurrency(bounds)
}

fn gate() -> Arc<Gate> {
    Arc::new(Gate {
        permits: Semaphore::new(0),
        running: AtomicUsize::new(0),
        two_at_once: Notify::new(),
    })
}

fn settings(endpoint: &runpod_local::Running) -> Settings {
    let variables = endpoint.worker_environment(Some("auto")).into_iter();
    let settings = variables.fold(Settings::new(), |settings, (name, value)| {
        settings.var(name, value)
    });
    settings.var("RUNPOD_RESULT_SPOOL", "off")
}

/// Lets one job after the other finish, while three jobs are always on the endpoint.
async fn one_after_the_other(client: &Client, gate: &Gate) {
    let mut ids = std::collections::VecDeque::new();
    loop {
        while ids.len() < 3 {
            ids.push_back(client.run(&json!(1)).await);
        }
        gate.permits.add_permits(1);
        let id = ids.pop_front().unwrap();
        assert_eq!(client.ended(&id).await["output"], "passed");
    }
}

#[tokio::test]
async fn a_worker_that_starts_with_one_job_takes_more_at_once_when_jobs_are_waiting() {
    let endpoint = Endpoint::new().bind("127.0.0.1", 0).await.unwrap();
    let (client, gate) = (Client::of(&endpoint), gate());
    let two = timeout(PATIENCE, gate.two_at_once.notified());
    tokio::select! {
        ended = worker(1..=8, &gate).embedded(settings(&endpoint)).run() => panic!("ended: {ended:?}"),
        () = one_after_the_other(&client, &gate) => {}
        two = two => two.expect("two jobs run at once"),
    }
    endpoint.shutdown().await;
}

#[tokio::test]
async fn bounds_that_contradict_each_other_are_an_error_at_the_start() {
    let endpoint = Endpoint::new().bind("127.0.0.1", 0).await.unwrap();
    #[expect(clippy::reversed_empty_ranges, reason = "the mistake that is tested")]
    for (bounds, part) in [
        (8..=2, "`max_concurrency` is 2, and `min_concurrency` is 8"),
        (0..=4, "`min_concurrency` is 0; it must be 1 or more"),
    ] {
        let settings = settings(&endpoint);
        let ended = worker(bounds, &gate()).embedded(settings).run().await;
        let error = ended.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains(part), "{error}");
    }
    endpoint.shutdown().await;
}
