//! What clients do to jobs and to the queue: cancel, retry, purge-queue, health.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::report;
use crate::answer::{self, Answer};
use crate::endpoint::Shared;
use crate::path::{self, InPath};
use crate::queue::{Health, Status};

pub(super) async fn cancel(
    State(shared): State<Shared>,
    InPath(job): InPath<String>,
) -> Result<Response, Answer> {
    let report = shared.queue.cancel(path::job(&job)?)?;
    Ok(report::whole(&report))
}

pub(super) async fn retry(
    State(shared): State<Shared>,
    InPath(job): InPath<String>,
) -> Result<Response, Answer> {
    let id = path::job(&job)?;
    shared.queue.retry(id)?;
    Ok(report::brief(id, Status::InQueue))
}

pub(super) async fn purge(State(shared): State<Shared>) -> Response {
    let removed = shared.queue.purge().await;
    answer::json(
        StatusCode::OK,
        format!("{{\"removed\":{removed},\"status\":\"completed\"}}"),
    )
}

pub(super) async fn health(State(shared): State<Shared>) -> Response {
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
    } = shared.queue.health();
    let ready = idle + running;
    // A word and a text always become JSON.
    let local = serde_json::to_string(&readiness).unwrap_or_default();
    answer::json(
        StatusCode::OK,
        format!(
            "{{\"jobs\":{{\"completed\":{completed},\"failed\":{failed},\"inProgress\":{in_progress},\
             \"inQueue\":{in_queue},\"retried\":{retried}}},\"workers\":{{\"idle\":{idle},\
             \"initializing\":{initializing},\"ready\":{ready},\"running\":{running},\"throttled\":0,\
             \"unhealthy\":{unhealthy}}},\"local\":{local}}}"
        ),
    )
}
