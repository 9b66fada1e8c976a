//! A server with the same two routes as our worker, on axum alone.

use std::convert::Infallible;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Json;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::serve::ListenerExt as _;
use futures_util::stream;
use tokio::net::TcpListener;
use worker_bench::{Input, Output, item, variable, work};

async fn value(Json(input): Json<Input>) -> Json<Output> {
    Json(work(input).await)
}

async fn items(Json(input): Json<Input>) -> Response {
    // A bare server ends the response after the last item. Our worker also sends an event `end`.
    let items = stream::iter(0..input.items);
    let events = futures_util::StreamExt::map(items, |_| {
        Ok::<_, Infallible>(Bytes::from(format!("data: {}\n\n", item())))
    });
    let kind = [(CONTENT_TYPE, "text/event-stream")];
    (kind, Body::from_stream(events)).into_response()
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let listener = TcpListener::bind(format!("127.0.0.1:{}", variable("PORT"))).await?;
    // Our worker sets it, too. Without it, each stream would wait 40 ms for a delayed acknowledgement.
    let listener = listener.tap_io(|stream| {
        // A connection that has closed already fails at its first read.
        let _ = stream.set_nodelay(true);
    });
    let routes = Router::new()
        .route("/ping", get(async || "ready"))
        .route("/value", post(value))
        .route("/items", post(items));
    axum::serve(listener, routes).await
}
