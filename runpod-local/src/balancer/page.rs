//! The routes of the balancer: the page, the page's events, and everything else, which goes to a worker.

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::time::{Duration, timeout};

use super::forward::forward;
use super::pool::Pool;
use crate::channel_body::ChannelBody;
use crate::page;
use crate::serve::{ApiKey, accepts_html};

/// After this long without an event, a comment is sent. It keeps the connection alive and detects broken connections.
const QUIET: Duration = Duration::from_secs(15);

#[derive(Debug, Clone)]
pub(crate) struct Site {
    pub(crate) pool: Pool,
    /// The key that clients must send.
    pub(crate) key: Option<ApiKey>,
}

pub(crate) fn router(site: Site) -> Router {
    Router::new()
        .route("/local/page/{name}", get(page::asset))
        .route("/local/page", get(page::call_page))
        .route("/local/events", get(events))
        .fallback(everything_else)
        .with_state(site)
}

/// Answers a request that is not for the balancer itself. A browser that opens `/` gets the page, unless the worker has
/// a page there.
async fn everything_else(State(site): State<Site>, request: Request) -> Response {
    let wants_page = matches!(*request.method(), Method::GET | Method::HEAD)
        && request.uri().path() == "/"
        && accepts_html(request.headers());
    // The guard lets some paths pass without a key, but only to the page, and never to a worker.
    let has_key = site.key.is_none_or(|key| key.is_in(request.headers()));
    if !has_key && !wants_page {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    if !wants_page {
        return forward(&site.pool, request).await;
    }
    if !has_key || !site.pool.has_ready() {
        return page::call_page().await;
    }
    let response = forward(&site.pool, request).await;
    match response.status() {
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => page::call_page().await,
        _ => response,
    }
}

async fn events(State(Site { pool, .. }): State<Site>) -> Response {
    let (sink, views) = mpsc::channel(1);
    tokio::spawn(send_views(pool, sink));
    let headers = [
        (CONTENT_TYPE, "text/event-stream"),
        (CACHE_CONTROL, "no-store"),
    ];
    (headers, Body::new(ChannelBody::new(views))).into_response()
}

async fn send_views(pool: Pool, sink: mpsc::Sender<Bytes>) {
    let mut changes = pool.changes();
    let mut sent = None;
    while !pool.is_closing() {
        changes.borrow_and_update();
        let view = pool.view();
        let text = if sent.as_ref() == Some(&view) {
            let quiet = tokio::select! {
                next = timeout(QUIET, changes.changed()) => next.is_err(),
                () = sink.closed() => return,
            };
            if !quiet {
                continue;
            }
            ": still here\n\n".to_owned()
        } else {
            // A struct of texts and JSON always serialises.
            let json = serde_json::to_string(&view).unwrap_or_default();
            sent = Some(view);
            format!("event: state\ndata: {json}\n\n")
        };
        if sink.send(text.into()).await.is_err() {
            return;
        }
    }
}
