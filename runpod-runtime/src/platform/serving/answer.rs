//! Responses with JSON, and the status of a failed job.

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, Response, StatusCode};
use bytes::Bytes;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::json;

/// A posted result, in the form in which the client gets it.
#[derive(Debug)]
pub(super) enum Outcome {
    /// The JSON of the handler's value.
    Value(Bytes),
    Failed(ErrorAnswer),
}

/// An error: a status, and a body with the fields of the SDK's error reports.
#[derive(Debug)]
pub(super) struct ErrorAnswer {
    pub(super) status: StatusCode,
    pub(super) body: Value,
    /// After how many seconds the client may try again.
    retry_after: Option<u32>,
}

impl Outcome {
    /// Reads the body of a posted result.
    pub(super) fn of(body: &Bytes) -> Self {
        let entries = str::from_utf8(body)
            .ok()
            .and_then(|text| json::entries(text).ok())
            .unwrap_or_default();
        let value_of = |wanted: &str| Some(entries.iter().find(|(key, _)| key == wanted)?.1);
        match (value_of("error"), value_of("output")) {
            (Some(error), output) => Self::Failed(ErrorAnswer::of_job(error, output)),
            (None, Some(output)) => Self::Value(body.slice_ref(output.get().as_bytes())),
            // An output that is an empty object is left out.
            (None, None) => Self::Value(Bytes::from_static(b"{}")),
        }
    }
}

/// Returns the value of `key` in a posted item or progress update.
pub(super) fn part(body: &Bytes, key: &str) -> Bytes {
    let entries = str::from_utf8(body)
        .ok()
        .and_then(|text| json::entries(text).ok())
        .unwrap_or_default();
    match entries.iter().find(|(name, _)| name == key) {
        Some((_, value)) => body.slice_ref(value.get().as_bytes()),
        None => Bytes::from_static(b"null"),
    }
}

impl ErrorAnswer {
    pub(super) fn new(status: StatusCode, error_type: &str, message: impl Into<String>) -> Self {
        Self {
            status,
            body: json!({ "error_type": error_type, "error_message": message.into() }),
            retry_after: None,
        }
    }

    pub(super) fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// The worker has stopped before the job had a result.
    pub(super) fn shut_down() -> Self {
        let message = "the worker is shutting down: send the request again";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "Shutdown", message).retry_after(1)
    }

    /// The worker could not start and is about to exit.
    pub(super) fn failed_start(reason: &str) -> Self {
        let message =
            format!("the worker could not start ({reason}): send the request again later");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "StartFailed", message).retry_after(5)
    }

    /// Describes the error of a failed job: a report inside a string, or any value from the handler's output.
    fn of_job(error: &RawValue, output: Option<&RawValue>) -> Self {
        let text = json::text_of(error);
        let report = serde_json::from_str(&text)
            .ok()
            .filter(|report: &Value| report.get("error_message").is_some());
        let mut body =
            report.unwrap_or_else(|| json!({ "error_type": "Error", "error_message": text }));
        if let (Some(fields), Some(Ok(output))) = (
            body.as_object_mut(),
            output.map(|output| serde_json::from_str::<Value>(output.get())),
        ) {
            fields.insert("output".to_owned(), output);
        }
        let (status, retry_after) = match body["error_type"].as_str() {
            Some("InputError" | "RouteError") => (StatusCode::UNPROCESSABLE_ENTITY, None),
            Some("Shutdown") => (StatusCode::SERVICE_UNAVAILABLE, Some(1)),
            _ => (StatusCode::INTERNAL_SERVER_ERROR, None),
        };
        Self {
            status,
            body,
            retry_after,
        }
    }

    pub(super) fn into_response(self) -> Response<Body> {
        let mut response = json_response(self.status, self.body.to_string());
        if let Some(seconds) = self.retry_after {
            response
                .headers_mut()
                .insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// Returns a response with this JSON as its body.
pub(super) fn json_response(status: StatusCode, json: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(json.into());
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(body: &'static str) -> Outcome {
        Outcome::of(&Bytes::from_static(body.as_bytes()))
    }

    fn failed(body: &'static str) -> (u16, Value) {
        match of(body) {
            Outcome::Failed(error) => (error.status.as_u16(), error.body),
            Outcome::Value(value) => panic!("{value:?}"),
        }
    }

    #[test]
    fn a_value_is_the_output_alone() {
        for (body, value) in [
            (r#"{"output":[1, 2],"stopPod":true}"#, "[1, 2]"),
            (r#"{"output":null}"#, "null"),
            (r#"{"stopPod":true}"#, "{}"),
            ("{}", "{}"),
        ] {
            assert!(
                matches!(of(body), Outcome::Value(it) if it == value),
                "{body}"
            );
        }
    }

    #[test]
    fn the_type_of_an_error_decides_its_status() {
        let report = |kind: &str| {
            json!({ "error_type": kind, "error_message": "m", "hostname": "h" }).to_string()
        };
        for (kind, status) in [("InputError", 422), ("Shutdown", 503), ("Error", 500)] {
            let body = json!({ "error": report(kind) }).to_string();
            let (found, body) = failed(body.leak());
            assert_eq!(found, status, "{kind}");
            assert_eq!(body["hostname"], "h");
        }
        let (status, body) = failed(r#"{"output":{"a":1},"error":{"code":7}}"#);
        assert_eq!(status, 500);
        assert_eq!(body["error_message"], r#"{"code":7}"#);
        assert_eq!(body["output"], json!({ "a": 1 }));
    }
}
