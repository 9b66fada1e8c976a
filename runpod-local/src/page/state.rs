//! The data that the page shows when it is opened: the endpoint, its jobs and workers, and all details of one job.

use axum::extract::{Path, State};
use axum::http::HeaderValue;
use axum::http::header::CACHE_CONTROL;
use axum::response::Response;
use serde::Serialize;
use serde_json::Value;

use crate::context::{Context, Description, HandlerInfo};
use crate::queue::{JobId, ReportedEvent, Stats, Summary, WorkerSummary};
use crate::response::{self, ErrorResponse};

/// The number of jobs in the page's list.
const MOST_JOBS: usize = 200;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PageState<'a> {
    endpoint: EndpointInfo<'a>,
    handlers: Vec<HandlerEntry<'a>>,
    route: Option<&'a str>,
    examples: &'a [Value],
    jobs: Vec<Summary>,
    workers: Vec<WorkerSummary>,
    worker_events: Vec<ReportedEvent>,
    stats: Stats,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EndpointInfo<'a> {
    id: &'a str,
    url: &'a str,
    api_key: bool,
    api_key_variable: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HandlerEntry<'a> {
    name: &'a str,
    input: Option<&'a Value>,
    output: Option<&'a Value>,
    chat_model: Option<&'a str>,
}

pub(super) async fn state(
    State(Context {
        queue, description, ..
    }): State<Context>,
) -> Response {
    let Description {
        id,
        url,
        has_api_key,
        api_key_variable,
        handlers,
        route,
        examples,
        ..
    } = &*description.now();
    uncached_json(&PageState {
        endpoint: EndpointInfo {
            id,
            url,
            api_key: *has_api_key,
            api_key_variable,
        },
        handlers: handlers.iter().map(HandlerEntry::of).collect(),
        route: route.as_deref(),
        examples,
        jobs: queue.recent(MOST_JOBS),
        workers: queue.workers(),
        worker_events: queue.worker_events(),
        stats: queue.stats(),
    })
}

pub(super) async fn job(
    Path(id): Path<String>,
    State(Context { queue, .. }): State<Context>,
) -> Result<Response, ErrorResponse> {
    JobId::parse(&id)
        .and_then(|id| queue.detail(id))
        .map(|detail| uncached_json(&detail))
        .ok_or_else(|| {
            ErrorResponse::not_found(
                "there is no such job: it never existed here, or its result has expired",
            )
        })
}

impl<'a> HandlerEntry<'a> {
    fn of(info: &'a HandlerInfo) -> Self {
        Self {
            name: &info.name,
            input: info.input.as_ref(),
            output: info.output.as_ref(),
            chat_model: info.chat_model.as_deref(),
        }
    }
}

fn uncached_json(what: &impl Serialize) -> Response {
    // Serialisation fails only for maps whose keys are not strings, and there are none.
    let body = serde_json::to_vec(what).unwrap_or_default();
    let mut response = response::ok(body);
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
