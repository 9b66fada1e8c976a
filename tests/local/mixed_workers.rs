//! Tests four workers on one queue: two of the SDK and two of this crate. One of the four is killed.

use std::collections::BTreeSet;
use std::time::Duration;

use runpod_local::{Endpoint, Timing};
use serde_json::{Value, json};

use crate::client::{Client, eventually};
use crate::fleet::Worker;
use crate::peer::Peer;

/// The SDK and this crate each provide a worker that returns a value, and a worker that streams the value's items and
/// repeats them in the result. So each worker can run every job.
const FLEET: [(Peer, &str); 4] = [
    (Peer::Sdk, "async"),
    (Peer::Sdk, "stream-aggregate"),
    (Peer::Ours, "async"),
    (Peer::Ours, "stream-aggregate"),
];

/// The number of jobs before the jobs that keep each worker busy, and also the number after them.
const JOBS: usize = 150;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_when_a_worker_of_the_sdk_is_killed() {
    share_work_and_kill("killed-sdk", "sdk-async").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_when_a_worker_of_ours_is_killed() {
    share_work_and_kill("killed-ours", "ours-stream-aggregate").await;
}

async fn share_work_and_kill(test: &str, victim: &str) {
    let mut timing = Timing::default();
    // The SDK does not send heartbeats more often than this.
    timing.ping_interval = Duration::from_secs(1);
    timing.lost_after = Duration::from_secs(5);
    let endpoint = Endpoint::new().timing(timing);
    let endpoint = endpoint.bind("127.0.0.1", 0).await.expect("a port is free");
    let client = Client::of(&endpoint);
    let mut fleet: Vec<_> = FLEET
        .iter()
        .map(|(peer, kind)| Worker::attach(&endpoint, test, *peer, kind))
        .collect();
    eventually("four workers wait for a job", async || {
        client.health().await["workers"]["idle"] == 4
    })
    .await;

    let mut jobs = Vec::new();
    for number in 0..JOBS {
        jobs.push(Submitted::to(&client, number, false).await);
    }
    // There is one job per worker. Each job keeps its worker busy until the worker gets a line. Later jobs have to
    // wait.
    let mut caught = Vec::new();
    for number in JOBS..JOBS + FLEET.len() {
        caught.push(Submitted::to(&client, number, true).await);
    }
    for number in JOBS + FLEET.len()..2 * JOBS + FLEET.len() {
        jobs.push(Submitted::to(&client, number, false).await);
    }
    eventually("each of the four is in the middle of a job", async || {
        for job in &caught {
            if client.status(&job.id).await["output"] != "caught" {
                return false;
            }
        }
        true
    })
    .await;
    let mut holders = BTreeSet::new();
    for job in &caught {
        holders.insert(client.status(&job.id).await["workerId"].to_string());
    }
    assert_eq!(holders.len(), FLEET.len(), "{holders:?}");
    let health = client.health().await;
    assert_eq!(health["jobs"]["completed"], JOBS, "{health}");
    assert_eq!(health["jobs"]["inQueue"], JOBS, "{health}");

    let victim = fleet
        .iter()
        .position(|worker| worker.id == victim)
        .expect("the victim is in the fleet");
    let mut victim = fleet.swap_remove(victim);
    victim.kill().await;
    for worker in &mut fleet {
        // The worker gets one line for its own job, and one line in case it gets the killed worker's job.
        worker.lines(2).await;
    }

    jobs.append(&mut caught);
    let mut at_work = BTreeSet::new();
    let mut taken_over = 0;
    for job in &jobs {
        let ended = client.ended(&job.id).await;
        assert_eq!(ended["status"], "COMPLETED", "{ended}");
        assert_eq!(ended["output"], job.output, "{ended}");
        let worker = ended["workerId"]
            .as_str()
            .expect("a finished job names its worker");
        at_work.insert(worker.to_owned());
        let streamed = client.items(&job.id).await;
        let expected: &[Value] = if worker.ends_with("stream-aggregate") {
            job.output.as_array().expect("the output is a list")
        } else {
            &[]
        };
        assert_eq!(streamed, expected, "{ended}");
        taken_over += ended["retries"].as_u64().unwrap_or(0);
    }
    for worker in &fleet {
        assert!(
            at_work.contains(&worker.id),
            "{} ran no job: {at_work:?}",
            worker.id
        );
    }
    assert!(
        taken_over >= 1,
        "{} held a job, and no other worker took it over",
        victim.id
    );

    let health = client.health().await;
    let counts = ["completed", "failed", "inProgress", "inQueue", "retried"].map(|count| {
        health["jobs"][count]
            .as_u64()
            .expect("the count is a number")
    });
    let all = u64::try_from(jobs.len()).expect("the number of jobs is small");
    // Each of these jobs finished exactly once, and no other job exists.
    assert_eq!(counts, [all, 0, 0, 0, taken_over], "{health}");
    assert_eq!(health["workers"]["idle"], fleet.len(), "{health}");
    endpoint.shutdown().await;
}

#[derive(Debug)]
struct Submitted {
    id: String,
    output: Value,
}

impl Submitted {
    async fn to(client: &Client, number: usize, caught: bool) -> Self {
        let output = json!([number, format!("Gruß {number}"), { "square": number * number }]);
        let items = output.as_array().expect("the output is a list");
        let catch = caught.then(|| json!({ "progress": "caught" }));
        let steps: Vec<_> = catch
            .into_iter()
            .chain(items.iter().map(|item| json!({ "item": item })))
            .collect();
        let mut input = json!({ "do": "return", "value": output, "steps": steps });
        if caught {
            input["progress"] = json!(["caught"]);
        }
        Self {
            id: client.run(&input).await,
            output,
        }
    }
}
