//! Asks a worker for its health, as Runpod's load balancer does.

use std::io;
use std::net::Ipv4Addr;
use std::time::Duration;

use axum::http::StatusCode;
use bytes::Bytes;
use http_body_util::Empty;
use hyper::Request;
use hyper::client::conn::http1;
use hyper::header::HOST;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::pool::Pool;

/// The pause between two checks of a worker that is not ready.
const SHORT_PAUSE: Duration = Duration::from_millis(50);

/// The pause between two checks of a worker that is ready.
const LONG_PAUSE: Duration = Duration::from_secs(1);

/// How long a worker may take for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Tells the pool whether the worker is ready, until the worker no longer exists.
pub(super) async fn watch(pool: Pool, id: String, port: u16, path: String) {
    loop {
        // 204 means that the worker is still starting. Any other status means that it must get no requests.
        let is_ready = match timeout(PATIENCE, ask(port, &path)).await {
            Ok(Ok(status)) => status == StatusCode::OK,
            Ok(Err(_)) | Err(_) => false,
        };
        if !pool.probed(&id, is_ready) {
            return;
        }
        sleep(if is_ready { LONG_PAUSE } else { SHORT_PAUSE }).await;
    }
}

async fn ask(port: u16, path: &str) -> io::Result<StatusCode> {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(io::Error::other)?;
    let request = Request::get(path)
        .header(HOST, format!("127.0.0.1:{port}"))
        .body(Empty::<Bytes>::new())
        .map_err(io::Error::other)?;
    let asking = async {
        let answer = sender.send_request(request).await;
        answer.map(|answer| answer.status())
    };
    let mut asking = std::pin::pin!(asking);
    tokio::select! {
        status = &mut asking => status,
        // The connection ends with an error, or after its last answer.
        _ = connection => asking.await,
    }
    .map_err(io::Error::other)
}
