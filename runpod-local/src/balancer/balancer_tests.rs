//! The balancer between real clients and real servers on this machine.

use std::io;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use axum::routing::{any, get, post};
use http_body_util::BodyExt as _;
use http_body_util::channel::Channel;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::Balancer;
use crate::Endpoint;

/// More than the limit.
const TOO_LARGE: usize = (30 << 20) + 1;

async fn balancer() -> Balancer {
    let bound = Endpoint::new().bind_balancer("127.0.0.1", 0, |_| {});
    bound.await.expect("a port is free")
}

async fn listener(balancer: &Balancer, id: &str) -> TcpListener {
    balancer.worker_starts(id);
    let port = balancer.port_for(id, "/ping").expect("a port is free");
    let listener = TcpListener::bind(("127.0.0.1", port)).await;
    listener.expect("the port is free")
}

/// Starts a worker with these routes, and waits until it is ready.
pub(super) async fn worker(balancer: &Balancer, id: &str, router: Router) {
    let listener = listener(balancer, id).await;
    let router = router.route("/ping", get(|| async {}));
    tokio::spawn(async move { axum::serve(listener, router).await });
    balancer.attached(id).await;
}

fn client() -> reqwest::Client {
    // This fails if another test has already installed it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy();
    client.build().expect("the client can be built")
}

async fn error(response: reqwest::Response) -> String {
    let text = response.text().await.expect("the body can be read");
    let body: serde_json::Value = serde_json::from_str(&text).expect("the body is JSON");
    body["error"]
        .as_str()
        .expect("there is an error")
        .to_owned()
}

#[tokio::test]
async fn a_request_and_its_response_pass_unchanged_except_for_headers_of_the_connection() {
    let balancer = balancer().await;
    let echo = |request: Request| async move {
        let (parts, body) = request.into_parts();
        let shown = format!("{} {} {:?}", parts.method, parts.uri, parts.headers);
        let headers = [("x-shown", shown), ("keep-alive", "timeout=9".to_owned())];
        (StatusCode::IM_A_TEAPOT, headers, body)
    };
    worker(&balancer, "worker-1-1", Router::new().fallback(any(echo))).await;
    let request = client()
        .put(format!("{}/any/path?a=b%20c", balancer.url()))
        .header("x-mine", "1")
        .header("te", "trailers")
        .header(header::EXPECT, "100-continue")
        .body("some bytes");
    let response = request.send().await.unwrap();
    // The status and the body of an error are the worker's.
    assert_eq!(response.status(), StatusCode::IM_A_TEAPOT);
    assert!(!response.headers().contains_key("keep-alive"));
    let shown = response.headers()["x-shown"].to_str().unwrap().to_owned();
    assert!(shown.starts_with("PUT /any/path?a=b%20c "), "{shown}");
    assert!(shown.contains("\"x-mine\": \"1\""), "{shown}");
    for gone in ["\"te\"", "\"expect\""] {
        assert!(!shown.contains(gone), "{shown}");
    }
    assert_eq!(response.text().await.unwrap(), "some bytes");
    balancer.shutdown().await;
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_refused_whether_its_length_is_known_or_not() {
    let balancer = balancer().await;
    let routes = Router::new()
        .route(
            "/take",
            post(|body: Body| async { body.collect().await.is_ok().to_string() }),
        )
        .route("/give", get(|| async { vec![b' '; TOO_LARGE] }));
    worker(&balancer, "worker-1-1", routes).await;
    let take = || client().post(format!("{}/take", balancer.url()));
    let refused = take().body(vec![b' '; TOO_LARGE]).send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert!(error(refused).await.contains("31457280 bytes"));

    let mut raw = TcpStream::connect(balancer.addresses[0]).await.unwrap();
    let head = "POST /take HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n";
    let chunk = format!("{TOO_LARGE:x}\r\n{}\r\n0\r\n\r\n", " ".repeat(TOO_LARGE));
    raw.write_all(head.as_bytes()).await.unwrap();
    let (mut read, mut write) = raw.split();
    let (mut answer, sent) = (vec![0; 12], write.write_all(chunk.as_bytes()));
    let (answered, _) = tokio::join!(read.read_exact(&mut answer), sent);
    answered.unwrap();
    assert_eq!(answer, b"HTTP/1.1 413");

    let response = client().get(format!("{}/give", balancer.url())).send();
    let response = response.await.unwrap();
    assert_eq!(response.status(), StatusCode::BAD_GATEWAY);
    assert!(
        error(response)
            .await
            .contains("is larger than 31457280 bytes")
    );
    balancer.shutdown().await;
}

#[tokio::test]
async fn a_worker_that_dies_is_a_502_or_an_incomplete_response_and_is_reported() {
    static SAID: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let notice = |text: &str| SAID.lock().unwrap().push(text.to_owned());
    let bound = Endpoint::new().bind_balancer("127.0.0.1", 0, notice);
    let balancer = bound.await.unwrap();
    let (mut sender, body) = Channel::<bytes::Bytes, io::Error>::new(1);
    let body = Arc::new(Mutex::new(Some(Body::new(body))));
    let routes = Router::new()
        .route(
            "/panics",
            get(|| async { panic!("as a process that dies") as &str }),
        )
        .route(
            "/breaks",
            get(async move || body.lock().unwrap().take().unwrap()),
        );
    worker(&balancer, "worker-1-1", routes).await;
    let get = async |path: &str| {
        let request = client().get(format!("{}{path}", balancer.url()));
        request.send().await.unwrap()
    };
    let response = get("/panics").await;
    assert_eq!(response.status(), StatusCode::BAD_GATEWAY);
    let text = error(response).await;
    assert!(
        text.contains("worker-1-1 ended before it answered"),
        "{text}"
    );

    sender.send_data("first".into()).await.unwrap();
    let mut response = get("/breaks").await;
    assert_eq!(response.chunk().await.unwrap().unwrap(), "first");
    sender.abort(io::Error::other("lost"));
    assert!(response.chunk().await.is_err());
    let said = SAID.lock().unwrap().join("\n");
    assert!(said.contains("a request to /panics got 502"), "{said}");
    assert!(
        said.contains("the response of worker-1-1 to /breaks was cut off"),
        "{said}"
    );
    balancer.shutdown().await;
}

#[tokio::test]
async fn a_worker_that_cannot_be_reached_leaves_the_request_to_another_one() {
    let balancer = balancer().await;
    for id in ["worker-1-1", "worker-2-1"] {
        let routes = Router::new().route("/who", get(async move || id));
        worker(&balancer, id, routes).await;
    }
    // A port without a listener, as if the process had just exited.
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
    balancer
        .pool
        .worker_listens("worker-1-1", gone.local_addr().unwrap().port());
    drop(gone);
    for _ in 0..2 {
        let who = client().get(format!("{}/who", balancer.url())).send().await;
        assert_eq!(who.unwrap().text().await.unwrap(), "worker-2-1");
    }
    balancer.shutdown().await;
}

#[tokio::test]
async fn a_worker_gets_requests_only_while_its_health_check_answers_200() {
    let balancer = balancer().await;
    let listener = listener(&balancer, "worker-1-1").await;
    let (health, current) = tokio::sync::watch::channel(StatusCode::NO_CONTENT);
    let (asked, mut checks) = tokio::sync::mpsc::unbounded_channel();
    let router = Router::new().route(
        "/ping",
        get(async move || {
            let status = *current.borrow();
            let _ = asked.send(status);
            status
        }),
    );
    tokio::spawn(async move { axum::serve(listener, router).await });
    for status in [
        StatusCode::NO_CONTENT,
        StatusCode::OK,
        StatusCode::SERVICE_UNAVAILABLE,
    ] {
        health.send_replace(status);
        // The second check follows when the answer to the first one has had its effect.
        for _ in 0..2 {
            while checks.recv().await.unwrap() != status {}
        }
        assert_eq!(
            balancer.pool.has_ready(),
            status == StatusCode::OK,
            "{status}"
        );
    }
    balancer.shutdown().await;
}

#[tokio::test]
async fn a_client_that_disconnects_closes_the_connection_to_the_worker() {
    let balancer = balancer().await;
    let (begun, mut requests) = tokio::sync::mpsc::unbounded_channel();
    let (ended, mut ends) = tokio::sync::mpsc::unbounded_channel();
    let routes = Router::new().route(
        "/wait",
        get(async move || {
            let _open = Open(ended.clone());
            begun.send(()).unwrap();
            std::future::pending::<()>().await;
        }),
    );
    worker(&balancer, "worker-1-1", routes).await;
    let request = client().get(format!("{}/wait", balancer.url()));
    let request = tokio::spawn(request.send());
    requests.recv().await.unwrap();
    assert_eq!(balancer.open_requests().running, 1);
    request.abort();
    ends.recv().await.unwrap();
    balancer.pool.settled("worker-1-1").await;
    assert_eq!(balancer.open_requests().running, 0);
    balancer.shutdown().await;
}

/// Tells when a request has ended.
struct Open(tokio::sync::mpsc::UnboundedSender<()>);

impl Drop for Open {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}

#[tokio::test]
async fn a_connection_can_switch_to_another_protocol() {
    let balancer = balancer().await;
    let listener = listener(&balancer, "worker-1-1").await;
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            let head = String::from_utf8(head).unwrap().to_lowercase();
            if head.starts_with("get /ping ") {
                let healthy = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
                stream.write_all(healthy).await.unwrap();
                continue;
            }
            assert!(head.contains("upgrade: echo\r\n"), "{head}");
            let switch =
                b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n";
            stream.write_all(switch).await.unwrap();
            let (mut read, mut write) = stream.into_split();
            tokio::spawn(async move { tokio::io::copy(&mut read, &mut write).await });
        }
    });
    balancer.attached("worker-1-1").await;
    let mut stream = TcpStream::connect(balancer.addresses[0]).await.unwrap();
    let request = b"GET /socket HTTP/1.1\r\nhost: localhost\r\nconnection: keep-alive, Upgrade\r\nupgrade: echo\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    assert!(head.starts_with("http/1.1 101 "), "{head}");
    assert!(head.contains("upgrade: echo"), "{head}");
    let mut echo = [0; 5];
    for word in [b"hello", b"again"] {
        stream.write_all(word).await.unwrap();
        stream.read_exact(&mut echo).await.unwrap();
        assert_eq!(&echo, word);
    }
    stream.shutdown().await.unwrap();
    assert_eq!(stream.read(&mut echo).await.unwrap(), 0);
    balancer.shutdown().await;
}

#[tokio::test]
async fn the_page_needs_no_key_but_a_worker_does() {
    let bound = Endpoint::new().api_key(Some("secret".to_owned()));
    let bound = bound.bind_balancer("127.0.0.1", 0, |_| {});
    let balancer = bound.await.unwrap();
    let own = |headers: HeaderMap| async move {
        assert!(headers.contains_key(header::AUTHORIZATION));
        "the worker's own page"
    };
    let routes = Router::new()
        .route("/", get(own))
        .route("/other", get(|| async { "other" }));
    worker(&balancer, "worker-1-1", routes).await;
    let get = async |path: &str, key: Option<&str>| {
        let request = client().get(format!("{}{path}", balancer.url()));
        let request = request.header(header::ACCEPT, "text/html");
        let request = match key {
            Some(key) => request.bearer_auth(key),
            None => request,
        };
        let response = request.send().await.unwrap();
        (response.status(), response.text().await.unwrap())
    };
    for path in ["/", "/local/page"] {
        let (status, text) = get(path, None).await;
        assert_eq!(status, StatusCode::OK);
        assert!(text.contains("/local/page/call.js"), "{text}");
    }
    assert_eq!(get("/", Some("secret")).await.1, "the worker's own page");
    assert_eq!(get("/other", Some("secret")).await.1, "other");
    for path in ["/other", "/ping", "/local/events", "/job-take/x"] {
        for key in [None, Some("wrong")] {
            assert_eq!(get(path, key).await.0, StatusCode::UNAUTHORIZED, "{path}");
        }
    }
    // The guard lets these paths pass, but the page has nothing there.
    for path in ["/local/page/", "/local/page/a/b"] {
        assert_eq!(get(path, None).await.0, StatusCode::UNAUTHORIZED, "{path}");
    }
    let request = client().head(balancer.url());
    let head = request.header(header::ACCEPT, "text/html").send().await;
    let content = head.unwrap().headers()[header::CONTENT_LENGTH].clone();
    assert_ne!(content, "the worker's own page".len().to_string());
    balancer.shutdown().await;
}

#[tokio::test]
async fn web_pages_of_other_origins_do_not_reach_a_worker() {
    let bound = Endpoint::new()
        .allow_origin("http://front.example")
        .unwrap();
    let bound = bound.bind_balancer("127.0.0.1", 0, |_| {});
    let balancer = bound.await.unwrap();
    // A handler may have the name of an operation of queue endpoints.
    let routes = Router::new().route(
        "/ping/x",
        post(|headers: HeaderMap| async move { headers.contains_key(header::ORIGIN).to_string() }),
    );
    worker(&balancer, "worker-1-1", routes).await;
    let post = async |origin: &str| {
        let request = client().post(format!("{}/ping/x", balancer.url()));
        request.header(header::ORIGIN, origin).send().await.unwrap()
    };
    assert_eq!(
        post("http://evil.example").await.status(),
        StatusCode::FORBIDDEN
    );
    let allowed = post("http://front.example").await;
    let headers = allowed.headers();
    assert_eq!(
        headers[header::ACCESS_CONTROL_ALLOW_ORIGIN],
        "http://front.example"
    );
    assert_eq!(allowed.text().await.unwrap(), "false");
    balancer.shutdown().await;
}
