//! Jobs come in: run, runsync.

use axum::extract::{Request, State};
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
    result::no_ttl(request.uri().query())?;
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
    result::no_ttl(request.uri().query())?;
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
    serve::demand_json(request.headers())?;
    let body = serve::read_body(request, limit).await?;
    let id = JobId::new(sync);
    submission::read(id, &body, &shared.timing)
}
