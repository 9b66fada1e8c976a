use axum::http::{Request, StatusCode, Version, header};
use axum::response::IntoResponse as _;

use super::{AllowedOrigin, Guard, Kind, WORKER_KEY};
use crate::access::Access;
use crate::response::ErrorResponse;

fn request(headers: &[(&str, &str)]) -> Request<()> {
    asking("GET", "/health", headers)
}

fn asking(method: &str, uri: &str, headers: &[(&str, &str)]) -> Request<()> {
    let mut request = Request::builder().method(method).uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap()
}

fn open() -> Guard {
    Guard::new(Kind::Queue, "127.0.0.1", None, Access::default())
}

fn admitted(guard: &Guard, request: &Request<()>) -> Result<Option<AllowedOrigin>, ErrorResponse> {
    let origin = guard.origin(request)?;
    guard.key(request)?;
    Ok(origin)
}

/// Returns the status of the answer, or 200 if the request is admitted.
fn status(guard: &Guard, request: &Request<()>) -> StatusCode {
    match admitted(guard, request) {
        Ok(_) => StatusCode::OK,
        Err(refusal) => refusal.status(),
    }
}

fn of_host(guard: &Guard, host: &str) -> StatusCode {
    status(guard, &request(&[("host", host)]))
}

#[test]
fn this_machine_is_asked_by_its_own_names_and_by_addresses() {
    for host in [
        "localhost",
        "LocalHost:8000",
        "127.0.0.1:8000",
        "127.0.0.2",
        "[::1]:8000",
        "192.168.1.7:8000",
    ] {
        assert_eq!(of_host(&open(), host), StatusCode::OK, "{host}");
    }
    let named = Guard::new(Kind::Queue, "Worker.lan", None, Access::default());
    assert_eq!(of_host(&named, "worker.lan:8000"), StatusCode::OK);
    let everywhere = Guard::new(Kind::Queue, "0.0.0.0", None, Access::default());
    assert_eq!(of_host(&everywhere, "0.0.0.0:8000"), StatusCode::OK);
    let version_6 = Guard::new(Kind::Queue, "[::]", None, Access::default());
    assert_eq!(of_host(&version_6, "[::]:8000"), StatusCode::OK);
}

#[test]
fn a_name_that_others_may_point_here_is_refused() {
    for host in [
        "evil.example",
        "evil.example:8000",
        "localhost.evil.example",
        "127.0.0.1.evil.example:8000",
        "127.0.0.1@evil.example",
        "0.0.0.0:8000",
        "",
        ":8000",
        "[::1",
    ] {
        assert_eq!(
            of_host(&open(), host),
            StatusCode::MISDIRECTED_REQUEST,
            "{host}"
        );
    }
}

#[test]
fn the_name_in_the_request_line_counts_too() {
    let request = asking(
        "GET",
        "http://evil.example/health",
        &[("host", "127.0.0.1:8000")],
    );
    assert_eq!(status(&open(), &request), StatusCode::MISDIRECTED_REQUEST);
}

#[test]
fn exactly_one_host_is_needed_but_by_clients_of_http_1_0() {
    let mut none = request(&[]);
    assert_eq!(status(&open(), &none), StatusCode::BAD_REQUEST);
    *none.version_mut() = Version::HTTP_10;
    assert_eq!(status(&open(), &none), StatusCode::OK);
    let two = request(&[("host", "localhost"), ("host", "evil.example")]);
    assert_eq!(status(&open(), &two), StatusCode::BAD_REQUEST);
}

#[test]
fn a_page_of_another_origin_is_refused() {
    let host = ("host", "127.0.0.1:8000");
    for (name, value) in [
        ("origin", "http://evil.example"),
        ("origin", "http://127.0.0.1:9000"),
        ("origin", "http://localhost:8000"),
        ("origin", "https://127.0.0.1:8000"),
        ("origin", "null"),
        ("origin", ""),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("sec-fetch-site", "something-new"),
    ] {
        for (method, path) in [
            ("POST", "/run"),
            ("OPTIONS", "/run"),
            ("GET", "/local/events"),
        ] {
            let request = asking(method, path, &[host, (name, value)]);
            assert_eq!(
                status(&open(), &request),
                StatusCode::FORBIDDEN,
                "{method} {path} with {name}: {value}"
            );
        }
    }
}

#[test]
fn the_page_itself_is_admitted() {
    let request = asking(
        "POST",
        "/run",
        &[
            ("host", "127.0.0.1:8000"),
            ("origin", "http://127.0.0.1:8000"),
            ("sec-fetch-site", "same-origin"),
        ],
    );
    assert_eq!(status(&open(), &request), StatusCode::OK);
    let typed = asking(
        "GET",
        "/",
        &[("host", "localhost"), ("sec-fetch-site", "none")],
    );
    assert_eq!(status(&open(), &typed), StatusCode::OK);
}

#[test]
fn a_link_on_another_page_opens_the_page_and_nothing_else() {
    let headers = [
        ("host", "127.0.0.1:8000"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-mode", "navigate"),
    ];
    assert_eq!(
        status(&open(), &asking("GET", "/", &headers)),
        StatusCode::OK
    );
    for (method, path) in [
        ("POST", "/"),
        ("GET", "/stream/id"),
        ("GET", "/job-take/worker"),
        ("GET", "/local/state"),
    ] {
        let status = status(&open(), &asking(method, path, &headers));
        assert_eq!(status, StatusCode::FORBIDDEN, "{method} {path}");
    }
    let embedded = [headers[0], headers[1], ("sec-fetch-mode", "no-cors")];
    let status = status(&open(), &asking("GET", "/", &embedded));
    assert_eq!(status, StatusCode::FORBIDDEN);
}

fn with_key() -> Guard {
    Guard::new(
        Kind::Queue,
        "localhost",
        Some("Bearer sk-1".to_owned()),
        Access::default(),
    )
}

#[test]
fn with_a_key_only_who_knows_it_is_admitted() {
    for key in ["Bearer Bearer sk-1", "bearer  Bearer sk-1", "Bearer sk-1"] {
        let request = request(&[("host", "localhost"), ("authorization", key)]);
        assert_eq!(status(&with_key(), &request), StatusCode::OK, "{key}");
    }
    for key in [
        "",
        "Bearer",
        "sk-1",
        "Bearer sk-",
        "Bearer sk-11",
        "Bearer sk-2",
        "Basic sk-1",
    ] {
        let request = request(&[("host", "localhost"), ("authorization", key)]);
        assert_eq!(
            status(&with_key(), &request),
            StatusCode::UNAUTHORIZED,
            "{key}"
        );
    }
    let without = admitted(&with_key(), &request(&[("host", "localhost")]));
    let challenge =
        without.unwrap_err().into_response().headers()[header::WWW_AUTHENTICATE].clone();
    assert_eq!(challenge, "Bearer");
}

#[test]
fn the_page_can_be_opened_without_the_key_and_shows_nothing_without_it() {
    for path in ["/", "/openapi.json", "/local/page/page.css"] {
        let request = asking("GET", path, &[("host", "localhost")]);
        assert_eq!(status(&with_key(), &request), StatusCode::OK, "{path}");
    }
    for path in [
        "/local/state",
        "/local/jobs/id",
        "/local/faults",
        "/local/events",
        "/v2/local/health",
    ] {
        let request = asking("GET", path, &[("host", "localhost")]);
        assert_eq!(
            status(&with_key(), &request),
            StatusCode::UNAUTHORIZED,
            "{path}"
        );
    }
}

#[test]
fn the_key_is_not_shown() {
    assert!(!format!("{:?}", with_key()).contains("sk-1"));
    let refusal = admitted(&with_key(), &request(&[("host", "localhost")])).unwrap_err();
    assert!(!format!("{refusal:?}").contains("sk-1"));
}

#[test]
fn what_workers_ask_for_needs_their_key_even_where_clients_need_none() {
    let paths = [
        ("GET", "/job-take/w"),
        ("GET", "/v2/local/job-take-batch/w?batch_size=9"),
        ("GET", "/job-stop/w"),
        ("GET", "/ping/w?job_id=1"),
        ("POST", "/job-done/w/1"),
        ("POST", "/job-stream/w/1"),
        ("HEAD", "/job-take/w"),
    ];
    for bound in ["0.0.0.0", "127.0.0.1"] {
        let guard = Guard::new(Kind::Queue, bound, None, Access::default());
        let host = ("host", "192.168.1.7:8000");
        for (method, path) in paths {
            // This is how a browser on another machine requests an image: without Origin and Sec-Fetch-Site.
            let image = asking(method, path, &[host]);
            assert_eq!(status(&guard, &image), StatusCode::UNAUTHORIZED, "{path}");
            for key in [WORKER_KEY, "Bearer local"] {
                let worker = asking(method, path, &[host, ("authorization", key)]);
                assert_eq!(status(&guard, &worker), StatusCode::OK, "{path}");
            }
        }
        let client = asking("GET", "/health", &[host]);
        assert_eq!(status(&guard, &client), StatusCode::OK);
    }
    // If the endpoint has an API key, it accepts no other key.
    let word = ("authorization", WORKER_KEY);
    let request = asking("GET", "/job-take/w", &[("host", "localhost"), word]);
    assert_eq!(status(&with_key(), &request), StatusCode::UNAUTHORIZED);
}

fn allowing() -> Guard {
    let mut access = Access::default();
    access.allow_host("host.docker.internal").unwrap();
    access.allow_host("*.proxy.runpod.net").unwrap();
    access.allow_origin("http://localhost:3000").unwrap();
    Guard::new(Kind::Queue, "0.0.0.0", None, access)
}

#[test]
fn a_host_name_that_is_allowed_is_this_machines_and_no_other_one() {
    for (host, expected) in [
        ("host.docker.internal:8000", StatusCode::OK),
        ("pod1-8000.proxy.runpod.net", StatusCode::OK),
        ("proxy.runpod.net", StatusCode::MISDIRECTED_REQUEST),
        ("evil.example", StatusCode::MISDIRECTED_REQUEST),
    ] {
        assert_eq!(of_host(&allowing(), host), expected, "{host}");
    }
    assert_eq!(
        of_host(&open(), "host.docker.internal:8000"),
        StatusCode::MISDIRECTED_REQUEST
    );
}

#[test]
fn behind_an_https_proxy_the_page_is_its_own_origin_if_the_name_is_allowed() {
    let name = "pod1-8000.proxy.runpod.net";
    let with = |origin: &str| {
        let headers = [
            ("host", name),
            ("origin", origin),
            ("sec-fetch-site", "same-origin"),
        ];
        status(&allowing(), &asking("POST", "/run", &headers))
    };
    assert_eq!(with(&format!("https://{name}")), StatusCode::OK);
    assert_eq!(
        with("https://pod2-8000.proxy.runpod.net"),
        StatusCode::FORBIDDEN
    );
    assert_eq!(with("https://evil.example"), StatusCode::FORBIDDEN);
}

#[test]
fn a_page_of_an_allowed_origin_is_let_in_as_a_client_and_not_as_a_worker() {
    let asked = |method, path, origin| {
        let headers = [
            ("host", "127.0.0.1:8000"),
            ("origin", origin),
            ("sec-fetch-site", "same-site"),
            ("authorization", WORKER_KEY),
        ];
        status(&allowing(), &asking(method, path, &headers))
    };
    let origin = "http://localhost:3000";
    assert_eq!(asked("POST", "/run", origin), StatusCode::OK);
    assert_eq!(asked("GET", "/local/events", origin), StatusCode::OK);
    for path in ["/job-take/w", "/v2/local/ping/w"] {
        assert_eq!(asked("GET", path, origin), StatusCode::FORBIDDEN, "{path}");
    }
    for other in [
        "http://localhost:3001",
        "https://localhost:3000",
        "null",
        "",
    ] {
        assert_eq!(
            asked("POST", "/run", other),
            StatusCode::FORBIDDEN,
            "{other}"
        );
    }
}
