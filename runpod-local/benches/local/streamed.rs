//! Measures how long a stream item takes from the worker to the client.

use std::time::Instant;

use serde::Deserialize;

use crate::Outcome;
use crate::connection::{Connection, get, id, post};
use crate::served::Served;

pub(crate) const ITEMS: u32 = 10_000;

/// The times between the moment just before the worker posts an item and the moment just after the client has read
/// it.
#[derive(Debug)]
pub(crate) struct Delays {
    pub(crate) median_ms: f64,
    pub(crate) p99_ms: f64,
}

#[derive(Deserialize)]
struct Streamed {
    status: String,
    stream: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    /// The time at which the item was posted, in µs.
    output: u64,
}

pub(crate) async fn delays(served: &Served) -> Outcome<Delays> {
    let mut worker = Connection::open(served.address).await?;
    let client = Connection::open(served.address).await?;
    worker.ask(&post("/run", "{\"input\": 1}")).await?;
    let taken = worker.ask(&get("/job-take/worker?gpu=local")).await?;
    let job = id(taken.body).ok_or("no job was handed out")?.to_owned();
    let start = Instant::now();
    let (delays, ()) = tokio::try_join!(read(client, &job, start), produce(worker, &job, start))?;
    Ok(delays)
}

async fn produce(mut worker: Connection, job: &str, start: Instant) -> Outcome<()> {
    let item = format!("/job-stream/worker/{job}?gpu=local&isStream=false");
    for _ in 0..ITEMS {
        let body = format!("{{\"output\": {}}}", start.elapsed().as_micros());
        worker.ask(&post(&item, &body)).await?;
    }
    let done = format!("/job-done/worker/{job}?gpu=local&isStream=true");
    worker.ask(&post(&done, "{\"output\": []}")).await?;
    Ok(())
}

async fn read(mut client: Connection, job: &str, start: Instant) -> Outcome<Delays> {
    let next = get(&format!("/stream/{job}"));
    let mut delays = Vec::new();
    loop {
        let answer: Streamed = serde_json::from_slice(client.ask(&next).await?.body)?;
        let now = start.elapsed().as_micros();
        for item in answer.stream {
            delays.push(now - u128::from(item.output));
        }
        if answer.status == "COMPLETED" {
            break;
        }
    }
    if delays.len() != ITEMS as usize {
        return Err(format!("the client read {} of {ITEMS} items", delays.len()).into());
    }
    delays.sort_unstable();
    let ms =
        |index: usize| -> Outcome<f64> { Ok(f64::from(u32::try_from(delays[index])?) / 1_000.0) };
    Ok(Delays {
        median_ms: ms(delays.len() / 2)?,
        p99_ms: ms(delays.len() * 99 / 100)?,
    })
}
