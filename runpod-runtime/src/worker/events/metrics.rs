//! The metrics of a worker's events, through the crate `metrics`. They go to the recorder that the program has
//! installed, or to that of the Prometheus endpoint (`start/prometheus.rs`).

use std::time::Duration;

use metrics::{
    Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};

use super::event::{JobRun, WorkerEvent};
use crate::handler::EndedCall;
use crate::platform::{Post, PostKind, Posted, Taken};

/// Describes all metrics, for recorders that show the descriptions.
pub(crate) fn describe() {
    use Unit::{Count, Seconds};
    describe_counter!(
        "runpod_jobs_taken_total",
        Count,
        "Jobs that the platform has handed over"
    );
    describe_counter!(
        "runpod_jobs_total",
        Count,
        "Jobs whose handler has returned or was stopped"
    );
    describe_histogram!(
        "runpod_job_duration_seconds",
        Seconds,
        "Time from the call of a handler until it returned"
    );
    describe_histogram!(
        "runpod_job_wait_seconds",
        Seconds,
        "Time from the arrival of a job until the call of its handler"
    );
    describe_histogram!(
        "runpod_take_duration_seconds",
        Seconds,
        "Time until a job-take request was answered"
    );
    describe_histogram!(
        "runpod_post_duration_seconds",
        Seconds,
        "Time until a post was answered"
    );
    describe_counter!(
        "runpod_post_retries_total",
        Count,
        "Posts that were not accepted and were tried again"
    );
    describe_counter!(
        "runpod_redeliveries_total",
        Count,
        "Results from the spool that were delivered"
    );
    describe_counter!(
        "runpod_stream_items_total",
        Count,
        "Stream items that the platform has accepted"
    );
    describe_counter!(
        "runpod_progress_updates_total",
        Count,
        "Progress updates that the platform has accepted"
    );
    describe_histogram!(
        "runpod_batch_jobs",
        Count,
        "Jobs in a call of a batch handler"
    );
    describe_histogram!(
        "runpod_batch_wait_seconds",
        Seconds,
        "Time from when a job joined a batch until the call of its handler"
    );
    describe_histogram!(
        "runpod_batch_duration_seconds",
        Seconds,
        "Time from the call of a batch handler until it ended"
    );
    describe_counter!(
        "runpod_batch_calls_total",
        Count,
        "Calls of batch handlers that have ended"
    );
    describe_gauge!("runpod_slots", Count, "Jobs that may run at the same time");
    describe_gauge!("runpod_slots_used", Count, "Jobs that run now");
    describe_gauge!(
        "runpod_start_phase_seconds",
        Seconds,
        "Time that a phase of the start took"
    );
    describe_gauge!(
        "runpod_draining",
        Count,
        "1 if the worker takes no more jobs"
    );
}

/// Records the event.
pub(super) fn record(event: &WorkerEvent<'_>) {
    match event {
        WorkerEvent::StartPhase { phase, took } => {
            gauge!("runpod_start_phase_seconds", "phase" => *phase).set(took.as_secs_f64());
        }
        WorkerEvent::TakeAnswered { taken, took } => {
            seconds(
                "runpod_take_duration_seconds",
                "answer",
                answer_of(taken),
                *took,
            );
        }
        WorkerEvent::JobTaken { .. } => counter!("runpod_jobs_taken_total").increment(1),
        WorkerEvent::JobRefused { .. } => {
            counter!("runpod_jobs_taken_total").increment(1);
            counter!("runpod_jobs_total", "handler" => "", "outcome" => "failed").increment(1);
        }
        WorkerEvent::JobStarted { waited, .. } => {
            histogram!("runpod_job_wait_seconds").record(*waited);
        }
        WorkerEvent::JobFinished { run, body } => {
            let is_completed = body.error.is_none();
            finished(*run, if is_completed { "completed" } else { "failed" });
        }
        WorkerEvent::JobStopped { run, .. } => finished(*run, "cancelled"),
        WorkerEvent::PostAnswered { post, posted, took } => answered(post, posted, *took),
        WorkerEvent::PostRetried { post, .. } => {
            counter!("runpod_post_retries_total", "kind" => kind_of(post)).increment(1);
        }
        WorkerEvent::Redelivered { .. } => counter!("runpod_redeliveries_total").increment(1),
        WorkerEvent::SlotsChanged { slots } => {
            let (limit, used) = slots.limit_and_used();
            gauge!("runpod_slots").set(float(limit));
            gauge!("runpod_slots_used").set(float(used));
        }
        WorkerEvent::BatchCalled { handler, call } => called(handler, call),
        WorkerEvent::Refresh | WorkerEvent::Broken { .. } | WorkerEvent::Draining { .. } => {
            gauge!("runpod_draining").set(1.0);
        }
        // The gauge `runpod_slots` follows with the next `SlotsChanged`.
        WorkerEvent::ConcurrencyChanged { .. }
        | WorkerEvent::LargeResult { .. }
        | WorkerEvent::HandlerReturned { .. }
        | WorkerEvent::ResultReplaced { .. }
        | WorkerEvent::JobLeft { .. }
        | WorkerEvent::ResultAccepted { .. }
        | WorkerEvent::CutOff { .. } => {}
    }
}

fn finished(run: JobRun<'_>, outcome: &'static str) {
    let handler = run.handler.unwrap_or_default().to_owned();
    counter!("runpod_jobs_total", "handler" => handler.clone(), "outcome" => outcome).increment(1);
    if run.handler.is_some() {
        histogram!("runpod_job_duration_seconds", "handler" => handler).record(run.ran);
    }
}

fn called(handler: &str, call: &EndedCall) {
    let handler = handler.to_owned();
    let jobs = float(call.waits.len());
    histogram!("runpod_batch_jobs", "handler" => handler.clone()).record(jobs);
    let waits = histogram!("runpod_batch_wait_seconds", "handler" => handler.clone());
    for wait in &call.waits {
        waits.record(*wait);
    }
    let outcome = call.outcome.name();
    histogram!("runpod_batch_duration_seconds", "handler" => handler.clone()).record(call.took);
    counter!("runpod_batch_calls_total", "handler" => handler, "outcome" => outcome).increment(1);
}

fn answered(post: &Post, posted: &Posted, took: Duration) {
    seconds("runpod_post_duration_seconds", "kind", kind_of(post), took);
    match (post.kind, posted) {
        (PostKind::Item, Posted::Accepted) => counter!("runpod_stream_items_total").increment(1),
        (PostKind::Progress, Posted::Accepted) => {
            counter!("runpod_progress_updates_total").increment(1);
        }
        _ => {}
    }
}

fn seconds(name: &'static str, label: &'static str, value: &'static str, took: Duration) {
    histogram!(name, label => value).record(took);
}

fn kind_of(post: &Post) -> &'static str {
    match post.kind {
        PostKind::Item => "item",
        PostKind::Progress => "progress",
        PostKind::Result { .. } => "result",
    }
}

fn answer_of(taken: &Taken) -> &'static str {
    match taken {
        Taken::Jobs(_) => "jobs",
        Taken::Nothing | Taken::NoMore => "nothing",
        Taken::Throttled(_) => "throttled",
        Taken::Failed(_) => "failed",
    }
}

/// A number of slots or jobs is far below 2⁵³.
#[expect(clippy::cast_precision_loss, reason = "the number is small")]
fn float(number: usize) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use metrics_exporter_prometheus::PrometheusBuilder;

    use super::*;
    use crate::batch::CallOutcome;

    #[test]
    fn a_call_of_a_batch_handler_is_counted_with_its_jobs_and_their_waits() {
        let recorder = PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        let call = EndedCall {
            waits: vec![Duration::from_secs(2), Duration::from_secs(1)],
            took: Duration::from_secs(4),
            outcome: CallOutcome::Completed,
        };
        let handler = "embed";
        let event = WorkerEvent::BatchCalled {
            handler,
            call: &call,
        };
        metrics::with_local_recorder(&recorder, || record(&event));
        let text = handle.render();
        for line in [
            "runpod_batch_calls_total{handler=\"embed\",outcome=\"completed\"} 1",
            "runpod_batch_jobs_sum{handler=\"embed\"} 2",
            "runpod_batch_jobs_count{handler=\"embed\"} 1",
            "runpod_batch_wait_seconds_sum{handler=\"embed\"} 3",
            "runpod_batch_wait_seconds_count{handler=\"embed\"} 2",
            "runpod_batch_duration_seconds_sum{handler=\"embed\"} 4",
        ] {
            assert!(text.lines().any(|it| it == line), "{line} in:\n{text}");
        }
    }
}
