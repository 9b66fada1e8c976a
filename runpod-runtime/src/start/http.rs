//! HTTP mode: opens the server before the worker's state is created, and runs the worker with the server's requests as
//! its jobs.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::Instant;

use super::prepared::Prepared;
use super::schema;
use crate::config::{HttpKind, HttpSettings, Mode};
use crate::error::{Error, ErrorKind};
use crate::handler::{Dispatch, Handler, StateCell};
use crate::platform::serving::{Catalogue, HandlerEntry, OpenError, Server, Serving, UserRoutes};
use crate::platform::{Platform, Runpod};
use crate::process::panics::caught_now;
use crate::process::signals::Signals;
use crate::worker::{self, ConcurrencyConfig, Ended, Handlers, Parts};

/// The time to answer the requests that came before a worker could start.
const LAST_ANSWERS: Duration = Duration::from_secs(5);

impl Prepared {
    /// Opens the HTTP server if the worker runs in HTTP mode. From then on, health checks are answered, and requests
    /// wait for the worker.
    ///
    /// # Errors
    ///
    /// Returns an error if a port cannot be opened or the system refuses a thread.
    pub(crate) fn with_server(mut self) -> Result<Self, Error> {
        let Mode::Http(settings) = &self.settings.mode else {
            return Ok(self);
        };
        let router = self.config.router.as_ref();
        if let Some(router) = router {
            let checked = router.check(&self.makes);
            checked.map_err(|message| Error::new(ErrorKind::Handlers, message))?;
        }
        let server = Server::open(
            settings,
            catalogue(&self.dispatch),
            self.settings.endpoint_id.as_deref(),
            router.is_some(),
        )
        .map_err(|error| not_opened(error, settings))?;
        announce(&server, settings);
        self.server = Some(Arc::new(server));
        Ok(self)
    }

    /// Answers all requests with 503 from now on. If the worker could not start, `failure` is the reason, which the
    /// clients get.
    pub(crate) fn refuse_requests(&self, failure: Option<&str>) {
        if let Some(server) = &self.server {
            let failure = failure.map(|reason| self.settings.secrets.redact(reason));
            server.refuse(failure.as_deref());
        }
    }

    /// Returns how long [`close_server`](Self::close_server) may take. `None` if there is no server.
    pub(super) fn last_answers(&self) -> Option<Duration> {
        let most = LAST_ANSWERS.min(self.settings.shutdown_grace);
        self.server.as_ref().map(|_| most)
    }

    /// Sends the answers to the requests that were refused, and closes the server.
    pub(crate) async fn close_server(&self) {
        if let (Some(server), Some(most)) = (&self.server, self.last_answers()) {
            close(server, Instant::now() + most).await;
        }
    }

    /// Runs the worker on this thread. Must not be called from asynchronous code.
    pub(super) fn run_http(
        self,
        settings: &HttpSettings,
        state: Option<StateCell>,
        handlers: Handlers,
    ) -> Result<(), Error> {
        let grace = self.settings.shutdown_grace;
        let waiting = handlers.handle().clone();
        let (parts, server) = self.http_parts(settings, state, handlers)?;
        let ended = worker::run_here(parts);
        waiting.block_on(close(&server, end_of_grace(&server, grace)));
        ended.and_then(Ended::reported)
    }

    pub(super) async fn serve_http(
        self,
        settings: &HttpSettings,
        state: Option<StateCell>,
        handlers: Handlers,
    ) -> Result<(), Error> {
        let grace = self.settings.shutdown_grace;
        let (parts, server) = self.http_parts(settings, state, handlers)?;
        let ended = worker::start(parts)?.ended().await;
        close(&server, end_of_grace(&server, grace)).await;
        ended.and_then(Ended::reported)
    }

    fn http_parts(
        mut self,
        settings: &HttpSettings,
        state: Option<StateCell>,
        handlers: Handlers,
    ) -> Result<(Parts, Arc<Server>), Error> {
        let server = self.server.take().ok_or_else(|| {
            let message = "the HTTP server was not opened; this is a bug in runpod-worker";
            Error::new(ErrorKind::System, message)
        })?;
        if let Some(router) = self.config.router.take() {
            let routes =
                make_routes(&router, state.as_ref(), handlers.handle()).inspect_err(|error| {
                    let reason = error.to_string();
                    server.refuse(Some(&self.settings.secrets.redact(&reason)));
                })?;
            server.add(routes);
        }
        let is_realtime = settings.kind == HttpKind::Realtime;
        if is_realtime {
            // The SDK's realtime server answers with the whole stream, and does not refresh after every job.
            self.config.return_aggregate_stream = true;
            self.config.refresh_worker = false;
        }
        if let Some(jobs) = settings.concurrency {
            self.config.concurrency = ConcurrencyConfig::fixed(jobs);
        }
        let heartbeats = settings
            .heartbeats
            .clone()
            .map(|urls| Runpod::of(urls, &self.settings, handlers.handle()))
            .transpose()?
            .map(|platform| Arc::new(platform) as Arc<dyn Platform>);
        let platform = Arc::new(Serving::new(Arc::clone(&server), heartbeats));
        let mut parts = self.parts(platform, state, handlers, None);
        // A client of the handlers gets the same error report from every kind of handler.
        parts.reporter.reports_streams_alike = !is_realtime;
        Ok((parts, server))
    }
}

fn make_routes(
    router: &crate::handler::UserRouter,
    state: Option<&StateCell>,
    handlers: &Handle,
) -> Result<UserRoutes, Error> {
    // The user's function may spawn tasks.
    let _entered = handlers.enter();
    let made = caught_now(|| router.make(state)).map_err(|panic| {
        let message = format!(
            "the worker's routes could not be created: {}",
            panic.message
        );
        Error::new(ErrorKind::Setup, message)
    })?;
    // The type of the state was checked before the server was opened.
    let router = made.ok_or_else(|| {
        let message =
            "the worker's routes take another type of state; this is a bug in runpod-worker";
        Error::new(ErrorKind::System, message)
    })?;
    Ok(UserRoutes {
        router,
        handlers: handlers.clone(),
    })
}

/// Returns when the grace time ends, which started with the shutdown.
fn end_of_grace(server: &Server, grace: Duration) -> Instant {
    server.closed_at().unwrap_or_else(Instant::now) + grace
}

/// Sends the responses that have started, until `deadline`, or until there is another signal.
async fn close(server: &Server, deadline: Instant) {
    let closing = server.close(deadline);
    match Signals::handle() {
        Ok(mut signals) => tokio::select! {
            () = closing => {}
            name = signals.next() => tracing::warn!("{name} received again: closing all connections"),
        },
        Err(_) => closing.await,
    }
}

fn catalogue(dispatch: &Dispatch) -> Catalogue {
    let entry = |handler: &Handler| HandlerEntry {
        streams: handler.streams(),
        input: schema::input(handler),
        output: schema::output(handler),
    };
    Catalogue {
        has_root: dispatch.has_default(),
        #[cfg(feature = "openai")]
        has_openai: dispatch.handlers().any(|handler| handler.route().is_some()),
        handlers: dispatch
            .handlers()
            .map(|handler| (handler.name.as_str().into(), entry(handler)))
            .collect(),
    }
}

fn announce(server: &Server, settings: &HttpSettings) {
    tracing::info!(
        "Serving HTTP at http://{}, because {}.",
        server.address,
        settings.because
    );
    tracing::info!(
        "Health checks are answered at http://{}{}.",
        server.health_address,
        settings.health_path
    );
}

fn not_opened(error: OpenError, settings: &HttpSettings) -> Error {
    let (port, source) = match error {
        OpenError::Port { port, source } => (port, source),
        OpenError::System(error) => return error,
    };
    let name = if port == settings.port {
        settings.port_from
    } else {
        "PORT_HEALTH"
    };
    let problem = match source.kind() {
        io::ErrorKind::AddrInUse => {
            "the port is in use by another program; stop it, or choose another port".to_owned()
        }
        io::ErrorKind::PermissionDenied => {
            "this user may not listen there: ports below 1024 need privileges; choose another port"
                .to_owned()
        }
        _ => format!("{source}; choose another port"),
    };
    Error::new(
        ErrorKind::Config,
        format!(
            "{name}: the worker cannot listen on {}, port {port}: {problem}",
            settings.host
        ),
    )
}
