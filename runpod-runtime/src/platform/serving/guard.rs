//! Protects a local server from web pages: a page must not use a developer's worker.

use axum::http::header::{HOST, ORIGIN};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, StatusCode};

use super::answer::ErrorAnswer;

/// Checks that a request comes from a program on this machine, or from a page that this server has served.
///
/// # Errors
///
/// Returns the answer to any other request.
pub(super) fn check(headers: &HeaderMap) -> Result<(), ErrorAnswer> {
    let forbidden = |message: &str| {
        Err(ErrorAnswer::new(
            StatusCode::FORBIDDEN,
            "Forbidden",
            message,
        ))
    };
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    // A page can give its own name an address of this machine, but the header keeps the name.
    if host.is_some_and(|host| !is_local(host)) {
        return forbidden(
            "the server of --serve-http answers only to localhost and to addresses of this machine",
        );
    }
    let Some(origin) = headers.get(ORIGIN) else {
        return Ok(());
    };
    let of_this_server = origin
        .to_str()
        .ok()
        .and_then(|it| it.strip_prefix("http://"));
    if host.is_some() && of_this_server == host {
        return Ok(());
    }
    forbidden("the server of --serve-http does not answer web pages from other origins")
}

fn is_local(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else {
        return false;
    };
    let name = authority.host().trim_matches(['[', ']']);
    name.eq_ignore_ascii_case("localhost") || name.parse::<std::net::IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_programs_and_own_pages_may_send_requests() {
        for (host, origin, is_allowed) in [
            ("localhost:8000", None, true),
            ("127.0.0.1:8000", None, true),
            ("[::1]:8000", None, true),
            ("localhost:8000", Some("http://localhost:8000"), true),
            ("evil.example:8000", None, false),
            ("evil.example:8000", Some("http://evil.example:8000"), false),
            ("localhost:8000", Some("http://evil.example"), false),
            ("localhost:8000", Some("null"), false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, host.parse().unwrap());
            if let Some(origin) = origin {
                headers.insert(ORIGIN, origin.parse().unwrap());
            }
            assert_eq!(check(&headers).is_ok(), is_allowed, "{host} {origin:?}");
        }
    }
}
