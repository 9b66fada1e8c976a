//! A proxy between a worker and the endpoint. It forwards the posts of results and progress, and keeps copies. The
//! public API does not show every progress update, nor whether a result requests a fresh worker.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1 as client;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::AbortHandle;

/// The posts for a job.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Posted {
    pub(crate) progress: Vec<Value>,
    pub(crate) refreshes: bool,
    pub(crate) has_ended: bool,
}

type Copies = Arc<Mutex<HashMap<String, Posted>>>;

#[derive(Debug)]
pub(crate) struct Wire {
    pub(crate) address: SocketAddr,
    copies: Copies,
    changed: watch::Receiver<()>,
    server: AbortHandle,
}

impl Wire {
    /// Starts a proxy to `endpoint`.
    pub(crate) async fn to(endpoint: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a loopback port is free");
        let address = listener
            .local_addr()
            .expect("a bound socket has an address");
        let copies = Copies::default();
        let (sender, changed) = watch::channel(());
        let shared = Arc::clone(&copies);
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (copies, sender) = (Arc::clone(&shared), sender.clone());
                let service = service_fn(move |request| {
                    let (copies, sender) = (Arc::clone(&copies), sender.clone());
                    async move {
                        let answer = pass_on(request, endpoint, &copies).await;
                        sender.send_replace(());
                        Ok::<_, Infallible>(answer.unwrap_or_else(|fault| failed(&fault)))
                    }
                });
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        Self {
            address,
            copies,
            changed,
            server: server.abort_handle(),
        }
    }

    /// Waits for the result of `job` and the expected number of progress updates, and returns the posts.
    pub(crate) async fn posted(&mut self, job: &str, updates: usize) -> Posted {
        loop {
            let copy = self
                .copies
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .get(job)
                .cloned();
            match copy {
                Some(posted) if posted.has_ended && posted.progress.len() >= updates => {
                    return posted;
                }
                _ => self.changed.changed().await.expect("the proxy runs"),
            }
        }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn failed(fault: &str) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::new(Bytes::from(fault.to_owned())));
    *answer.status_mut() = StatusCode::BAD_GATEWAY;
    answer
}

async fn pass_on(
    request: Request<Incoming>,
    endpoint: SocketAddr,
    copies: &Copies,
) -> Result<Response<Full<Bytes>>, String> {
    let (parts, body) = request.into_parts();
    let body = body
        .collect()
        .await
        .map_err(|error| error.to_string())?
        .to_bytes();
    keep(parts.uri.path(), &body, copies);
    let stream = TcpStream::connect(endpoint)
        .await
        .map_err(|error| error.to_string())?;
    let (mut sender, connection) = client::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| error.to_string())?;
    let connection = tokio::spawn(connection);
    let request = Request::from_parts(parts, Full::new(body));
    let answer = sender
        .send_request(request)
        .await
        .map_err(|error| error.to_string())?;
    let (parts, body) = answer.into_parts();
    let body = body
        .collect()
        .await
        .map_err(|error| error.to_string())?
        .to_bytes();
    connection.abort();
    Ok(Response::from_parts(parts, Full::new(body)))
}

/// Keeps a copy of a post to `…/job-done/WORKER/JOB`.
fn keep(path: &str, body: &[u8], copies: &Copies) {
    let job = path.rsplit('/').next().unwrap_or_default();
    let Ok(mut said) = serde_json::from_slice::<Value>(body) else {
        return;
    };
    let mut copies = copies.lock().unwrap_or_else(PoisonError::into_inner);
    let posted = copies.entry(job.to_owned()).or_default();
    if said["status"] == "IN_PROGRESS" {
        posted.progress.push(said["output"].take());
    } else {
        posted.refreshes = said["stopPod"] == true;
        posted.has_ended = true;
    }
}
