//! A load balancer in front of workers that serve HTTP, with the rules of a load-balancing endpoint of Runpod.
//!
//! Not public API: `cargo runpod dev --http` uses this module. `pool` knows the workers, `probe` asks them for
//! their health, `forward` passes a request to one of them, and `page` serves the page.

mod body;
mod forward;
mod headers;
mod limits;
mod page;
mod pool;
mod probe;
mod upgrade;

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use serde_json::Value;

use crate::running::OpenJobs;
use crate::serve::Serving;
pub(crate) use page::{Site, router};
pub(crate) use pool::Pool;

/// A running load balancer. [`Endpoint::bind_balancer`](crate::Endpoint::bind_balancer) starts it.
pub struct Balancer {
    /// The addresses that the balancer listens on. There is at least one.
    pub(crate) addresses: Vec<SocketAddr>,
    pub(crate) url: String,
    pub(crate) pool: Pool,
    pub(crate) serving: Serving,
    pub(crate) has_api_key: bool,
}

impl fmt::Debug for Balancer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Balancer")
            .field("addresses", &self.addresses)
            .finish_non_exhaustive()
    }
}

impl Balancer {
    /// Returns the balancer's URL for a browser.
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// Returns an address at which other machines may reach this balancer without a key.
    pub fn exposed_address(&self) -> Option<SocketAddr> {
        let exposed = self.addresses.iter().find(|it| !it.ip().is_loopback());
        exposed.copied().filter(|_| !self.has_api_key)
    }

    /// Replaces the examples of the page. Each has the form `{"input": …}`.
    pub fn describe(&self, examples: Vec<Value>) {
        self.pool.describe(examples);
    }

    /// Reports that the workers' program is being built.
    pub fn build_started(&self) {
        self.pool.build_started();
    }

    /// Reports that the build failed. If there is no worker, clients get the reason.
    pub fn build_failed(&self, reason: &str) {
        self.pool.build_failed(reason);
    }

    /// Reports that the build is over.
    pub fn build_finished(&self) {
        self.pool.build_finished();
    }

    /// Reports that a worker's process is about to start.
    pub fn worker_starts(&self, id: &str) {
        self.pool.worker_starts(id);
    }

    /// Returns the port for a worker, which no other program uses. From now on, the balancer asks the worker for its
    /// health there.
    ///
    /// # Errors
    ///
    /// Fails if the system has no free port.
    pub fn port_for(&self, id: &str, health_path: &str) -> io::Result<u16> {
        let port = loop {
            let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
            let port = free.local_addr()?.port();
            // Another worker may not have opened its port yet.
            if !self.pool.has_port(port) {
                break port;
            }
        };
        self.pool.worker_listens(id, port);
        tokio::spawn(probe::watch(
            self.pool.clone(),
            id.to_owned(),
            port,
            health_path.to_owned(),
        ));
        Ok(port)
    }

    /// Waits until a worker with this id is ready: its health check has answered 200. Never returns if no such worker
    /// becomes ready.
    pub async fn attached(&self, id: &str) {
        self.pool.attached(id).await;
    }

    /// Gives no further requests to a worker.
    pub fn worker_leaves(&self, id: &str) {
        self.pool.worker_leaves(id);
    }

    /// Waits until the worker has started to answer all of its requests, but not for long. A worker that shuts down refuses
    /// requests that it has not read yet.
    pub async fn settled(&self, id: &str) {
        self.pool.settled(id).await;
    }

    /// Reports an error that a worker has logged and that belongs to no request. It is part of the reason if the worker
    /// crashes.
    pub fn worker_logged_error(&self, id: &str, message: &str) {
        self.pool.worker_logged_error(id, message);
    }

    /// Reports that a worker's process has exited.
    pub fn worker_ended(&self, id: &str) {
        self.pool.worker_ended(id);
    }

    /// Reports that a worker's process has exited without being asked to.
    pub fn worker_crashed(&self, id: &str, reason: &str) {
        self.pool.worker_crashed(id, reason);
    }

    /// Returns the number of requests that wait for a worker (`queued`), and of those that a worker has (`running`).
    pub fn open_requests(&self) -> OpenJobs {
        self.pool.open_requests()
    }

    /// Answers waiting and further requests with 503, because the balancer is about to stop.
    pub fn close(&self) {
        self.pool.close();
    }

    /// Stops the balancer. Answers in progress may finish, and then the connections close.
    pub async fn shutdown(self) {
        self.pool.close();
        self.serving.shutdown().await;
    }
}

#[cfg(test)]
#[path = "balancer_tests.rs"]
mod balancer_tests;
#[cfg(test)]
mod client_tests;
