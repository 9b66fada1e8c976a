//! Requests that switch the connection to another protocol, such as WebSocket.

use axum::body::Body;
use axum::http::header::{CONNECTION, UPGRADE};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};
use hyper::body::Incoming;
use tokio_util::task::AbortOnDropHandle;

use super::headers::without_connection;
use super::pool::Turn;
use crate::response::ErrorResponse;
use crate::serve::Tunnel;

/// Returns the protocol that a request wants to switch to.
pub(super) fn asked_for(headers: &HeaderMap) -> Option<HeaderValue> {
    let mut words = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    let asks = words.any(|word| word.trim().eq_ignore_ascii_case("upgrade"));
    headers.get(UPGRADE).filter(|_| asks).cloned()
}

/// Asks the other side to switch to this protocol, or agrees to it.
pub(super) fn ask_for(headers: &mut HeaderMap, protocol: HeaderValue) {
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, protocol);
}

/// Returns the response that opens a tunnel.
pub(super) async fn opened(
    mut response: Response<Incoming>,
    turn: Turn,
    connection: AbortOnDropHandle<()>,
) -> Result<Response<Body>, ErrorResponse> {
    let broken = |what: &str| {
        ErrorResponse::new(
            StatusCode::BAD_GATEWAY,
            format!("{} cannot switch the protocol: {what}", turn.id),
        )
    };
    let protocol = asked_for(response.headers());
    let protocol = protocol.ok_or_else(|| broken("its response names no protocol"))?;
    let worker = hyper::upgrade::on(&mut response)
        .await
        .map_err(|error| broken(&error.to_string()))?;
    let mut response = response.map(|_| Body::empty());
    without_connection(response.headers_mut());
    ask_for(response.headers_mut(), protocol);
    let tunnel = Tunnel::new(worker, (turn, connection));
    response.extensions_mut().insert(tunnel);
    Ok(response)
}
