use runpod_local::Endpoint;

use crate::wire::{Answer, ask, get, queued, served};

const JOB: &str = "{\"input\": 1}";

fn is_closed_to_other_origins(answer: &Answer) {
    for (name, _) in &answer.headers {
        assert!(!name.starts_with("access-control-"), "{answer:?}");
    }
}

#[tokio::test]
async fn a_page_of_another_origin_cannot_submit_or_learn_anything() {
    let endpoint = served(Endpoint::new()).await;
    for headers in [
        &[("Origin", "http://evil.example")][..],
        &[("Origin", "null")],
        &[
            ("Sec-Fetch-Site", "cross-site"),
            ("Sec-Fetch-Mode", "no-cors"),
        ],
        &[("Sec-Fetch-Site", "same-site")],
    ] {
        for (method, path, body) in [
            ("POST", "/run", JOB),
            ("POST", "/v2/local/runsync", JOB),
            ("GET", "/health", ""),
            ("GET", "/job-take/worker", ""),
            ("GET", "/local/events", ""),
            ("GET", "/openapi.json", ""),
            ("PUT", "/local/faults", "{}"),
        ] {
            let answer = ask(&endpoint, method, path, headers, body).await;
            assert_eq!(answer.status, 403, "{method} {path} {headers:?}");
            assert!(answer.error().contains("another origin"), "{answer:?}");
            is_closed_to_other_origins(&answer);
        }
    }
    assert_eq!(queued(&endpoint).await, 0);
}

#[tokio::test]
async fn a_browser_that_asks_beforehand_is_told_no() {
    let endpoint = served(Endpoint::new()).await;
    let preflight = [
        ("Origin", "http://evil.example"),
        ("Access-Control-Request-Method", "POST"),
        ("Access-Control-Request-Headers", "content-type"),
        ("Access-Control-Request-Private-Network", "true"),
    ];
    let answer = ask(&endpoint, "OPTIONS", "/run", &preflight, "").await;
    assert_eq!(answer.status, 403);
    is_closed_to_other_origins(&answer);
    let answer = ask(&endpoint, "OPTIONS", "/run", &[], "").await;
    assert_eq!(answer.status, 405);
    is_closed_to_other_origins(&answer);
}

#[tokio::test]
async fn the_page_at_this_address_may_submit() {
    let endpoint = served(Endpoint::new()).await;
    let origin = endpoint.url();
    let own = [("Origin", &*origin), ("Sec-Fetch-Site", "same-origin")];
    let answer = ask(&endpoint, "POST", "/run", &own, JOB).await;
    assert_eq!(answer.status, 200);
    is_closed_to_other_origins(&answer);
}

#[tokio::test]
async fn a_name_that_was_made_to_point_here_is_refused() {
    let endpoint = served(Endpoint::new()).await;
    let port = endpoint.address().port();
    let rebound = format!("evil.example:{port}");
    for path in ["/", "/run", "/local/state"] {
        let answer = ask(&endpoint, "GET", path, &[("Host", &rebound)], "").await;
        assert_eq!(answer.status, 421, "{path}");
        assert!(answer.error().contains("evil.example"), "{answer:?}");
    }
    let own = format!("localhost:{port}");
    let answer = ask(&endpoint, "GET", "/health", &[("Host", &own)], "").await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn with_a_key_clients_and_workers_need_it() {
    let endpoint = served(Endpoint::new().api_key(Some("sk-secret".to_owned()))).await;
    for path in [
        "/v2/local/health",
        "/health",
        "/job-take/worker",
        "/local/state",
        "/local/events",
        "/local/faults",
        "/nowhere",
    ] {
        for headers in [&[][..], &[("Authorization", "Bearer sk-other")]] {
            let answer = ask(&endpoint, "GET", path, headers, "").await;
            assert_eq!(answer.status, 401, "{path}");
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
            assert!(!answer.error().contains("sk-"), "{answer:?}");
        }
    }
    for key in ["Bearer sk-secret", "sk-secret"] {
        let answer = ask(&endpoint, "POST", "/run", &[("Authorization", key)], JOB).await;
        assert_eq!(answer.status, 200, "{key}");
    }
    for path in ["/", "/openapi.json"] {
        assert_eq!(get(&endpoint, path).await.status, 200, "{path}");
    }
}
