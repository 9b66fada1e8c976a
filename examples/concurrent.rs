//! Several jobs at the same time. Each job of this worker is a person who waits until the whole meeting has arrived.
//! With `concurrency = 1`, a meeting of four people would never start, because the jobs wait for each other.
//!
//! ```sh
//! cargo run --example concurrent -- --test_input '{"input": {"people": 1}}'
//! ```

use runpod::prelude::*;
use tokio::sync::watch;

#[derive(Deserialize)]
struct Meeting {
    people: usize,
}

#[runpod::main(concurrency = 4)]
fn main() -> watch::Sender<usize> {
    watch::Sender::new(0)
}

#[runpod::handler]
async fn attend(
    meeting: Meeting,
    arrived: State<watch::Sender<usize>>,
) -> Result<String, watch::error::RecvError> {
    arrived.send_modify(|count| *count += 1);
    let count = *arrived
        .subscribe()
        .wait_for(|count| *count >= meeting.people)
        .await?;
    Ok(format!("we are {count}"))
}
