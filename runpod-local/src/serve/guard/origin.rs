//! The page that asks, as browsers tell it.

use axum::http::{Method, Request, StatusCode, header};

use super::cors::AllowedOrigin;
use super::host::name_of;
use crate::access::Access;
use crate::operation::Operation;
use crate::response::ErrorResponse;

const SEC_FETCH_SITE: &str = "sec-fetch-site";
const SEC_FETCH_MODE: &str = "sec-fetch-mode";

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
