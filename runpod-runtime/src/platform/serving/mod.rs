//! The platform of a worker that serves HTTP: a request is a job, and the job's posts are the response.
//!
//! [`Requests`](requests::Requests) connects the two sides. The server ([`server`]) puts requests into it and writes the
//! responses. The worker's loop takes jobs from it and posts to it, as it does with Runpod's queue. So slots,
//! cancellation, streams and the shutdown are those of the loop.

mod accept;
mod answer;
mod catalogue;
mod events;
mod guard;
mod health;
#[cfg(feature = "openai")]
mod openai;
mod openapi;
mod realtime;
mod request_body;
mod request_id;
#[cfg(feature = "otel")]
mod request_trace;
mod requests;
mod routes;
mod server;

use std::sync::Arc;

use super::{BoxFuture, Health, Platform, Post, Posted, StopSignals, TakeAnswer};

pub(crate) use catalogue::{Catalogue, HandlerEntry};
pub(crate) use routes::UserRoutes;
pub(crate) use server::{OpenError, Server};

/// The platform whose jobs are requests.
pub(crate) struct Serving {
    server: Arc<Server>,
    /// Gets the heartbeats, if there are any.
    heartbeats: Option<Arc<dyn Platform>>,
}

impl Serving {
    pub(crate) fn new(server: Arc<Server>, heartbeats: Option<Arc<dyn Platform>>) -> Self {
        Self { server, heartbeats }
    }
}

impl Platform for Serving {
    fn take(&self, want: usize, _in_progress: bool) -> BoxFuture<'_, TakeAnswer> {
        // The worker asks for the first job when everything that it needs is loaded.
        self.server.readiness.ready();
        Box::pin(async move { self.server.requests.take(want).await.into() })
    }

    fn is_too_large(&self, bytes: usize) -> Option<&'static str> {
        super::large_result::of_a_response(bytes)
    }

    /// A client may also reach this server without Runpod's load balancer and its limit.
    fn largest_result(&self) -> Option<usize> {
        None
    }

    fn stop_signals(&self) -> Option<BoxFuture<'_, StopSignals>> {
        Some(Box::pin(async {
            StopSignals::Stop(self.server.requests.abandoned().await)
        }))
    }

    fn ping<'a>(&'a self, health: Health<'a>) -> Option<BoxFuture<'a, ()>> {
        if matches!(health, Health::Unhealthy { .. }) {
            self.server.readiness.unhealthy();
        }
        self.heartbeats.as_ref()?.ping(health)
    }

    fn post<'a>(&'a self, post: &'a Post) -> BoxFuture<'a, Posted> {
        Box::pin(self.server.requests.post(post))
    }

    fn closing(&self) {
        self.server.readiness.draining();
        self.server.requests.close();
    }

    fn most_posts(&self) -> usize {
        // A post only hands over bytes to the server, and a client that reads slowly must not hold up the others.
        usize::MAX
    }
}
