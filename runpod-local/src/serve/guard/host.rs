//! Checks the host name in a request.

use std::net::IpAddr;

use axum::http::{Request, StatusCode, Version, header};

use crate::access::Access;
use crate::response::ErrorResponse;

/// The host names that this endpoint answers to.
#[derive(Debug)]
pub(super) struct Hosts {
    /// The bound host as the user wrote it. Other machines may not know this name.
    bound: String,
}

impl Hosts {
    pub(super) fn new(bound: &str) -> Self {
        Self {
            bound: bound.trim_matches(['[', ']']).to_ascii_lowercase(),
        }
    }

    /// Checks the host and returns it with its port. The host may be empty for a client that is not a browser.
    pub(super) fn check<'a, B>(
        &self,
        request: &'a Request<B>,
        access: &Access,
    ) -> Result<&'a str, ErrorResponse> {
        let mut hosts = request.headers().get_all(header::HOST).iter();
        let host = match (hosts.next(), hosts.next()) {
            (Some(host), None) => host.to_str().map_err(|_| malformed())?,
            // Only HTTP/1.0 allows a request without a host, and no browser sends one.
            (None, _) if request.version() == Version::HTTP_10 => return Ok(""),
            _ => return Err(malformed()),
        };
        // A client that uses this endpoint as a proxy names the host in the request line.
        for asked in [Some(host), request.uri().host()].into_iter().flatten() {
            let name = name_of(asked);
            if !self.is_ours(name) && !access.has_host(name) {
                return Err(self.misdirected(asked));
            }
        }
        Ok(host)
    }

    fn is_ours(&self, name: &str) -> bool {
        if name.eq_ignore_ascii_case("localhost") || name.eq_ignore_ascii_case(&self.bound) {
            return true;
        }
        // An IP address needs no DNS, so nobody can redirect it to another machine. The unspecified address is not
        // accepted.
        name.parse::<IpAddr>()
            .is_ok_and(|address| !address.is_unspecified())
    }

    fn misdirected(&self, host: &str) -> ErrorResponse {
        ErrorResponse::new(
            StatusCode::MISDIRECTED_REQUEST,
            format!(
                "this endpoint does not answer to the host name {host:?}, only to localhost, {:?} and IP addresses. This keeps web \
                 pages from reaching it under a name of their own. Use one of these names, or allow the name when you start the \
                 endpoint: --rp_api_allow_host NAME (--allow-host for runpod-local and cargo runpod dev)",
                self.bound
            ),
        )
    }
}

fn malformed() -> ErrorResponse {
    ErrorResponse::bad_request(
        "the request needs exactly one Host header with the host and port of this endpoint",
    )
}

/// Returns the host without its port, and without the brackets of an IPv6 address.
pub(super) fn name_of(host: &str) -> &str {
    if let Some((address, _)) = host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return address;
    }
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}
