//! For the tests of the load balancer's page: runs a worker that serves HTTP behind the load balancer.
//!
//! The first argument is the worker's program.

use std::env;
use std::error::Error;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use runpod_local::Endpoint;
use serde_json::json;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let program = env::args_os().nth(1).ok_or("the worker is missing")?;
    let example = json!({ "input": { "name": "Ada" } });
    let endpoint = Endpoint::new().examples(vec![example]);
    let balancer = endpoint
        .bind_balancer("127.0.0.1", 0, |text| eprintln!("{text}"))
        .await?;
    let id = "worker-1-1";
    balancer.worker_starts(id);
    let port = balancer.port_for(id, "/ping")?;
    // The worker exits when this connection closes, also if this program is killed.
    let (_link, end_of_worker) = UnixStream::pair()?;
    Command::new(program)
        .arg("--serve-http")
        .env("PORT", port.to_string())
        .env("RUNPOD_DEV_LINK", "stdin")
        .stdin(OwnedFd::from(end_of_worker))
        // It ends its whole process group, as under `cargo runpod dev`.
        .process_group(0)
        .spawn()?;
    balancer.attached(id).await;
    println!("ready at {}", balancer.url());
    std::future::pending().await
}
