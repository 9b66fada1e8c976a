use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use bytes::Bytes;
use http_body_util::channel::{Channel, Sender};
use tokio::time::sleep;

use super::read_body;
use crate::response::ErrorResponse;

fn streamed() -> (Sender<Bytes, std::io::Error>, Request<Body>) {
    let (sender, body) = Channel::new(16);
    (sender, Request::new(Body::new(body)))
}

fn status(read: Result<Bytes, ErrorResponse>) -> StatusCode {
    read.expect_err("the body should have been refused")
        .status()
}

#[tokio::test]
async fn a_body_of_many_pieces_is_put_together() {
    let (mut sender, request) = streamed();
    for piece in ["{\"inp", "ut\": ", "1}"] {
        sender.send_data(piece.into()).await.unwrap();
    }
    drop(sender);
    assert_eq!(read_body(request, 12).await.unwrap(), "{\"input\": 1}");
}

#[tokio::test]
async fn no_body_is_an_empty_one() {
    let request = Request::new(Body::empty());
    assert_eq!(read_body(request, 12).await.unwrap(), "");
}

#[tokio::test]
async fn a_body_that_says_it_is_too_large_is_not_read() {
    let request = Request::new(Body::from("0123456789"));
    assert_eq!(
        status(read_body(request, 9).await),
        StatusCode::PAYLOAD_TOO_LARGE
    );
    let request = Request::new(Body::from("0123456789"));
    assert_eq!(read_body(request, 10).await.unwrap(), "0123456789");
}

#[tokio::test]
async fn a_body_that_grows_too_large_is_not_read_on() {
    let (mut sender, request) = streamed();
    sender.send_data("01234".into()).await.unwrap();
    sender.send_data("56789".into()).await.unwrap();
    // The sender is still open, so this shows that the reader does not wait for more.
    assert_eq!(
        status(read_body(request, 9).await),
        StatusCode::PAYLOAD_TOO_LARGE
    );
}

#[tokio::test(start_paused = true)]
async fn a_client_that_falls_silent_is_told_so() {
    let (mut sender, request) = streamed();
    sender.send_data("{\"inp".into()).await.unwrap();
    let refusal = read_body(request, 100).await.unwrap_err();
    assert_eq!(refusal.status(), StatusCode::REQUEST_TIMEOUT);
    assert!(
        refusal.text().contains("5 bytes arrived"),
        "{}",
        refusal.text()
    );
    drop(sender);
}

#[tokio::test(start_paused = true)]
async fn a_slow_client_that_goes_on_is_waited_for() {
    let (mut sender, request) = streamed();
    let slow = async move {
        for _ in 0..10 {
            sleep(Duration::from_secs(29)).await;
            sender.send_data("x".into()).await.unwrap();
        }
    };
    let (read, ()) = tokio::join!(read_body(request, 100), slow);
    assert_eq!(read.unwrap(), "xxxxxxxxxx");
}

#[tokio::test]
async fn a_body_that_breaks_off_is_an_error() {
    let (sender, request) = streamed();
    sender.abort(std::io::ErrorKind::ConnectionReset.into());
    assert_eq!(
        status(read_body(request, 100).await),
        StatusCode::BAD_REQUEST
    );
}
