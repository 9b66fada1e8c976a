//! Checks the origin of the page that sends a request, as the browser reports it. Also writes the CORS headers that let
//! a page of an allowed origin read the answers.

use axum::body::Body;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, VARY,
};
use axum::http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};

use super::host::name_of;
use crate::access::Access;
use crate::operation::Operation;
use crate::response::ErrorResponse;
use crate::serve::kind::Kind;

const SEC_FETCH_SITE: &str = "sec-fetch-site";
const SEC_FETCH_MODE: &str = "sec-fetch-mode";
const REQUEST_PRIVATE_NETWORK: &str = "access-control-request-private-network";
const ALLOW_PRIVATE_NETWORK: HeaderName =
    HeaderName::from_static("access-control-allow-private-network");

/// Checks the origin. `host` is the request's host and port, already checked. Returns the origin if it is not the
/// endpoint's own and the user has allowed it.
pub(super) fn check<B>(
    request: &Request<B>,
    kind: Kind,
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
        // An allowed origin is that of a front end, which submits jobs and never acts as a worker.
        let is_of_workers = kind == Kind::Queue && Operation::is_workers_path(request.uri().path());
        if !access.has_origin(text) || is_of_workers {
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

/// Returns whether the origin is the endpoint's own page. The page can have an HTTPS origin only behind a proxy with
/// an allowed name.
fn is_own(origin: &str, host: &str, access: &Access) -> bool {
    let authority = origin.strip_prefix("http://").or_else(|| {
        origin
            .strip_prefix("https://")
            .filter(|_| access.has_host(name_of(host)))
    });
    authority.is_some_and(|authority| authority.eq_ignore_ascii_case(host))
}

/// Returns whether the request only opens the page, for example from a link on another page. That page cannot read it.
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
        "web pages of another origin may not use this endpoint. Call it from your own server or from the page that it \
         serves at /, or allow the origin when you start the endpoint: --rp_api_allow_origin ORIGIN (--allow-origin for \
         runpod-local and cargo runpod dev)",
    )
}

/// The allowed origin of a page, as the browser sent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::serve) struct AllowedOrigin(HeaderValue);

impl AllowedOrigin {
    fn new(origin: HeaderValue) -> Self {
        Self(origin)
    }

    /// Answers a CORS preflight request. Such a request carries no key yet.
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
            (
                ACCESS_CONTROL_ALLOW_METHODS,
                "GET, POST, PUT, PATCH, DELETE",
            ),
            (ACCESS_CONTROL_MAX_AGE, "600"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        // OpenAI's clients and the users' own routes have further headers.
        let asked = request.headers().get(ACCESS_CONTROL_REQUEST_HEADERS);
        let usual = HeaderValue::from_static("Authorization, Content-Type");
        headers.insert(
            ACCESS_CONTROL_ALLOW_HEADERS,
            asked.cloned().unwrap_or(usual),
        );
        if request.headers().contains_key(REQUEST_PRIVATE_NETWORK) {
            headers.insert(ALLOW_PRIVATE_NETWORK, HeaderValue::from_static("true"));
        }
        self.mark(&mut response);
        Some(response)
    }

    /// Adds the headers that let the page read the answer, even if it is an error.
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
