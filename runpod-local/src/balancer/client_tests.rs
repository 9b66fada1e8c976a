//! The balancer and clients that misbehave.

use std::sync::Mutex;

use axum::Router;
use axum::body::Body;
use axum::routing::post;
use http_body_util::BodyExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::balancer_tests::worker;
use crate::Endpoint;

#[tokio::test]
async fn a_body_that_breaks_off_is_the_clients_fault_and_not_the_workers() {
    static SAID: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let notice = |text: &str| SAID.lock().unwrap().push(text.to_owned());
    let bound = Endpoint::new().bind_balancer("127.0.0.1", 0, notice);
    let balancer = bound.await.unwrap();
    let take = post(|body: Body| async { body.collect().await.is_ok().to_string() });
    worker(&balancer, "worker-1-1", Router::new().route("/take", take)).await;
    for (headers, part) in [
        ("content-length: 10", "half"),
        ("transfer-encoding: chunked", "4\r\nhalf\r\nno length\r\n"),
    ] {
        let mut raw = TcpStream::connect(balancer.addresses[0]).await.unwrap();
        let text = format!("POST /take HTTP/1.1\r\nhost: localhost\r\n{headers}\r\n\r\n{part}");
        raw.write_all(text.as_bytes()).await.unwrap();
        raw.shutdown().await.unwrap();
        let mut answer = String::new();
        raw.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 400"), "{headers}: {answer}");
        assert!(
            answer.contains("the body of the request broke off"),
            "{answer}"
        );
        let said = std::mem::take(&mut *SAID.lock().unwrap()).join("\n");
        assert!(!said.contains("worker-1-1"), "{said}");
    }
    balancer.shutdown().await;
}
