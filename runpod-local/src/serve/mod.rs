//! The layers between the listening socket and the router: connections, admission, rate limits and injected faults.
//! These layers know nothing about a request except its operation.

mod connection;
mod guard;
mod kind;
mod listening;
mod open_files;
mod pipeline;
mod rates;
mod socket;
mod tunnel;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub(crate) use guard::{ApiKey, WORKER_KEY, accepts_html};
pub(crate) use kind::Kind;
pub(crate) use listening::{ListenError, on_host};
pub(crate) use tunnel::Tunnel;

use crate::access::Access;
use crate::faults::{self, Faults, Injection};
use guard::Guard;
use pipeline::Pipeline;
use rates::Rates;

/// The settings for all connections.
#[derive(Debug)]
pub(crate) struct ServeSettings {
    pub(crate) kind: Kind,
    /// The bound host as the user wrote it.
    pub(crate) host: String,
    pub(crate) api_key: Option<String>,
    pub(crate) access: Access,
    pub(crate) rate_limits: bool,
    pub(crate) faults: Faults,
    /// How long answers in progress may take during shutdown.
    pub(crate) grace: Duration,
    pub(crate) raises_open_file_limit: bool,
}

/// The running connection loops, one for each listener.
#[derive(Debug)]
pub(crate) struct Serving {
    ending: CancellationToken,
    cut: CancellationToken,
    connections: TaskTracker,
    grace: Duration,
}

/// Serves `router` on the current Tokio runtime.
pub(crate) fn spawn(
    listeners: impl IntoIterator<Item = TcpListener>,
    router: Router,
    settings: ServeSettings,
) -> Serving {
    let injection = Arc::new(Injection::new(settings.faults));
    let router = match settings.kind {
        Kind::Queue => router.merge(faults::router(Arc::clone(&injection))),
        Kind::Balancer => router,
    };
    let pipeline = Arc::new(Pipeline {
        kind: settings.kind,
        guard: Guard::new(
            settings.kind,
            &settings.host,
            settings.api_key,
            settings.access,
        ),
        rates: settings.rate_limits.then(Rates::of_production),
        router,
        faults: injection,
    });
    let serving = Serving {
        ending: CancellationToken::new(),
        cut: CancellationToken::new(),
        connections: TaskTracker::new(),
        grace: settings.grace,
    };
    if settings.raises_open_file_limit {
        open_files::raise_limit();
    }
    let room = open_files::connections().min(Semaphore::MAX_PERMITS);
    let room = Arc::new(Semaphore::new(room));
    for listener in listeners {
        let accepting = connection::Acceptor {
            listener,
            pipeline: Arc::clone(&pipeline),
            room: Arc::clone(&room),
            ending: serving.ending.clone(),
            cut: serving.cut.clone(),
            connections: serving.connections.clone(),
        };
        serving.connections.spawn(accepting.run());
    }
    serving
}

impl Serving {
    /// Stops accepting connections, lets answers in progress finish within the grace time, and closes the rest.
    pub(crate) async fn shutdown(self) {
        self.ending.cancel();
        self.connections.close();
        if timeout(self.grace, self.connections.wait()).await.is_err() {
            self.cut.cancel();
            self.connections.wait().await;
        }
    }
}
