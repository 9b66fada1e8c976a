//! The SDK's realtime route: `POST /ENDPOINT_ID/realtime` with a job, answered with the job's result.
//!
//! Its errors have the form of FastAPI, which serves this route in the SDK.

use std::sync::Arc;

use axum::body::Body;
use axum::http::header::ALLOW;
use axum::http::{HeaderValue, Method, Request, Response, StatusCode};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::answer::{ErrorAnswer, json_response};
use super::request_body::{discard, read_input};
use super::requests::{NewRequest, Requests, Sent};
use crate::json;

/// Answers requests to the realtime route.
#[derive(Debug)]
pub(super) struct RealtimeRoutes {
    requests: Arc<Requests>,
    /// The path, if the endpoint's id is known.
    path: Option<String>,
}

/// A job from a request.
struct Job {
    id: String,
    input: Box<RawValue>,
}

impl RealtimeRoutes {
    pub(super) fn new(requests: Arc<Requests>, endpoint_id: Option<&str>) -> Self {
        Self {
            requests,
            path: endpoint_id.map(|id| format!("/{id}/realtime")),
        }
    }

    pub(super) async fn answer(&self, request: Request<Body>) -> Response<Body> {
        let (parts, mut body) = request.into_parts();
        if self.path.as_deref() != Some(parts.uri.path()) {
            discard(&parts.headers, &mut body).await;
            return detail(StatusCode::NOT_FOUND, &json!("Not Found"));
        }
        if parts.method != Method::POST {
            discard(&parts.headers, &mut body).await;
            let mut response = detail(StatusCode::METHOD_NOT_ALLOWED, &json!("Method Not Allowed"));
            let allowed = HeaderValue::from_static("POST");
            response.headers_mut().insert(ALLOW, allowed);
            return response;
        }
        let job = match read_input(&parts.headers, &mut body).await {
            Ok(body) => job_of(&body),
            Err(error) => {
                discard(&parts.headers, &mut body).await;
                return unreadable(&error);
            }
        };
        match job {
            Ok(job) => self.run(job).await,
            Err(faults) => detail(StatusCode::UNPROCESSABLE_ENTITY, &faults.into()),
        }
    }

    /// Runs the job. As in the SDK, a job that fails is answered with status 200, and the answer has the key `error`.
    async fn run(&self, job: Job) -> Response<Body> {
        let request = NewRequest {
            id: job.id,
            handler: None,
            input: job.input,
            wants_progress: false,
        };
        let Ok(mut open) = self.requests.enter(request) else {
            return ErrorAnswer::shut_down().into_response();
        };
        loop {
            match open.next().await {
                Some(Sent::Result { body, .. }) => return json_response(StatusCode::OK, body),
                // The result repeats the items.
                Some(Sent::Item(_) | Sent::Progress(_)) => {}
                None => return ErrorAnswer::shut_down().into_response(),
            }
        }
    }
}

/// Reads the job in a body, or returns the faults in it.
fn job_of(body: &RawValue) -> Result<Job, Vec<Value>> {
    let whole = || serde_json::from_str::<Value>(body.get()).unwrap_or_default();
    let Ok(entries) = json::entries(body.get()) else {
        return Err(vec![json!({
            "type": "dataclass_type",
            "loc": ["body"],
            "msg": "Input should be a dictionary or an instance of Job",
            "input": whole(),
            "ctx": { "class_name": "Job" },
        })]);
    };
    let value_of = |wanted: &str| {
        let entry = entries.iter().rev().find(|(key, _)| key == wanted);
        entry.map(|(_, value)| *value)
    };
    let missing = |key: &str| {
        json!({
            "type": "missing",
            "loc": ["body", key],
            "msg": "Field required",
            "input": whole(),
        })
    };
    let mut faults = Vec::new();
    let id = match value_of("id").map(|id| serde_json::from_str::<String>(id.get())) {
        Some(Ok(id)) => Some(id),
        Some(Err(_)) => {
            faults.push(json!({
                "type": "string_type",
                "loc": ["body", "id"],
                "msg": "Input should be a valid string",
                "input": value_of("id"),
            }));
            None
        }
        None => {
            faults.push(missing("id"));
            None
        }
    };
    let input = match value_of("input") {
        Some(input) if input.get() != "null" => Some(input.to_owned()),
        Some(_) => {
            faults.push(json!({
                "type": "union_type",
                "loc": ["body", "input"],
                "msg": "Input should not be null",
                "input": null,
            }));
            None
        }
        None => {
            faults.push(missing("input"));
            None
        }
    };
    match (id, input) {
        (Some(id), Some(input)) => Ok(Job { id, input }),
        _ => Err(faults),
    }
}

/// Returns the answer to a body that is not JSON. FastAPI answers 422 to that.
fn unreadable(error: &ErrorAnswer) -> Response<Body> {
    let status = match error.status {
        StatusCode::BAD_REQUEST | StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
        status => status,
    };
    let fault = json!({
        "type": "json_invalid",
        "loc": ["body"],
        "msg": error.body["error_message"],
    });
    detail(status, &json!([fault]))
}

fn detail(status: StatusCode, detail: &Value) -> Response<Body> {
    json_response(status, json!({ "detail": detail }).to_string())
}
