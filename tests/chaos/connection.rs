//! One connection. hyper handles HTTP until a fault takes over the raw connection.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::answers::Asking;
use crate::endpoint::Shared;
use crate::jobs::Job;

/// The size of an endless answer: far more than a worker may read, but not so much that it would overload the
/// machine.
const GIGABYTE: usize = 1 << 30;
const CHUNK: usize = 64 << 10;

/// The action on the connection that replaces a regular answer from hyper.
#[derive(Debug)]
pub(crate) enum Fate {
    Close,
    Reset,
    Raw(Raw),
}

/// Raw bytes in place of a valid answer.
#[derive(Debug)]
pub(crate) struct Raw {
    pub(crate) head: String,
    pub(crate) body: Body,
    /// The jobs in these bytes. They are put back if the bytes do not arrive.
    pub(crate) jobs: Vec<Job>,
    /// Dropped when the first byte is written.
    pub(crate) asking: Option<Asking>,
}

#[derive(Debug)]
pub(crate) enum Body {
    /// These bytes in small pieces, with a pause after each.
    Drops(Bytes, Duration),
    /// These bytes, followed by a reset.
    Cut(Bytes),
    /// These bytes repeated up to a gigabyte.
    Flood(Bytes),
}

impl Body {
    pub(crate) fn flood_of(byte: &[u8]) -> Self {
        Self::Flood(byte.repeat(CHUNK / byte.len()).into())
    }
}

/// The place where a service stores the action for its connection.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wire(Arc<Mutex<Option<Fate>>>);

/// Returned instead of an answer once the action for the connection is stored.
#[derive(Debug, thiserror::Error)]
#[error("the endpoint breaks this connection")]
pub(crate) struct Broken;

impl Wire {
    pub(crate) fn meets(&self, fate: Fate) -> Broken {
        *self.0.lock().expect("nothing panics while holding it") = Some(fate);
        Broken
    }

    fn fate(&self) -> Option<Fate> {
        self.0
            .lock()
            .expect("nothing panics while holding it")
            .take()
    }
}

type Answer = Pin<Box<dyn Future<Output = Result<Response<Full<Bytes>>, Broken>> + Send>>;

/// Serves a connection until it ends.
pub(crate) async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    // Only faults may cause delays.
    let _ = stream.set_nodelay(true);
    let wire = Wire::default();
    let service = service_fn(|request: Request<Incoming>| -> Answer {
        Box::pin(Arc::clone(&shared).answer(request, wire.clone()))
    });
    let mut connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    // An error means that the worker has gone or that a fault broke the connection.
    let _ = poll_fn(|context| connection.poll_without_shutdown(context)).await;
    let stream = connection.into_parts().io.into_inner();
    match wire.fate() {
        None | Some(Fate::Close) => {}
        Some(Fate::Reset) => reset(&stream),
        Some(Fate::Raw(raw)) => {
            let Raw {
                head,
                body,
                jobs,
                asking,
            } = raw;
            // The worker may receive the last byte before this code knows that the byte was written.
            drop(asking);
            let cuts = matches!(body, Body::Cut(_));
            let written = write(stream, head, body).await;
            if cuts || written.is_err() {
                shared.put_back(jobs);
            }
        }
    }
}

async fn write(mut stream: TcpStream, head: String, body: Body) -> io::Result<()> {
    stream.write_all(head.as_bytes()).await?;
    match body {
        Body::Drops(bytes, pause) => {
            for drop in bytes.chunks(16) {
                stream.write_all(drop).await?;
                tokio::time::sleep(pause).await;
            }
        }
        Body::Cut(bytes) => {
            stream.write_all(&bytes).await?;
            reset(&stream);
            return Ok(());
        }
        Body::Flood(chunk) => {
            for _ in 0..GIGABYTE / chunk.len() {
                stream.write_all(&chunk).await?;
            }
        }
    }
    stream.shutdown().await
}

/// Makes the connection reset as soon as it is dropped.
fn reset(stream: &TcpStream) {
    let _ = stream.set_zero_linger();
}
