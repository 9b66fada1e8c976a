//! The HTTP server, on threads of its own, so that no handler and no set-up can delay the answer to a health check.

use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener as BlockingListener};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::header::{CONNECTION, CONTENT_TYPE};
use axum::http::{HeaderValue, Method, Request, Response, StatusCode};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::answer::{ErrorAnswer, json_response};
use super::catalogue::Catalogue;
use super::guard;
use super::health::{Health, Readiness};
use super::realtime::RealtimeRoutes;
use super::requests::Requests;
use super::routes::{HandlerRoutes, Routes, UserRoutes};
use crate::config::{HttpKind, HttpSettings};
use crate::error::Error;
use crate::process::threads;

/// How long a connection may stay open without a complete request head. This is longer than proxies keep idle
/// connections, so that the server does not close a connection just when a request arrives on it.
const HEAD: Duration = Duration::from_mins(2);
/// The pause between two attempts to accept if the system has no resources left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// A large body keeps one thread busy, and the other one answers health checks meanwhile.
const THREADS: usize = 2;

/// The reason why the server could not be opened.
#[derive(Debug)]
pub(crate) enum OpenError {
    /// The system does not let the server listen on this port.
    Port {
        port: u16,
        source: io::Error,
    },
    System(Error),
}

/// A server that is open.
#[derive(Debug)]
pub(crate) struct Server {
    pub(super) requests: Arc<Requests>,
    pub(super) readiness: Readiness,
    pub(crate) address: SocketAddr,
    pub(crate) health_address: SocketAddr,
    user: watch::Sender<Routes>,
    /// `None` once the server is dropped.
    runtime: Option<Runtime>,
    /// Cancelled when no more connections are accepted and idle ones are closed.
    ending: CancellationToken,
    connections: TaskTracker,
}

/// What the server answers requests with.
#[derive(Debug)]
struct Site {
    routes: SiteRoutes,
    readiness: Readiness,
    health_path: String,
    /// Whether only programs on this machine may use the server.
    is_local: bool,
}

#[derive(Debug)]
enum SiteRoutes {
    Handlers(HandlerRoutes),
    Realtime(RealtimeRoutes),
    /// This port has only the health check.
    Nothing,
}

impl Server {
    /// Opens the ports. From now on, health checks are answered, and requests wait for the worker.
    ///
    /// # Errors
    ///
    /// Returns an error if a port cannot be opened or the system refuses a thread.
    pub(crate) fn open(
        settings: &HttpSettings,
        catalogue: Catalogue,
        endpoint_id: Option<&str>,
        has_user_routes: bool,
    ) -> Result<Self, OpenError> {
        let (listener, address) = listen(settings.host, settings.port)?;
        let own_port = settings.health_port != settings.port;
        let health = own_port
            .then(|| listen(settings.host, settings.health_port))
            .transpose()?;
        let mut builder = Builder::new_multi_thread();
        builder.on_thread_start(crate::logging::enter_thread);
        builder.thread_name("runpod-http");
        let runtime = threads::several(builder, Some(THREADS), "the HTTP server's runtime")
            .map_err(OpenError::System)?;

        let requests = Arc::<Requests>::default();
        let readiness = Readiness::default();
        let first = if has_user_routes {
            Routes::Later
        } else {
            Routes::None
        };
        let (user, user_routes) = watch::channel(first);
        let site = |routes| {
            Arc::new(Site {
                routes,
                readiness: readiness.clone(),
                health_path: settings.health_path.clone(),
                is_local: settings.host != "0.0.0.0",
            })
        };
        let main = site(match settings.kind {
            HttpKind::Handlers => SiteRoutes::Handlers(HandlerRoutes::new(
                Arc::clone(&requests),
                readiness.clone(),
                catalogue,
                settings.wait,
                user_routes,
            )),
            HttpKind::Realtime => {
                SiteRoutes::Realtime(RealtimeRoutes::new(Arc::clone(&requests), endpoint_id))
            }
        });
        let health_address = health.as_ref().map_or(address, |(_, address)| *address);
        let ending = CancellationToken::new();
        let connections = TaskTracker::new();
        let listeners = [
            Some((listener, main)),
            health.map(|(it, _)| (it, site(SiteRoutes::Nothing))),
        ];
        for (listener, site) in listeners.into_iter().flatten() {
            let _entered = runtime.enter();
            let port = settings.port;
            let listener = TcpListener::from_std(listener)
                .map_err(|source| OpenError::Port { port, source })?;
            runtime.spawn(accept(listener, site, ending.clone(), connections.clone()));
        }
        Ok(Self {
            requests,
            readiness,
            address,
            health_address,
            user,
            runtime: Some(runtime),
            ending,
            connections,
        })
    }

    /// Returns when the worker started to shut down, if it has.
    pub(crate) fn closed_at(&self) -> Option<Instant> {
        self.requests.closed_at()
    }

    /// Serves the user's routes, too.
    pub(crate) fn add(&self, routes: UserRoutes) {
        self.user.send_replace(Routes::Known(routes));
    }

    /// Answers all requests and health checks with 503 from now on, also the requests that wait for the worker. If the
    /// worker could not start, `failure` is the reason.
    pub(crate) fn refuse(&self, failure: Option<&str>) {
        match failure {
            Some(_) => self.readiness.unhealthy(),
            None => self.readiness.draining(),
        }
        self.requests.close_after(failure);
        self.user.send_replace(Routes::Closed);
    }

    /// Closes the server: sends the responses that have started, at the latest until `deadline`.
    pub(crate) async fn close(&self, deadline: Instant) {
        self.ending.cancel();
        self.connections.close();
        let connections = self.connections.clone();
        if let Some(runtime) = &self.runtime {
            let closing = runtime.spawn(async move {
                // After the deadline, the runtime is shut down with the connections that are left.
                let _ = timeout_at(deadline, connections.wait()).await;
            });
            let _ = closing.await;
        }
        // The routes share the user's values, which somebody else must drop last.
        self.user.send_replace(Routes::Closed);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Asynchronous code must not wait for a runtime.
            runtime.shutdown_background();
        }
    }
}

fn listen(host: &str, port: u16) -> Result<(BlockingListener, SocketAddr), OpenError> {
    let listening = BlockingListener::bind((host, port)).and_then(|listener| {
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    });
    listening.map_err(|source| OpenError::Port { port, source })
}

async fn accept(
    listener: TcpListener,
    site: Arc<Site>,
    ending: CancellationToken,
    connections: TaskTracker,
) {
    let mut is_short = false;
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = ending.cancelled() => return,
        };
        match accepted {
            Ok((stream, _)) => {
                is_short = false;
                connections.spawn(serve(stream, Arc::clone(&site), ending.clone()));
            }
            Err(error) if is_of_one_client(&error) => {}
            Err(error) => {
                if !std::mem::replace(&mut is_short, true) {
                    tracing::warn!(
                        "cannot accept more connections for now: {error}; open connections continue. The limit of open \
                         files for this process is shown by `ulimit -n`"
                    );
                }
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Returns whether the error concerns only one client, which closed its connection before it was accepted.
fn is_of_one_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}

async fn serve(stream: TcpStream, site: Arc<Site>, ending: CancellationToken) {
    // Responses are written as a whole or event by event, so Nagle's algorithm would only delay them.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request: Request<hyper::body::Incoming>| {
        let site = Arc::clone(&site);
        async move { Ok::<_, Infallible>(site.answer(request.map(Body::new)).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let served = tokio::select! {
        biased;
        served = connection.as_mut() => served,
        () = ending.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = served {
        tracing::debug!("a connection ended: {error}");
    }
}

impl Site {
    async fn answer(&self, request: Request<Body>) -> Response<Body> {
        let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
        if is_read && request.uri().path() == self.health_path {
            return health(self.readiness.current());
        }
        if self.is_local
            && let Err(error) = guard::check(request.headers())
        {
            return error.into_response();
        }
        let mut response = match &self.routes {
            SiteRoutes::Handlers(routes) => routes.answer(request).await,
            SiteRoutes::Realtime(routes) => routes.answer(request).await,
            SiteRoutes::Nothing => {
                let message = format!(
                    "this port has only the health check, at {}",
                    self.health_path
                );
                ErrorAnswer::new(StatusCode::NOT_FOUND, "NotFound", message).into_response()
            }
        };
        if self.readiness.current() >= Health::Draining {
            // The next request of this client belongs to another worker.
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(CONNECTION, close);
        }
        response
    }
}

/// Answers a health check as Runpod's load balancer expects it: 204 during the cold start, 200 if the worker is ready,
/// and anything else if it must get no requests.
fn health(health: Health) -> Response<Body> {
    let status = match health {
        Health::Loading => StatusCode::NO_CONTENT,
        Health::Ready => StatusCode::OK,
        Health::Draining | Health::Unhealthy => StatusCode::SERVICE_UNAVAILABLE,
    };
    if status == StatusCode::NO_CONTENT {
        let mut response = json_response(status, Body::empty());
        response.headers_mut().remove(CONTENT_TYPE);
        return response;
    }
    json_response(status, json!({ "status": health.name() }).to_string())
}
