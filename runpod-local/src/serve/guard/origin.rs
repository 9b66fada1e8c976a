//! The page that asks, as browsers name it, and what a browser is told, so that it lets a page of an allowed origin read the
//! answers (CORS).

use axum::body::Body;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, VARY,
};
use axum::http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};

use super::host::name_of;
use crate::access::Access;
use crate::operation::Operation;
use crate::response::ErrorResponse;

const SEC_FETCH_SITE: &str = "sec-fetch-site";
const SEC_FETCH_MODE: &str = "sec-fetch-mode";
const REQUEST_PRIVATE_NETWORK: &str = "access-control-request-private-network";
const ALLOW_PRIVATE_NETWORK: HeaderName =
    HeaderName::from_static("access-control-allow-private-network");

/// `host`: the host and port that were asked, which are known to be ours. Gives the other origin, if it is an allowed one.
pub(super) fn check<B>(
    request: &Request<B>,
    host: &str,
    access: &Access,
) -> Result<Option<AllowedOrigin>, ErrorResponse> {
    let headers = request.headers();
    let mut allowed = None;
    for origin in headers.get_all(header::ORIGIN) {
        let text = origin.to_str().unwrap_or_default();
        if is_own(text, host, access) {
            continue;
        }
        // A front end asks for jobs, never for a worker's part.
        if !access.has_origin(text) || Operation::is_workers_path(request.uri().path()) {
            return Err(foreign());
        }
        allowed = Some(AllowedOrigin::new(origin.clone()));
    }
    if allowed.is_some() {
        return Ok(allowed);
    }
    for site in headers.get_all(SEC_FETCH_SITE) {
        let foreign_site = !matches!(site.as_bytes(), b"same-origin" | b"none");
        if foreign_site && !opens_the_page(request) {
            return Err(foreign());
        }
    }
    Ok(None)
}

/// The page that this endpoint serves. It comes by HTTPS only from a proxy, under a name that is allowed.
fn is_own(origin: &str, host: &str, access: &Access) -> bool {
    let authority = origin.strip_prefix("http://").or_else(|| {
        origin
            .strip_prefix("https://")
            .filter(|_| access.has_host(name_of(host)))
    });
    authority.is_some_and(|authority| authority.eq_ignore_ascii_case(host))
}

/// A link on another page leads here; that page sees nothing of it.
fn opens_the_page<B>(request: &Request<B>) -> bool {
    *request.method() == Method::GET
        && request.uri().path() == "/"
        && request
            .headers()
            .get(SEC_FETCH_MODE)
            .is_some_and(|mode| mode == "navigate")
}

fn foreign() -> ErrorResponse {
    ErrorResponse::new(
        StatusCode::FORBIDDEN,
        "a web page of another origin may not use this endpoint; call it from your own server, from the page that it \
         serves at /, or allow that origin when you start the endpoint: --rp_api_allow_origin ORIGIN (--allow-origin of \
         runpod-local and cargo runpod dev)",
    )
}

/// The origin of a page that may use this endpoint, as the browser wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::serve) struct AllowedOrigin(HeaderValue);

impl AllowedOrigin {
    fn new(origin: HeaderValue) -> Self {
        Self(origin)
    }

    /// The answer to a browser that asks whether it may send a request. That has no key yet.
    pub(in crate::serve) fn preflight<B>(&self, request: &Request<B>) -> Option<Response<Body>> {
        let asks = request.method() == Method::OPTIONS
            && request
                .headers()
                .contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        if !asks {
            return None;
        }
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        let headers = response.headers_mut();
        for (name, value) in [
            (ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, PUT, DELETE"),
            (ACCESS_CONTROL_ALLOW_HEADERS, "Authorization, Content-Type"),
            (ACCESS_CONTROL_MAX_AGE, "600"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        if request.headers().contains_key(REQUEST_PRIVATE_NETWORK) {
            headers.insert(ALLOW_PRIVATE_NETWORK, HeaderValue::from_static("true"));
        }
        self.mark(&mut response);
        Some(response)
    }

    /// Lets the page read the answer, be it an error.
    pub(in crate::serve) fn mark(&self, response: &mut Response<Body>) {
        let headers = response.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, self.0.clone());
        headers.insert(
            ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static("Allow, Retry-After"),
        );
        headers.append(VARY, HeaderValue::from_static("Origin"));
    }
}
