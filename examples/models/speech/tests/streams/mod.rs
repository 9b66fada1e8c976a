//! Reads the stream of a job, and cancels a job.

use serde_json::{Value, json};

use crate::worker::Worker;

impl Worker {
    pub(crate) async fn run(&self, input: Value) -> String {
        let job = self.post("/run", json!({ "input": input })).await;
        job["id"].as_str().expect("a job has an id").to_owned()
    }

    pub(crate) async fn cancel(&self, id: &str) -> Value {
        self.post(&format!("/cancel/{id}"), json!({})).await
    }

    /// Returns the items that are there now or that come next, and whether the job has finished.
    async fn next_items(&self, id: &str) -> (Vec<Value>, bool) {
        let mut answer = self.post(&format!("/stream/{id}"), json!({})).await;
        let running = ["IN_QUEUE", "IN_PROGRESS"].contains(&answer["status"].as_str().unwrap());
        let items = answer["stream"].as_array_mut();
        let items = items.map(std::mem::take).unwrap_or_default();
        let outputs = items.into_iter().map(|mut item| item["output"].take());
        (outputs.collect(), !running)
    }

    /// Waits until the job has streamed an item.
    pub(crate) async fn first_item(&self, id: &str) {
        loop {
            let (items, done) = self.next_items(id).await;
            assert!(!done, "the job has finished");
            if !items.is_empty() {
                return;
            }
        }
    }

    /// Runs a job and returns the items of its stream.
    pub(crate) async fn streamed(&self, input: Value) -> Vec<Value> {
        let id = self.run(input).await;
        let mut all = Vec::new();
        loop {
            let (items, done) = self.next_items(&id).await;
            let empty = items.is_empty();
            all.extend(items);
            if done && empty {
                return all;
            }
        }
    }
}
