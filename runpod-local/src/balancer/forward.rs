//! Passes a request to a worker, and the worker's response to the client, both as they arrive.
//!
//! Each request has a connection of its own. If the client disconnects, the connection closes, and the worker cancels
//! the job.

use std::net::Ipv4Addr;

use axum::body::Body;
use axum::http::header::{CONTENT_LENGTH, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Uri, Version};
use axum::response::IntoResponse as _;
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_util::task::AbortOnDropHandle;

use super::body::{BodyFault, ClientFault, RequestBody, ResponseBody};
use super::limits::{LARGEST_BODY, LONGEST_REQUEST, LONGEST_WAIT};
use super::pool::{Pool, Turn};
use super::{headers, upgrade};
use crate::response::ErrorResponse;
use crate::text::quoted;

/// Forwards a request.
pub(super) async fn forward(pool: &Pool, request: Request<Body>) -> Response<Body> {
    let path = quoted(request.uri().path()).to_string();
    match forwarded(pool, request, &path).await {
        Ok(response) => response,
        Err(error) => {
            let (status, text) = (error.status(), error.text());
            pool.say(&format!("a request to {path} got {status}: {text}"));
            error.into_response()
        }
    }
}

async fn forwarded(
    pool: &Pool,
    request: Request<Body>,
    path: &str,
) -> Result<Response<Body>, ErrorResponse> {
    if length(request.headers()).is_some_and(|length| length > LARGEST_BODY) {
        return Err(too_large());
    }
    let (turn, worker) = connected(pool).await?;
    let deadline = Instant::now() + LONGEST_REQUEST;
    let sent = send(turn, worker, request, path.to_owned(), deadline);
    timeout_at(deadline, sent).await.unwrap_or_else(|_| {
        Err(ErrorResponse::new(
            StatusCode::GATEWAY_TIMEOUT,
            format!(
                "the worker has not answered within {} seconds, which is Runpod's limit for a request",
                LONGEST_REQUEST.as_secs()
            ),
        ))
    })
}

/// The connection to a worker.
struct Connected {
    sender: SendRequest<RequestBody>,
    connection: AbortOnDropHandle<()>,
}

/// Connects to a worker that is ready.
async fn connected(pool: &Pool) -> Result<(Turn, Connected), ErrorResponse> {
    let deadline = Instant::now() + LONGEST_WAIT;
    let mut tried = Vec::new();
    loop {
        let turn = pool.pick(&tried, deadline).await.map_err(|reason| {
            ErrorResponse::new(StatusCode::SERVICE_UNAVAILABLE, reason)
                .with_header(RETRY_AFTER, HeaderValue::from_static("5"))
        })?;
        match connect(turn.port).await {
            Ok(worker) => return Ok((turn, worker)),
            // The worker has just exited, so another one gets the request, of which nothing was sent.
            Err(_) => tried.push(turn.id.clone()),
        }
    }
}

async fn connect(port: u16) -> Result<Connected, Box<dyn std::error::Error + Send + Sync>> {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let connection = AbortOnDropHandle::new(tokio::spawn(async move {
        // The request fails, too, and reports why.
        let _ = connection.with_upgrades().await;
    }));
    Ok(Connected { sender, connection })
}

async fn send(
    mut turn: Turn,
    worker: Connected,
    request: Request<Body>,
    path: String,
    deadline: Instant,
) -> Result<Response<Body>, ErrorResponse> {
    let Connected {
        mut sender,
        connection,
    } = worker;
    let (mut parts, body) = request.into_parts();
    let protocol = upgrade::asked_for(&parts.headers);
    headers::without_connection(&mut parts.headers);
    headers::for_the_worker(&mut parts.headers, turn.port);
    if let Some(protocol) = &protocol {
        upgrade::ask_for(&mut parts.headers, protocol.clone());
    }
    parts.version = Version::HTTP_11;
    parts.uri = parts
        .uri
        .path_and_query()
        .map_or_else(|| Uri::from_static("/"), |it| it.clone().into());
    let (body, fault) = RequestBody::new(body);
    let answered = sender.send_request(Request::from_parts(parts, body)).await;
    let response = answered.map_err(|error| match fault.get() {
        Some(BodyFault::TooLarge) => too_large(),
        Some(BodyFault::BrokenOff(why)) => broken_off(why),
        None => ErrorResponse::new(
            StatusCode::BAD_GATEWAY,
            format!(
                "{} ended before it answered, so its process has probably crashed ({error}); its output says why",
                turn.id
            ),
        ),
    })?;
    turn.answered();
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        return upgrade::opened(response, turn, connection).await;
    }
    shown(response, turn, connection, fault, path, deadline)
}

fn shown(
    response: Response<Incoming>,
    turn: Turn,
    connection: AbortOnDropHandle<()>,
    request_fault: ClientFault,
    path: String,
    deadline: Instant,
) -> Result<Response<Body>, ErrorResponse> {
    if length(response.headers()).is_some_and(|length| length > LARGEST_BODY) {
        return Err(ErrorResponse::new(
            StatusCode::BAD_GATEWAY,
            format!(
                "the response of {} is larger than {LARGEST_BODY} bytes, which is Runpod's limit; upload large results, \
                 and return their address",
                turn.id
            ),
        ));
    }
    let mut response = response;
    headers::without_connection(response.headers_mut());
    *response.version_mut() = Version::HTTP_11;
    Ok(response.map(|inner| {
        let body = ResponseBody::new(inner, turn, connection, request_fault, deadline, path);
        Body::new(body)
    }))
}

fn length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn broken_off(why: &str) -> ErrorResponse {
    ErrorResponse::bad_request(format!(
        "the body of the request broke off ({why}); send a complete body, whose length matches `content-length` or whose \
         chunks are well formed"
    ))
}

fn too_large() -> ErrorResponse {
    ErrorResponse::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        format!(
            "the body of the request is larger than {LARGEST_BODY} bytes, which is Runpod's limit; upload large inputs, and \
             send their address"
        ),
    )
}
