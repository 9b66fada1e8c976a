//! `--rp_serve_api`: serves a local endpoint with this worker attached to it.
//!
//! The worker communicates with the endpoint over HTTP, as it does with the platform. Only the URLs differ, so the
//! same code runs here and in production.

use std::sync::Arc;

use runpod_local::{AllowError, Endpoint, Faults, HandlerInfo, WorkerEvent as ReportedEvent};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use super::phases::StartTimes;
use super::prepared::{Prepared, handled};
use super::schema;
use crate::config::{ApiSettings, Arguments, Environment, Mode, ProcessContext, Settings};
use crate::error::{Error, ErrorKind};
use crate::handler::{Handler, StateCell};
use crate::logging;
use crate::platform::Runpod;
use crate::process::signals::{Signals, next};
use crate::process::threads;
use crate::worker::{self, ConcurrencyConfig, Ended, Handlers, Running, WorkerEvent};

/// Serves until a shutdown signal arrives. The worker then drains, as in production.
pub(crate) async fn serve(
    mut prepared: Prepared,
    api: &ApiSettings,
    state: Option<StateCell>,
    handlers: &Handlers,
) -> Result<(), Error> {
    if let Some(jobs) = api.concurrency {
        prepared.config.concurrency = ConcurrencyConfig::fixed(jobs);
    }
    // The signals are handled before the address is printed, because a user who reads it may press Ctrl-C at once.
    prepared.signals = handled(Signals::handle());
    let local = Local::start(endpoint_for(&prepared, api)?, api).await?;
    let stop = (prepared.signals.clone(), prepared.stop.clone());
    local
        .runtime
        .spawn(stop_at_signal(stop, local.shutdown.clone()));
    announce(&local.endpoint, api);
    let logs = local.endpoint.job_logs();
    logging::also_to(move |job, level, text| logs.push(job, level.as_str(), text));

    let worked = work(&prepared, &local, state, handlers).await;
    local.end().await;
    worked
}

/// The endpoint, on its own threads. If a handler blocks all of its threads, the endpoint's page still responds.
struct Local {
    endpoint: runpod_local::Running,
    runtime: Runtime,
    /// Cancelled when the process receives a shutdown signal, such as Ctrl-C.
    shutdown: CancellationToken,
}

impl Local {
    async fn start(endpoint: Endpoint, api: &ApiSettings) -> Result<Self, Error> {
        let system = |error: std::io::Error| {
            Error::new(ErrorKind::System, "the local endpoint could not be started")
                .with_source(error)
        };
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.thread_name("runpod-local");
        let runtime = threads::several(builder, Some(1), "the local endpoint's runtime")?;
        let shutdown = CancellationToken::new();
        let (host, port) = (api.host.clone(), api.port);
        let bound = runtime.spawn(async move { endpoint.bind(&host, port).await });
        let bound = match bound.await {
            Ok(Ok(endpoint)) => Ok(endpoint),
            Ok(Err(error)) => Err(not_bound(&error, api)),
            Err(panicked) => Err(system(panicked.into())),
        };
        match bound {
            Ok(endpoint) => Ok(Self {
                endpoint,
                runtime,
                shutdown,
            }),
            Err(error) => {
                // Dropping a runtime blocks, which is not allowed in async code.
                runtime.shutdown_background();
                Err(error)
            }
        }
    }

    async fn end(self) {
        let ending = self.runtime.spawn(self.endpoint.shutdown());
        // If the task panicked, it has ended too.
        let _ = ending.await;
        self.runtime.shutdown_background();
    }
}

fn not_bound(error: &runpod_local::BindError, api: &ApiSettings) -> Error {
    let remedy = if error.is_in_use() {
        "stop the program that uses this port, or choose another port with --rp_api_port PORT (0 means any free port)"
    } else {
        "choose another address with --rp_api_host and --rp_api_port"
    };
    Error::new(
        ErrorKind::Config,
        format!(
            "the local endpoint cannot listen on {}, port {}: {error}; {remedy}",
            api.host, api.port
        ),
    )
}

fn endpoint_for(prepared: &Prepared, api: &ApiSettings) -> Result<Endpoint, Error> {
    let mut endpoint = Endpoint::new()
        .handlers(prepared.dispatch.handlers().map(handler_info).collect())
        .route(prepared.dispatch.key().map(str::to_owned))
        .raise_open_file_limit(true)
        .api_key(api.api_key.as_ref().map(|key| key.expose().to_owned()))
        .rate_limits(api.rate_limits);
    for name in &api.allow_hosts {
        endpoint = endpoint
            .allow_host(name)
            .map_err(|error| not_allowed("--rp_api_allow_host", &error))?;
    }
    for origin in &api.allow_origins {
        endpoint = endpoint
            .allow_origin(origin)
            .map_err(|error| not_allowed("--rp_api_allow_origin", &error))?;
    }
    if let Some(job) = &api.example {
        // The settings have checked that this is valid JSON.
        endpoint = endpoint.examples(serde_json::from_str(job).into_iter().collect());
    }
    if let Some(faults) = &api.faults {
        let faults = Faults::from_flag(faults)
            .map_err(|error| Error::new(ErrorKind::Config, format!("--rp_api_faults: {error}")))?;
        endpoint = endpoint.faults(faults);
    }
    Ok(endpoint)
}

fn not_allowed(flag: &str, error: &AllowError) -> Error {
    Error::new(ErrorKind::Config, format!("{flag}: {error}"))
}

fn handler_info(handler: &Handler) -> HandlerInfo {
    HandlerInfo {
        name: handler.name.clone(),
        input: schema::input(handler),
        output: schema::output(handler),
        chat_model: handler.chat_model().map(str::to_owned),
    }
}

fn announce(endpoint: &runpod_local::Running, api: &ApiSettings) {
    tracing::info!(
        "The local endpoint is at {}: open it in a browser.",
        endpoint.url()
    );
    let variables: Vec<_> = endpoint
        .worker_environment(None)
        .into_iter()
        .map(|(name, value)| match &api.api_key {
            // The key must not be logged.
            Some(key) if value == key.expose() => format!("{name}=\"$RUNPOD_LOCAL_API_KEY\""),
            _ => format!("{name}='{value}'"),
        })
        .collect();
    // The list is long and the same at each start, so it is logged at TRACE. docs/reference/local-endpoint.md
    // explains how to show it.
    tracing::trace!(
        "To attach further workers, in any language, start them with these variables: {}",
        variables.join(" ")
    );
}

/// Runs this worker until `shutdown`. Whenever a job asks for a refresh, a fresh worker takes over.
async fn work(
    prepared: &Prepared,
    local: &Local,
    state: Option<StateCell>,
    handlers: &Handlers,
) -> Result<(), Error> {
    for number in 1_u64.. {
        let id = format!("local-{number}");
        let worker = attached_to(prepared, &local.endpoint, &id)?;
        report_events(prepared, &local.endpoint, &id);
        // `cargo run` replaces itself with the worker, so the age of the process includes the build. It is not reported.
        for (phase, took) in prepared
            .phases
            .ready()
            .iter()
            .flat_map(StartTimes::own_phases)
        {
            WorkerEvent::StartPhase { phase, took }.emit();
        }
        let Mode::Platform(urls) = worker.settings.mode.clone() else {
            return Err(Error::new(
                ErrorKind::System,
                "the local endpoint gave no address to take jobs from; this is a bug in runpod-worker",
            ));
        };
        let platform = Arc::new(Runpod::of(urls, &worker.settings, handlers.handle())?);
        let parts = worker.parts(platform, state.clone(), handlers.share(), None);
        match run_until(worker::start(parts)?, &local.shutdown).await? {
            Ended::Refreshed if !local.shutdown.is_cancelled() => tracing::info!(
                "A fresh worker takes over. On the platform, it would start in a fresh container. Here it runs in the same \
                 process, with the state that `main` returned."
            ),
            ended => return ended.reported(),
        }
    }
    Ok(())
}

/// Shows the events of the worker with this id on the endpoint's page, from now on.
fn report_events(prepared: &Prepared, endpoint: &runpod_local::Running, worker_id: &str) {
    let events = endpoint.worker_events(worker_id);
    let secrets = prepared.settings.secrets.clone();
    worker::endpoint::also_to(move |event| {
        events.push(ReportedEvent {
            name: event.name,
            level: event.level.as_str(),
            job_id: event.job_id,
            text: &secrets.redact(event.text),
        });
    });
}

/// Returns the worker with the endpoint's settings instead of those from the environment.
fn attached_to(
    prepared: &Prepared,
    endpoint: &runpod_local::Running,
    worker_id: &str,
) -> Result<Prepared, Error> {
    let environment = Environment::of(endpoint.worker_environment(Some(worker_id)));
    let context = ProcessContext::of_process(prepared.dispatch.streams());
    let given = Settings::resolve(&environment, &Arguments::default(), &context)
        .map_err(|error| Error::new(ErrorKind::System, error.to_string()))?;
    let settings = Settings {
        worker_id: given.worker_id,
        reported_worker_id: given.reported_worker_id,
        api_key: given.api_key,
        mode: given.mode,
        ping_interval: given.ping_interval,
        ..prepared.settings.clone()
    };
    Ok(Prepared {
        settings,
        ..prepared.clone()
    })
}

/// Waits until the worker ends. The worker itself watches the signals only after it has started, so `shutdown` is
/// watched here.
async fn run_until(mut worker: Running, shutdown: &CancellationToken) -> Result<Ended, Error> {
    tokio::select! {
        ended = worker.ended() => return ended,
        () = shutdown.cancelled() => {}
    }
    worker.end();
    worker.ended().await
}

async fn stop_at_signal(
    (mut signals, stop): (Option<Signals>, CancellationToken),
    shutdown: CancellationToken,
) {
    tokio::select! {
        _ = next(&mut signals) => {}
        () = stop.cancelled() => {}
    }
    shutdown.cancel();
}
