//! The traces of a worker's events: each job is a span, and the run of its handler and the posts of its result are the
//! children of this span.
//!
//! The span of a run is the `tracing` span in which the handler runs, so spans of the user's code become its children.
//! If the program's own subscriber lacks the layer for traces, the span of the run is made from the events.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use opentelemetry::trace::{SpanContext, SpanKind, Status, TraceContextExt as _, Tracer as _};
use opentelemetry::{Context, ContextGuard, KeyValue};
use opentelemetry_sdk::trace::SdkTracer;

use super::event::{JobRun, WorkerEvent};
use crate::handler::TakenJob;
use crate::json;
use crate::platform::{Post, PostKind, Posted, ResultBody, error_type};
use crate::traces::{is_cold_start, parent_of, tracer};

/// The spans of the jobs that this process has.
static JOBS: Mutex<Option<HashMap<String, JobTrace>>> = Mutex::new(None);

struct JobTrace {
    /// Contains the job's span.
    context: Context,
    /// Whether the layer makes the span of the run.
    has_layer: bool,
}

/// Records the event.
pub(super) fn record(event: &WorkerEvent<'_>) {
    let Some(tracer) = tracer() else {
        return;
    };
    match event {
        WorkerEvent::JobTaken { job } => taken(tracer, job),
        WorkerEvent::JobRefused { job_id, body } => {
            open(tracer, job_id, &Context::new(), SpanKind::Consumer);
            of_job(job_id, |job| concluded(&job.context, "failed", Some(body)));
        }
        WorkerEvent::JobStarted { run, waited } => started(*run, *waited),
        WorkerEvent::HandlerReturned { body } => {
            // The span of the run, or no span.
            fail(&Context::current(), body);
        }
        WorkerEvent::JobFinished { run, body } => of_job(run.id, |job| {
            if !job.has_layer {
                add_run(tracer, &job.context, *run, Some(body));
            }
            let outcome = if body.error.is_none() {
                "completed"
            } else {
                "failed"
            };
            concluded(&job.context, outcome, Some(body));
        }),
        WorkerEvent::JobStopped { run, .. } => of_job(run.id, |job| {
            if !job.has_layer {
                add_run(tracer, &job.context, *run, None);
            }
            concluded(&job.context, "cancelled", None);
        }),
        WorkerEvent::ResultReplaced { job_id, body } => {
            of_job(job_id, |job| concluded(&job.context, "failed", Some(body)));
        }
        WorkerEvent::PostAnswered { post, posted, took } => answered(tracer, post, posted, *took),
        WorkerEvent::JobLeft { job_id } => {
            if let Some(left) = jobs().as_mut().and_then(|jobs| jobs.remove(*job_id)) {
                left.context.span().end();
            }
        }
        WorkerEvent::StartPhase { .. }
        | WorkerEvent::TakeAnswered { .. }
        | WorkerEvent::LargeResult { .. }
        | WorkerEvent::PostRetried { .. }
        | WorkerEvent::ResultAccepted { .. }
        | WorkerEvent::Redelivered { .. }
        | WorkerEvent::SlotsChanged { .. }
        | WorkerEvent::ConcurrencyChanged { .. }
        | WorkerEvent::BatchCalled { .. }
        | WorkerEvent::Refresh
        | WorkerEvent::Broken { .. }
        | WorkerEvent::Draining { .. }
        | WorkerEvent::CutOff { .. } => {}
    }
}

/// Makes the job's span the parent of the span that this thread creates next.
pub(in crate::worker) fn enter(job_id: &str) -> Option<ContextGuard> {
    tracer()?;
    let context = jobs().as_ref()?.get(job_id)?.context.clone();
    Some(context.attach())
}

fn taken(tracer: &SdkTracer, job: &TakenJob) {
    #[cfg(feature = "http")]
    let kind = match job.request {
        Some(_) => SpanKind::Server,
        None => SpanKind::Consumer,
    };
    #[cfg(not(feature = "http"))]
    let kind = SpanKind::Consumer;
    open(tracer, &job.id, &parent_of(job), kind);
}

/// Starts the span of a job.
fn open(tracer: &SdkTracer, job_id: &str, parent: &Context, kind: SpanKind) {
    let trigger = if kind == SpanKind::Server {
        "http"
    } else {
        "pubsub"
    };
    let span = tracer
        .span_builder("job")
        .with_kind(kind)
        .with_attributes([
            KeyValue::new("faas.invocation_id", job_id.to_owned()),
            KeyValue::new("faas.trigger", trigger),
            KeyValue::new("faas.coldstart", is_cold_start()),
        ])
        .start_with_context(tracer, parent);
    let opened = JobTrace {
        context: Context::new().with_span(span),
        has_layer: false,
    };
    jobs()
        .get_or_insert_default()
        .insert(job_id.to_owned(), opened);
}

/// Gives the spans of the job and of the run the name of the handler.
fn started(run: JobRun<'_>, waited: Duration) {
    let handler = run.handler.unwrap_or_default().to_owned();
    of_job(run.id, |job| {
        let span = job.context.span();
        span.update_name(format!("job {handler}"));
        let waited = i64::try_from(waited.as_millis()).unwrap_or(i64::MAX);
        span.set_attribute(KeyValue::new("runpod.job.wait_ms", waited));
        span.set_attribute(KeyValue::new("runpod.handler", handler.clone()));
        // The layer makes the span of the run a child of the job's.
        let current = Context::current();
        let current = current.span();
        job.has_layer = is_another_span_of(current.span_context(), span.span_context());
        if job.has_layer {
            current.update_name(run_name(&handler));
            current.set_attribute(KeyValue::new("runpod.handler", handler.clone()));
        }
    });
}

fn is_another_span_of(span: &SpanContext, job: &SpanContext) -> bool {
    span.trace_id() == job.trace_id() && span.span_id() != job.span_id()
}

fn run_name(handler: &str) -> String {
    format!("run {handler}")
}

/// Adds the span of a run that is over. `body` is `None` if it was cut off.
fn add_run(tracer: &SdkTracer, parent: &Context, run: JobRun<'_>, body: Option<&ResultBody>) {
    let Some(handler) = run.handler else {
        return;
    };
    let name = run_name(handler);
    let context = finished_child(tracer, parent, name.into(), SpanKind::Internal, run.ran);
    let span = context.span();
    span.set_attribute(KeyValue::new("runpod.handler", handler.to_owned()));
    if let Some(body) = body {
        fail(&context, body);
    }
    span.end();
}

/// Records a job's outcome.
fn concluded(job: &Context, outcome: &'static str, body: Option<&ResultBody>) {
    let span = job.span();
    span.set_attribute(KeyValue::new("runpod.job.outcome", outcome));
    if let Some(body) = body {
        fail(job, body);
    }
}

/// Marks the span as failed if the result is a failure.
fn fail(context: &Context, body: &ResultBody) {
    let Some(error) = body.without_data.as_ref().or(body.error.as_ref()) else {
        return;
    };
    let span = context.span();
    if let Some(kind) = type_of(body) {
        span.set_attribute(KeyValue::new("error.type", kind));
    }
    span.set_status(Status::error(error.clone()));
}

fn type_of(body: &ResultBody) -> Option<String> {
    let body = str::from_utf8(&body.body).ok()?;
    let entries = json::entries(body).ok()?;
    let (_, error) = entries.into_iter().find(|(key, _)| key == "error")?;
    // A handler's own `error` may be any text. The specification has this value for an error without a type.
    Some(error_type(error).unwrap_or_else(|| "_OTHER".to_owned()))
}

/// Adds the span of a post. Items and progress have none, because a stream can have thousands.
fn answered(tracer: &SdkTracer, post: &Post, posted: &Posted, took: Duration) {
    if !matches!(post.kind, PostKind::Result { .. }) {
        return;
    }
    of_job(&post.job_id, |job| {
        let name = "post result".into();
        let context = finished_child(tracer, &job.context, name, SpanKind::Client, took);
        let span = context.span();
        let fault = match posted {
            Posted::Accepted => None,
            Posted::Later { why, .. } => Some(("later", why)),
            Posted::UnknownJob { why } => Some(("unknown_job", why)),
            Posted::NotWanted { why } => Some(("not_wanted", why)),
            Posted::Refused { why } => Some(("refused", why)),
        };
        if let Some((kind, why)) = fault {
            span.set_attribute(KeyValue::new("error.type", kind));
            span.set_status(Status::error(why.clone()));
        }
        span.end();
    });
}

/// Creates a span that ends now.
fn finished_child(
    tracer: &SdkTracer,
    parent: &Context,
    name: Cow<'static, str>,
    kind: SpanKind,
    took: Duration,
) -> Context {
    let now = SystemTime::now();
    let span = tracer
        .span_builder(name)
        .with_kind(kind)
        .with_start_time(now.checked_sub(took).unwrap_or(now))
        .start_with_context(tracer, parent);
    parent.with_span(span)
}

fn of_job(job_id: &str, act: impl FnOnce(&mut JobTrace)) {
    if let Some(job) = jobs().as_mut().and_then(|jobs| jobs.get_mut(job_id)) {
        act(job);
    }
}

/// The lock is held only for moments, and no user code runs meanwhile.
fn jobs() -> MutexGuard<'static, Option<HashMap<String, JobTrace>>> {
    JOBS.lock().unwrap_or_else(PoisonError::into_inner)
}
