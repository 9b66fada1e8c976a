//! The headers that name the trace to which a request belongs (W3C Trace Context).

use axum::http::HeaderMap;

use crate::handler::RequestTrace;

/// Copies the headers. Whoever reads the values checks them.
pub(super) fn of(headers: &HeaderMap) -> RequestTrace {
    let text = |name: &str| Some(headers.get(name)?.to_str().ok()?.to_owned());
    RequestTrace {
        traceparent: text("traceparent"),
        tracestate: text("tracestate"),
    }
}
