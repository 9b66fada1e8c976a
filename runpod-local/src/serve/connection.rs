//! The life of a connection: it is accepted, served until one side ends it, and closed so that its last answer arrives.

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

use super::pipeline::{ConnectionService, Pipeline, Switched};
use super::socket::{Reset, Socket};

/// How long a connection may stay open without a complete request head. This is longer than clients keep idle
/// connections. If the endpoint closed a connection just as a worker used it, a worker that does not retry would lose
/// a result.
const HEAD: Duration = Duration::from_mins(2);

/// How many bytes a client may still send after its answer, before the connection is closed.
const UNREAD_BYTES: usize = 64 * 1024 * 1024;

/// How long the client may pause while it sends these bytes.
const UNREAD_SILENCE: Duration = Duration::from_secs(2);

/// The pause between two attempts to accept if the system has no resources left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Accepts the connections of one listener.
#[derive(Debug)]
pub(super) struct Acceptor {
    pub(super) listener: TcpListener,
    pub(super) pipeline: Arc<Pipeline>,
    /// One permit per open connection. All listeners share these permits.
    pub(super) room: Arc<Semaphore>,
    /// Cancelled when the endpoint shuts down: no new connections are accepted, and idle ones are closed.
    pub(super) ending: CancellationToken,
    /// Cancelled when all connections must close immediately.
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
            // The semaphore is never closed.
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
                            "cannot accept more connections for now: {error}; open connections continue. The limit of open files for \
                             this process is shown by `ulimit -n`"
                        );
                    }
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

/// Returns whether the error concerns only one client, which closed its connection before it was accepted.
fn is_of_one_connection(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}

async fn serve(stream: TcpStream, pipeline: Arc<Pipeline>, ending: CancellationToken) {
    // Answers are written as a whole, so Nagle's algorithm would only delay them.
    let _ = stream.set_nodelay(true);
    let reset = Reset::default();
    let switched = Switched::default();
    let io = TokioIo::new(Socket::new(stream, reset.clone()));
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .serve_connection(
            io,
            ConnectionService::new(pipeline, reset.clone(), switched.clone()),
        );

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
    let parts = connection.into_parts();
    let mut socket = parts.io.into_inner();
    if let Some(tunnel) = switched.take() {
        ending
            .run_until_cancelled(tunnel.run(&mut socket, &parts.read_buf))
            .await;
    }
    if !reset.is_ordered() {
        close(socket).await;
    }
}

/// Closes the socket after the client has stopped sending. Closing earlier would reset the connection, and the client
/// could lose an answer such as "the body is too large".
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
