//! For the tests of the load balancer's page: runs a worker that serves HTTP behind the load balancer.
//!
//! The first argument is the worker's program.

use std::env;
use std::error::Error;
use std::process::{Child, Command};

use runpod_local::Endpoint;
use serde_json::json;

/// A worker's process, which does not outlive this program.
struct Worker(Child);

impl Drop for Worker {
    fn drop(&mut self) {
        // This fails if the process has already exited.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

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
    let mut worker = Command::new(program);
    let worker = worker.arg("--serve-http").env("PORT", port.to_string());
    let _worker = Worker(worker.spawn()?);
    balancer.attached(id).await;
    println!("ready at {}", balancer.url());
    std::future::pending().await
}
