//! The Rust client, and a worker that returns one value per job.

mod submitted;

use runpod_sdk::serverless::JobStatus;
use rust_client::{with_each_worker, Attached, Endpoint};
use serde_json::{json, Value};

use submitted::submitted;

with_each_worker!(
    a_job_that_is_awaited_gives_its_output,
    a_client_that_is_built_as_the_page_shows_it_gets_an_output,
    a_job_that_fails_has_no_output,
    a_running_job_that_is_cancelled_frees_its_worker,
    purging_cancels_what_is_queued_and_health_counts_it,
);

async fn start(attached: Attached) -> Endpoint {
    Endpoint::start(attached, "async").await
}

fn value(value: impl Into<Value>) -> Value {
    json!({"do": "return", "value": value.into()})
}

fn hang() -> Value {
    json!({"do": "hang"})
}

async fn a_job_that_is_awaited_gives_its_output(endpoint: Endpoint) {
    let client = endpoint.client();
    let output = json!({"text": "Grüße, 世界 🌍", "number": 0.1, "nested": [{"a": null}, []]});

    let mut job = client.run(&value(output.clone())).unwrap();
    assert_eq!((&mut job).await.unwrap(), output);
    assert_eq!(job.status().await.unwrap(), JobStatus::Completed);
    assert_eq!(job.output::<Value>().await.unwrap(), output);

    let sum: u32 = client.run_now(&value(7)).await.unwrap();
    assert_eq!(sum, 7);
}

async fn a_client_that_is_built_as_the_page_shows_it_gets_an_output(endpoint: Endpoint) {
    let client = endpoint.client_as_on_the_page();
    let output: Value = client.run_now(&value("shown")).await.unwrap();
    assert_eq!(output, "shown");
}

async fn a_job_that_fails_has_no_output(endpoint: Endpoint) {
    let input = json!({"do": "raise", "message": "no such model"});
    let mut job = endpoint.client().run(&input).unwrap();
    let error = (&mut job).await.unwrap_err();
    assert!(error.to_string().contains("no output"), "{error}");
    assert_eq!(job.status().await.unwrap(), JobStatus::Failed);
}

async fn a_running_job_that_is_cancelled_frees_its_worker(mut endpoint: Endpoint) {
    let client = endpoint.client();
    let job = submitted(client.run(&hang()).unwrap()).await;
    endpoint.has_started(job.job_id().unwrap()).await;
    assert_eq!(job.status().await.unwrap(), JobStatus::InProgress);
    job.cancel().await.unwrap();
    assert_eq!(job.status().await.unwrap(), JobStatus::Cancelled);
    // The same worker runs the next job, which shows that it has stopped the first job.
    let next: String = client.run_now(&value("next")).await.unwrap();
    assert_eq!(next, "next");
}

async fn purging_cancels_what_is_queued_and_health_counts_it(mut endpoint: Endpoint) {
    let client = endpoint.client();
    let done: u32 = client.run_now(&value(1)).await.unwrap();
    assert_eq!(done, 1);
    let running = submitted(client.run(&hang()).unwrap()).await;
    endpoint.has_started(running.job_id().unwrap()).await;
    assert_eq!(running.status().await.unwrap(), JobStatus::InProgress);
    let queued = submitted(client.run(&value(2)).unwrap()).await;

    let health = client.health().await.unwrap();
    let jobs = (
        health.jobs.completed,
        health.jobs.in_progress,
        health.jobs.in_queue,
    );
    assert_eq!(jobs, (1, 1, 1));
    assert_eq!((health.workers.running, health.workers.idle), (1, 0));

    client.purge_queue().await.unwrap();
    assert_eq!(queued.status().await.unwrap(), JobStatus::Cancelled);
    assert_eq!(running.status().await.unwrap(), JobStatus::InProgress);
    assert_eq!(client.health().await.unwrap().jobs.in_queue, 0);
}
