use runpod::prelude::*;

use std::sync::Mutex;

#[runpod::handler]
async fn count(step: u32, total: State<Mutex<u32>>) -> u32 {
    let mut total = total.lock().unwrap();
    tokio::task::yield_now().await;
    *total += step;
    *total
}

fn main() {}
