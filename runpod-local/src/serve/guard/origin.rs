//! The page that asks, as browsers tell it.

use axum::http::{Method, Request, StatusCode, header};

use crate::answer::Answer;

const SEC_FETCH_SITE: &str = "sec-fetch-site";
const SEC_FETCH_MODE: &str = "sec-fetch-mode";

/// `host`: the host and port that were asked, which are known to be ours.
pub(super) fn check<B>(request: &Request<B>, host: &str) -> Result<(), Answer> {
    let headers = request.headers();
    for origin in headers.get_all(header::ORIGIN) {
        let own = origin
            .to_str()
            .ok()
            .and_then(|origin| origin.strip_prefix("http://"))
            .is_some_and(|authority| authority.eq_ignore_ascii_case(host));
        if !own {
            return Err(foreign());
        }
    }
    for site in headers.get_all(SEC_FETCH_SITE) {
        let foreign_site = !matches!(site.as_bytes(), b"same-origin" | b"none");
        if foreign_site && !opens_the_page(request) {
            return Err(foreign());
        }
    }
    Ok(())
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

fn foreign() -> Answer {
    Answer::new(
        StatusCode::FORBIDDEN,
        "a web page of another origin may not use this endpoint; call it from your own server, or from the page that it \
         serves at /",
    )
}
