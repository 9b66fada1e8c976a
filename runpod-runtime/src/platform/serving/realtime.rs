//! The SDK's realtime route: `POST /ENDPOINT_ID/realtime` with a job, answered with the job's result.
//!
//! Its errors have the form of `FastAPI`, which serves this route in the SDK.

use std::sync::Arc;

use axum::body::Body;
use axum::http::header::ALLOW;
use axum::http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::answer::json_response;
use super::request_body::{discard, may_be_json, read_bytes};
#[cfg(feature = "otel")]
use super::request_trace;
use super::requests::{NewRequest, Requests, Sent};
use crate::json;

/// The longest id that a job may have, in bytes, as on the queue.
const LONGEST_ID: usize = 1024;

/// How `FastAPI` describes that `null` is none of the types of an input.
const NOT_NULL: [(&str, &str, &str); 6] = [
    ("dict_type", "dict[any,any]", "dictionary"),
    ("list_type", "list[any]", "list"),
    ("string_type", "str", "string"),
    ("int_type", "int", "integer"),
    ("float_type", "float", "number"),
    ("bool_type", "bool", "boolean"),
];

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
        let bytes = match read_bytes(&parts.headers, &mut body).await {
            Ok(bytes) => bytes,
            Err(error) => {
                discard(&parts.headers, &mut body).await;
                return detail(error.status, &error.body["error_message"]);
            }
        };
        match job_of(&bytes, may_be_json(&parts.headers)) {
            Ok(job) => self.run(job, &parts.headers).await,
            Err(faults) => detail(StatusCode::UNPROCESSABLE_ENTITY, &faults.into()),
        }
    }

    /// Runs the job. As in the SDK, a job that fails is answered with status 200, and the answer has the key `error`.
    async fn run(
        &self,
        job: Job,
        #[cfg_attr(
            not(feature = "otel"),
            expect(unused_variables, reason = "only traces use the headers")
        )]
        headers: &HeaderMap,
    ) -> Response<Body> {
        let request = NewRequest {
            id: job.id,
            handler: None,
            input: job.input,
            wants_progress: false,
            #[cfg(feature = "otel")]
            trace: request_trace::of(headers),
        };
        let Ok(mut open) = self.requests.enter(request) else {
            return self.requests.closed_answer().into_response();
        };
        loop {
            match open.next().await {
                Some(Sent::Result { body, .. }) => return json_response(StatusCode::OK, body),
                // The result repeats the items.
                Some(Sent::Item(_) | Sent::Progress(_)) => {}
                None => return open.closed_answer().into_response(),
            }
        }
    }
}

/// Reads the job in a body, or returns the faults in it, as `FastAPI` describes them.
fn job_of(body: &[u8], is_json: bool) -> Result<Job, Vec<Value>> {
    if body.is_empty() {
        let fault =
            json!({ "type": "missing", "loc": ["body"], "msg": "Field required", "input": null });
        return Err(vec![fault]);
    }
    let no_object = |input: Value| {
        vec![json!({
            "type": "dataclass_type",
            "loc": ["body"],
            "msg": "Input should be a dictionary or an instance of Job",
            "input": input,
            "ctx": { "class_name": "Job" },
        })]
    };
    if !is_json {
        return Err(no_object(String::from_utf8_lossy(body).into()));
    }
    let text: &RawValue = serde_json::from_slice(body).map_err(|error| {
        vec![json!({
            "type": "json_invalid",
            "loc": ["body", error.column()],
            "msg": "JSON decode error",
            "input": {},
            "ctx": { "error": error.to_string() },
        })]
    })?;
    let whole = || serde_json::from_str::<Value>(text.get()).unwrap_or_default();
    let entries = json::entries(text.get()).map_err(|_| no_object(whole()))?;
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
        // The id is in every log line, so an endless one is refused, unlike in the SDK.
        Some(Ok(id)) if id.len() <= LONGEST_ID => Some(id),
        Some(Ok(_)) => {
            faults.push(json!({
                "type": "string_too_long",
                "loc": ["body", "id"],
                "msg": format!("String should have at most {LONGEST_ID} bytes"),
            }));
            None
        }
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
            faults.extend(NOT_NULL.map(|(kind, place, expected)| {
                json!({
                    "type": kind,
                    "loc": ["body", "input", place],
                    "msg": format!("Input should be a valid {expected}"),
                    "input": null,
                })
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

fn detail(status: StatusCode, detail: &Value) -> Response<Body> {
    json_response(status, json!({ "detail": detail }).to_string())
}
