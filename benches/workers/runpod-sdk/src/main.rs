//! A worker on the crate `runpod-sdk`, written as in its documentation, with the same handler as the other workers.

use std::error::Error;
use std::time::Duration;

use runpod_sdk::serverless::{ServerlessWorker, WorkerJob};
use serde_json::Value;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    ServerlessWorker::from_env()?.run(value).await?;
    Ok(())
}

async fn value(job: WorkerJob) -> Result<Value, String> {
    let number = |name: &str| job.input[name].as_u64().unwrap_or_default();
    if number("ms") > 0 {
        tokio::time::sleep(Duration::from_millis(number("ms"))).await;
    }
    Ok(match usize::try_from(number("bytes")) {
        Ok(bytes) if bytes > 0 => Value::String("x".repeat(bytes)),
        _ => Value::from(0),
    })
}
