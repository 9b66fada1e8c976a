//! A connection's life: accepted, served until one side ends it, closed in such a way that its last answer arrives.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::pipeline::{ConnectionService, Pipeline};
use super::socket::{Reset, Socket};

/// How long a connection may be without a complete request head. Longer than clients keep idle connections for another
/// request: one that was closed in the moment of its use is a lost result to a worker that does not retry.
const HEAD: Duration = Duration::from_mins(2);

/// What a client may still send after an answer that did not wait for it, before it is cut off.
const UNREAD_BYTES: usize = 64 * 1024 * 1024;

/// How long it may be silent meanwhile.
const UNREAD_SILENCE: Duration = Duration::from_secs(2);

/// Between two attempts to accept when the system has no resources left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The loop that accepts.
#[derive(Debug)]
pub(super) struct Acceptor {
    pub(super) listener: TcpListener,
    pub(super) pipeline: Arc<Pipeline>,
    /// A permit for each connection that may be open, at all listeners together.
    pub(super) room: Arc<Semaphore>,
    /// No further connection, and none that waits for a request stays.
    pub(super) ending: CancellationToken,
    /// Every connection is closed.
    pub(super) cut: CancellationToken,
    pub(super) connections: TaskTracker,
}

impl Acceptor {
    pub(super) async fn run(self) {
        let ending = self.ending.clone();
        ending.run_until_cancelled(self.accept()).await;
    }

    async fn accept(self) {
        let mut refused = false;
        loop {
            // It is never closed.
            let Ok(place) = Arc::clone(&self.room).acquire_owned().await else {
                return;
            };
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    refused = false;
                    let served = serve(stream, Arc::clone(&self.pipeline), self.ending.clone());
                    let cut = self.cut.clone();
                    self.connections.spawn(async move {
                        cut.run_until_cancelled(served).await;
                        drop(place);
                    });
                }
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    if !std::mem::replace(&mut refused, true) {
                        tracing::warn!(
                            "no further connection can be accepted for now: {error}; those that are open go on. \
                             `ulimit -n` says how many files this process may open"
                        );
                    }
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

/// The client went away before it was accepted; the next one has nothing to do with it.
fn is_of_one_connection(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}

async fn serve(stream: TcpStream, pipeline: Arc<Pipeline>, ending: CancellationToken) {
    // Answers are written whole; waiting for more would only delay them.
    let _ = stream.set_nodelay(true);
    let reset = Reset::default();
    let io = TokioIo::new(Socket::new(stream, reset.clone()));
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .serve_connection(io, ConnectionService::new(pipeline, reset.clone()));

    let mut ended = pin!(ending.cancelled());
    let mut is_ending = false;
    loop {
        tokio::select! {
            biased;
            result = poll_fn(|context| connection.poll_without_shutdown(context)) => {
                if let Err(error) = result {
                    tracing::debug!("a connection ended: {error}");
                }
                break;
            }
            () = &mut ended, if !is_ending => {
                is_ending = true;
                std::pin::Pin::new(&mut connection).graceful_shutdown();
            }
        }
    }
    if !reset.is_ordered() {
        close(connection.into_parts().io.into_inner()).await;
    }
}

/// Closing while the client still sends would reset the connection, and with it lose an answer such as "that is too large".
async fn close(mut socket: Socket) {
    if socket.shutdown().await.is_err() {
        return;
    }
    let mut unread = Vec::new();
    let mut left = UNREAD_BYTES;
    loop {
        unread.clear();
        unread.reserve(16 * 1024);
        match timeout(UNREAD_SILENCE, socket.read_buf(&mut unread)).await {
            Ok(Ok(read)) if read > 0 && read < left => left -= read,
            _ => return,
        }
    }
}
