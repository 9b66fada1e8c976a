//! Operations of clients on jobs and on the queue: cancel, retry, purge-queue and health.

use axum::extract::State;
use axum::response::Response;

use crate::context::Context;
use crate::job_body;
use crate::parameters::{self, PathParameters};
use crate::queue::{Health, Status};
use crate::response::{self, ErrorResponse};

pub(super) async fn cancel(
    State(context): State<Context>,
    PathParameters(job): PathParameters<String>,
) -> Result<Response, ErrorResponse> {
    let report = context.queue.cancel(parameters::job_id(&job)?)?;
    Ok(response::ok(job_body::whole(&report)))
}

pub(super) async fn retry(
    State(context): State<Context>,
    PathParameters(job): PathParameters<String>,
) -> Result<Response, ErrorResponse> {
    let id = parameters::job_id(&job)?;
    context.queue.retry(id)?;
    Ok(response::ok(job_body::brief(id, Status::InQueue)))
}

pub(super) async fn purge(State(context): State<Context>) -> Response {
    let removed = context.queue.purge().await;
    response::ok(format!(
        "{{\"removed\":{removed},\"status\":\"completed\"}}"
    ))
}

pub(super) async fn health(State(context): State<Context>) -> Response {
    let Health {
        completed,
        failed,
        in_progress,
        in_queue,
        retried,
        idle,
        initializing,
        running,
        unhealthy,
        readiness,
    } = context.queue.health();
    let ready = idle + running;
    // A word and a text always serialise to JSON.
    let local = serde_json::to_string(&readiness).unwrap_or_default();
    response::ok(format!(
        "{{\"jobs\":{{\"completed\":{completed},\"failed\":{failed},\"inProgress\":{in_progress},\
             \"inQueue\":{in_queue},\"retried\":{retried}}},\"workers\":{{\"idle\":{idle},\
             \"initializing\":{initializing},\"ready\":{ready},\"running\":{running},\"throttled\":0,\
             \"unhealthy\":{unhealthy}}},\"local\":{local}}}"
    ))
}
