use runpod::prelude::*;
use tokio::task::{JoinError, spawn_blocking};

fn compute(n: u32) -> anyhow::Result<u32> {
    Ok(n)
}

#[runpod::handler]
async fn of_a_thread(n: u32) -> Result<anyhow::Result<u32>, JoinError> {
    spawn_blocking(move || compute(n)).await
}

#[runpod::handler]
fn of_text(n: u32) -> Result<Result<u32, String>, &'static str> {
    Ok(Ok(n))
}

#[runpod::handler(stream)]
fn items(n: u32) -> impl Iterator<Item = Result<anyhow::Result<u32>, String>> {
    (0..n).map(|n| Ok(compute(n)))
}

#[runpod::handler(stream)]
fn early(n: u32) -> Result<Result<impl Stream<Item = u32>, String>, std::io::Error> {
    Ok(Ok(stream! { yield n; }))
}

fn main() {}
