//! Sets up OpenTelemetry's SDK once per process, and flushes it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, mpsc};
use std::time::Duration;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry::{Key, KeyValue, global};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{BatchSpanProcessor, SdkTracer, SdkTracerProvider};

use super::client::{Cause, Collector};
use super::exporter::Watched;
use super::outage::Outage;
use super::variables::Variables;
use crate::config::{Arguments, Environment, ProcessContext, Secrets, Settings};
use crate::error::with_causes;
use crate::logging;
use crate::process::panics::caught_now;

/// How long the process waits for the last spans when it exits.
const EXIT_WAIT: Duration = Duration::from_secs(2);

/// The export of this process, once it is known whether there is one.
static ACTIVE: OnceLock<Option<Active>> = OnceLock::new();

struct Active {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
}

/// Describes this worker in every exported batch.
#[derive(Default)]
struct Identity {
    worker_id: Option<String>,
    endpoint_id: Option<String>,
    secrets: Secrets,
}

impl Identity {
    fn of(settings: &Settings) -> Self {
        Self {
            worker_id: Some(settings.worker_id.clone()),
            endpoint_id: settings.endpoint_id.clone(),
            secrets: settings.secrets.clone(),
        }
    }
}

/// Sets up the export if the variables ask for it. Returns warnings for the log, which starts after this.
pub(crate) fn begin(settings: &Settings) -> Vec<String> {
    let mut warnings = Vec::new();
    let mut is_new = false;
    let active = ACTIVE.get_or_init(|| {
        is_new = true;
        start(
            &Environment::from_process(),
            Identity::of(settings),
            &mut warnings,
        )
    });
    if let (Some(active), true) = (active, is_new) {
        // Libraries that the program uses find the export and the propagation of traces here. `main` may replace both.
        global::set_tracer_provider(active.provider.clone());
        global::set_text_map_propagator(TraceContextPropagator::new());
    }
    warnings
}

/// Returns the tracer of the worker's own spans if traces are exported.
pub(crate) fn tracer() -> Option<&'static SdkTracer> {
    Some(&ACTIVE.get()?.as_ref()?.tracer)
}

/// Like [`tracer`], for a program that asks before a worker has been prepared. It then has the settings of the process,
/// and nothing global changes.
pub(super) fn tracer_of_process() -> Option<&'static SdkTracer> {
    let mut warnings = Vec::new();
    let active = ACTIVE.get_or_init(|| {
        let environment = Environment::from_process();
        let arguments = Arguments::parse(std::env::args_os());
        let context = ProcessContext::of_process(false);
        // If the settings are invalid, the worker reports that when it starts.
        let identity = Settings::resolve(&environment, &arguments, &context)
            .map_or_else(|_| Identity::default(), |settings| Identity::of(&settings));
        start(&environment, identity, &mut warnings)
    });
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    Some(&active.as_ref()?.tracer)
}

/// Returns true for the first job of this process.
pub(crate) fn is_cold_start() -> bool {
    static IS_WARM: AtomicBool = AtomicBool::new(false);
    !IS_WARM.swap(true, Ordering::Relaxed)
}

fn start(
    environment: &Environment,
    identity: Identity,
    warnings: &mut Vec<String>,
) -> Option<Active> {
    let variables = Variables::of(environment);
    warnings.extend(variables.warnings);
    let endpoint = variables.endpoint?;
    match provider(environment, identity, endpoint, variables.timeout) {
        Ok(provider) => {
            let tracer = provider.tracer(env!("CARGO_PKG_NAME"));
            Some(Active { provider, tracer })
        }
        Err(why) => {
            warnings.push(format!("traces are not exported: {why}"));
            None
        }
    }
}

fn provider(
    environment: &Environment,
    identity: Identity,
    endpoint: &'static str,
    timeout: Duration,
) -> Result<SdkTracerProvider, String> {
    // OpenTelemetry's error repeats the value, which may contain a password.
    let address = environment.get(endpoint).unwrap_or_default();
    let is_http = |url: &reqwest::Url| matches!(url.scheme(), "http" | "https");
    if !reqwest::Url::parse(address).is_ok_and(|url| is_http(&url)) {
        return Err(format!(
            "{endpoint} is not a valid URL; expected an address such as http://127.0.0.1:4318"
        ));
    }
    let cause = Cause::default();
    let client = Collector::new(timeout, cause.clone()).map_err(|error| with_causes(&error))?;
    let exporter = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_timeout(timeout)
        .with_http_client(client)
        .build()
        .map_err(|error| error.to_string())?;
    let watched = Watched {
        exporter,
        secrets: identity.secrets.clone(),
        cause,
        outage: Mutex::new(Outage::default()),
        endpoint,
    };
    // The SDK panics if the system refuses the thread.
    let processor = caught_now(|| BatchSpanProcessor::builder(watched).build())
        .map_err(|panic| panic.message)?;
    Ok(SdkTracerProvider::builder()
        .with_resource(resource(identity))
        .with_span_processor(processor)
        .build())
}

/// Describes the worker. The values of `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` come before ours.
fn resource(identity: Identity) -> Resource {
    let given = Resource::builder().build();
    let is_given = |key: &Key| match given.get_ref(key) {
        Some(value) => !value.as_str().starts_with("unknown_service"),
        None => false,
    };
    let own = [
        ("service.name", program()),
        ("service.instance.id", identity.worker_id.clone()),
        ("faas.instance", identity.worker_id),
        ("faas.name", identity.endpoint_id),
    ];
    let own = own.into_iter().filter_map(|(key, value)| {
        let key = Key::from_static_str(key);
        (!is_given(&key)).then_some(KeyValue::new(key, value?))
    });
    Resource::builder().with_attributes(own).build()
}

/// Returns the name of this program.
fn program() -> Option<String> {
    let path = std::env::current_exe().ok()?;
    Some(path.file_stem()?.to_str()?.to_owned())
}

/// Waits at most two seconds until all spans so far have been exported. Called before the process exits.
pub(super) fn flush() {
    let Some(active) = ACTIVE.get().and_then(Option::as_ref) else {
        return;
    };
    let (done, wait) = mpsc::channel();
    let provider = active.provider.clone();
    // The SDK's own limit is longer.
    let flushing = std::thread::Builder::new()
        .name("runpod-traces".to_owned())
        .spawn(move || {
            // The exporter has warned about an error.
            drop(provider.force_flush());
            let _ = done.send(());
        });
    if flushing.is_ok() && wait.recv_timeout(EXIT_WAIT).is_err() {
        tracing::warn!(
            "the last traces may be lost: the collector did not accept them within {} s",
            EXIT_WAIT.as_secs()
        );
    }
}

/// Like [`flush`], for asynchronous code on any executor.
pub(crate) async fn flushed() {
    if tracer().is_none() {
        return;
    }
    let (sender, flushed) = tokio::sync::oneshot::channel::<()>();
    let flushing = std::thread::Builder::new()
        .name("runpod-flush".to_owned())
        .spawn(move || {
            logging::enter_thread();
            flush();
            drop(sender);
        });
    // An error means that the sender was dropped, and this code waits for that. If the system refuses the thread, it
    // also refuses the one that flushes.
    if flushing.is_ok() {
        drop(flushed.await);
    }
}
