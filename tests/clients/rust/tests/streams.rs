//! Streams read by the Rust client from a worker that streams.

mod submitted;

use runpod_sdk::serverless::{JobStatus, ServerlessJob};
use rust_client::{with_each_worker, Attached, Endpoint};
use serde_json::{json, Value};

use submitted::submitted;

with_each_worker!(
    an_item_arrives_while_the_next_one_is_not_yet_made,
    many_items_arrive_whole_and_in_order,
);

async fn start(attached: Attached) -> Endpoint {
    Endpoint::start(attached, "stream").await
}

async fn an_item_arrives_while_the_next_one_is_not_yet_made(mut endpoint: Endpoint) {
    let steps = json!({"steps": [{"item": "first"}, {"progress": "held"}, {"item": "second"}]});
    let job = submitted(endpoint.client().run(&steps).unwrap()).await;
    let mut items = Vec::new();
    let status = more(&job, &mut items).await;
    assert_eq!(
        (status, &items),
        (JobStatus::InProgress, &vec![json!("first")])
    );
    endpoint.line().await;
    while !more(&job, &mut items).await.is_final() {}
    assert_eq!(items, [json!("first"), json!("second")]);
    assert_eq!(job.status().await.unwrap(), JobStatus::Completed);
}

async fn many_items_arrive_whole_and_in_order(endpoint: Endpoint) {
    let expected: Vec<_> = (0..500)
        .map(|index| json!({"index": index, "text": "ü".repeat(index % 50)}))
        .collect();
    let steps: Vec<_> = expected.iter().map(|item| json!({"item": item})).collect();
    let job = endpoint.client().run(&json!({"steps": steps})).unwrap();
    let job = submitted(job).await;
    let mut items = Vec::new();
    while !more(&job, &mut items).await.is_final() {}
    assert_eq!(items, expected);
}

/// Polls until there is an item or the job has ended.
async fn more(job: &ServerlessJob, items: &mut Vec<Value>) -> JobStatus {
    loop {
        let (status, chunks) = job.stream().await.unwrap();
        let some = !chunks.is_empty();
        items.extend(chunks.into_iter().map(|chunk| chunk.output));
        if some || status.is_final() {
            return status;
        }
    }
}
