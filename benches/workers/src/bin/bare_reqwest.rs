//! The main yardstick: a loop on reqwest without a framework, with the same features and headers as our worker. One
//! job-take request at a time asks for as many jobs as there are free slots. Each result is posted in a separate task,
//! which overlaps the next job-take request.
//!
//! As in our worker, a slot is free as soon as its handler has returned, and a limited number of results wait to be
//! posted.

use std::error::Error;
use std::sync::Arc;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, USER_AGENT};
use reqwest::{Client, StatusCode};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use worker_bench::{Addresses, Job, body, item, slots, streams, variable, work};

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Outcome<()> {
    rustls::crypto::ring::default_provider()
        .install_default()
        .map_err(|_| "another cryptography provider is already installed")?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(take_jobs())
}

async fn take_jobs() -> Outcome<()> {
    let slots = slots();
    let addresses = Arc::new(Addresses::from_env());
    let client = client()?;
    let free = Arc::new(Semaphore::new(slots));
    let unposted = Arc::new(Semaphore::new(2 * slots + 16));
    loop {
        // Wait for one free slot, then ask for as many jobs as there are free slots.
        let first = Arc::clone(&free).acquire_owned().await?;
        let wanted = 1 + free
            .available_permits()
            .min(unposted.available_permits().max(1) - 1);
        let in_progress = wanted < slots;
        let jobs = take(&client, &addresses, wanted, in_progress).await?;
        let mut first = Some(first);
        for job in jobs {
            let slot = match first.take() {
                Some(first) => first,
                None => Arc::clone(&free).acquire_owned().await?,
            };
            let unposted = Arc::clone(&unposted).acquire_owned().await?;
            let run = run(client.clone(), Arc::clone(&addresses), job, slot, unposted);
            tokio::spawn(async move {
                if let Err(error) = run.await {
                    eprintln!("bare reqwest: {error}");
                }
            });
        }
    }
}

fn client() -> Outcome<Client> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let agent = "Bare-Loop/0.1.0 (Linux 6.1.0; x86_64) Language/Rust 1.95";
    headers.insert(USER_AGENT, HeaderValue::from_static(agent));
    let key = HeaderValue::from_str(&variable("RUNPOD_AI_API_KEY"))?;
    headers.insert(AUTHORIZATION, key);
    let client = Client::builder()
        .default_headers(headers)
        .tcp_nodelay(true)
        .no_proxy()
        .build()?;
    Ok(client)
}

async fn take(
    client: &Client,
    addresses: &Addresses,
    wanted: usize,
    in_progress: bool,
) -> Outcome<Vec<Job>> {
    let address = if wanted == 1 {
        addresses.take(in_progress)
    } else {
        addresses.take_batch(wanted, in_progress)
    };
    let answer = client.get(address).send().await?;
    if answer.status() != StatusCode::OK {
        return Ok(Vec::new());
    }
    let bytes = answer.bytes().await?;
    Ok(if wanted == 1 {
        vec![serde_json::from_slice(&bytes)?]
    } else {
        serde_json::from_slice(&bytes)?
    })
}

async fn run(
    client: Client,
    addresses: Arc<Addresses>,
    job: Job,
    slot: OwnedSemaphorePermit,
    unposted: OwnedSemaphorePermit,
) -> Outcome<()> {
    let result = if streams() {
        for _ in 0..job.input.items {
            post(&client, addresses.item(&job.id), &job.id, body(&item())?).await?;
        }
        body(&[0_u8; 0])?
    } else {
        body(&work(job.input).await)?
    };
    drop(slot);
    let posted = post(&client, addresses.result(&job.id), &job.id, result).await;
    drop(unposted);
    posted
}

async fn post(client: &Client, address: String, job: &str, body: Vec<u8>) -> Outcome<()> {
    let answer = client
        .post(address)
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header("charset", "utf-8")
        .header("x-request-id", job)
        .body(body)
        .send()
        .await?
        .error_for_status()?;
    // Read to the end, so that the connection can be used again.
    answer.bytes().await?;
    Ok(())
}
