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

/// If a page without encryption loads an image from another machine, the browser sends neither `Origin` nor
/// `Sec-Fetch-Site` with that request.
#[tokio::test]
async fn an_image_on_a_page_takes_no_job() {
    let endpoint = served(Endpoint::new()).await;
    assert_eq!(ask(&endpoint, "POST", "/run", &[], JOB).await.status, 200);
    let image = [
        ("Authorization", ""),
        ("Accept", "image/avif,image/webp,*/*"),
    ];
    for path in [
        "/job-take/image",
        "/v2/local/job-take-batch/image?batch_size=9",
        "/ping/image?status=unhealthy",
    ] {
        let answer = ask(&endpoint, "GET", path, &image, "").await;
        assert_eq!(answer.status, 401, "{path}");
        assert!(
            answer.error().contains("RUNPOD_AI_API_KEY=local"),
            "{answer:?}"
        );
    }
    assert_eq!(queued(&endpoint).await, 1);
    let state = get(&endpoint, "/local/state").await.json();
    assert_eq!(state["workers"], serde_json::json!([]));
}

#[tokio::test]
async fn a_front_end_of_an_allowed_origin_asks_beforehand_and_reads_every_answer() {
    let origin = ("Origin", "http://localhost:3000");
    let endpoint = Endpoint::new()
        .api_key(Some("sk-secret".to_owned()))
        .allow_origin(origin.1)
        .unwrap();
    let endpoint = served(endpoint).await;
    let preflight = [
        origin,
        ("Access-Control-Request-Method", "POST"),
        (
            "Access-Control-Request-Headers",
            "authorization,content-type,x-stainless-lang",
        ),
        ("Access-Control-Request-Private-Network", "true"),
        ("Sec-Fetch-Site", "same-site"),
    ];
    // Browsers send no key with a preflight request.
    let answer = ask(&endpoint, "OPTIONS", "/v2/local/run", &preflight, "").await;
    assert_eq!(answer.status, 204);
    for (name, value) in [
        ("access-control-allow-origin", origin.1),
        (
            "access-control-allow-headers",
            "authorization,content-type,x-stainless-lang",
        ),
        ("access-control-allow-private-network", "true"),
        ("vary", "Origin"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{answer:?}");
    }
    assert!(
        answer
            .header("access-control-allow-methods")
            .is_some_and(|methods| methods.contains("POST"))
    );
    let key = ("Authorization", "Bearer sk-secret");
    let site = ("Sec-Fetch-Site", "same-site");
    for (path, headers, status) in [
        ("/run", &[origin, site, key][..], 200),
        ("/run", &[origin, site], 401),
        ("/cancel/none", &[origin, site, key], 404),
        ("/health", &[origin, site, key], 405),
    ] {
        let answer = ask(&endpoint, "POST", path, headers, JOB).await;
        assert_eq!(answer.status, status, "{path}");
        assert_eq!(
            answer.header("access-control-allow-origin"),
            Some(origin.1),
            "{path}"
        );
    }
    // A request from any other origin is refused, and the answer has no CORS headers.
    let other = [("Origin", "http://localhost:3001"), key];
    let answer = ask(&endpoint, "POST", "/run", &other, JOB).await;
    assert_eq!(answer.status, 403);
    assert!(
        answer.error().contains("--rp_api_allow_origin"),
        "{answer:?}"
    );
    is_closed_to_other_origins(&answer);
}

#[tokio::test]
async fn a_container_reaches_the_endpoint_by_a_name_that_is_allowed() {
    let host = [("Host", "host.docker.internal:8000")];
    let endpoint = served(Endpoint::new()).await;
    let answer = ask(&endpoint, "GET", "/health", &host, "").await;
    assert_eq!(answer.status, 421);
    assert!(answer.error().contains("--rp_api_allow_host"), "{answer:?}");
    let allowing = Endpoint::new().allow_host("host.docker.internal").unwrap();
    let endpoint = served(allowing).await;
    let answer = ask(&endpoint, "GET", "/health", &host, "").await;
    assert_eq!(answer.status, 200);
}
