//! The headers that the balancer changes on the way.

use axum::http::header::{
    CONNECTION, EXPECT, HOST, ORIGIN, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER,
    TRANSFER_ENCODING, UPGRADE,
};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue};

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// Headers that apply to one connection only.
const OF_A_CONNECTION: [HeaderName; 9] = [
    CONNECTION,
    KEEP_ALIVE,
    PROXY_CONNECTION,
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// Removes the headers that apply only to the connection over which they came.
pub(super) fn without_connection(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named.iter().chain(&OF_A_CONNECTION) {
        headers.remove(name);
    }
}

/// Prepares the headers of a request for a worker on this port.
pub(super) fn for_the_worker(headers: &mut HeaderMap, port: u16) {
    // The balancer itself has already told the client to continue.
    headers.remove(EXPECT);
    // Only the balancer may say what the host was.
    headers.remove(FORWARDED_HOST);
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    // The worker is a local server, which answers only to names of this machine, and only pages of its own origin. The
    // balancer has already checked both, and it may answer to further names and origins.
    let is_accepted = host.is_some_and(is_of_this_machine);
    let own_origin = host.map(|host| format!("http://{host}"));
    if !is_accepted {
        if let Some(host) = headers.remove(HOST) {
            headers.insert(FORWARDED_HOST, host);
        }
        if let Ok(host) = HeaderValue::try_from(format!("127.0.0.1:{port}")) {
            headers.insert(HOST, host);
        }
    }
    let is_own = |origin: &HeaderValue| {
        let own = own_origin.as_ref().filter(|_| is_accepted);
        own.is_some_and(|own| origin.as_bytes().eq_ignore_ascii_case(own.as_bytes()))
    };
    if headers.get(ORIGIN).is_some_and(|origin| !is_own(origin)) {
        headers.remove(ORIGIN);
    }
}

fn is_of_this_machine(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else {
        return false;
    };
    let name = authority.host().trim_matches(['[', ']']);
    name.eq_ignore_ascii_case("localhost") || name.parse::<std::net::IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn headers_of_one_connection_are_not_passed_on() {
        let mut given = headers(&[
            ("connection", "close, X-Mine"),
            ("x-mine", "1"),
            ("keep-alive", "timeout=5"),
            ("te", "trailers"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "websocket"),
            ("accept", "text/html"),
        ]);
        without_connection(&mut given);
        assert_eq!(given, headers(&[("accept", "text/html")]));
    }

    #[test]
    fn a_name_of_this_machine_stays_and_another_one_is_replaced() {
        let own = [
            ("host", "localhost:8000"),
            ("origin", "http://localhost:8000"),
        ];
        let mut given = headers(&own);
        for_the_worker(&mut given, 4000);
        assert_eq!(given, headers(&own));

        let mut given = headers(&[
            ("host", "front.example"),
            ("origin", "https://front.example"),
        ]);
        for_the_worker(&mut given, 4000);
        assert_eq!(
            given,
            headers(&[
                ("x-forwarded-host", "front.example"),
                ("host", "127.0.0.1:4000"),
            ])
        );
    }

    #[test]
    fn an_origin_that_the_worker_would_refuse_is_left_out() {
        let mut given = headers(&[
            ("host", "localhost:8000"),
            ("origin", "http://localhost:3000"),
            ("expect", "100-continue"),
        ]);
        for_the_worker(&mut given, 4000);
        assert_eq!(given, headers(&[("host", "localhost:8000")]));
    }
}
