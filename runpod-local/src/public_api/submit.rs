//! Jobs come in: run, runsync.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;

use super::{report, result, submission};
use crate::answer::Answer;
use crate::endpoint::Shared;
use crate::queue::{JobId, Status, Submission};
use crate::serve;

pub(super) async fn run(
    State(shared): State<Shared>,
    request: Request,
) -> Result<Response, Answer> {
    let limit = shared.limits.run_body;
    let submission = submission(&shared, request, limit, false).await?;
    let id = submission.id;
    shared.queue.submit(submission)?;
    Ok(report::brief(id, Status::InQueue))
}

pub(super) async fn runsync(
    State(shared): State<Shared>,
    request: Request,
) -> Result<Response, Answer> {
    let wait = result::wait(request.uri().query(), shared.timing.sync_wait)?;
    let limit = shared.limits.runsync_body;
    let submission = submission(&shared, request, limit, true).await?;
    let report = shared.queue.run_sync(submission, wait).await?;
    Ok(report::whole(&report))
}

async fn submission(
    shared: &Shared,
    request: Request,
    limit: usize,
    sync: bool,
) -> Result<Submission, Answer> {
    demand_json(request.headers())?;
    let body = serve::read_body(request, limit).await?;
    let id = JobId::new(sync);
    submission::read(id, &body, &shared.timing)
}

/// A browser's form of another site can send everything but this.
fn demand_json(headers: &HeaderMap) -> Result<(), Answer> {
    let given = headers.get(header::CONTENT_TYPE);
    let essence = given
        .and_then(|given| given.to_str().ok())
        .map(|given| given.split(';').next().unwrap_or_default().trim());
    let is_json = essence.is_some_and(|essence| {
        essence.eq_ignore_ascii_case("application/json")
            || essence.to_ascii_lowercase().ends_with("+json")
    });
    if is_json {
        return Ok(());
    }
    let found = match essence {
        Some(essence) => format!("the body's Content-Type is {}", crate::path::shown(essence)),
        None => "the body has no Content-Type".to_owned(),
    };
    Err(Answer::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        format!("{found}; send JSON, and say so: curl -H 'Content-Type: application/json'"),
    ))
}
