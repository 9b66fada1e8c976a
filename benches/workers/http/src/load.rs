//! The clients: connections that send one request after the other.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{ACCEPT, CONTENT_TYPE, HOST};
use hyper::{Method, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;
use worker_bench::sample::float;

use crate::Outcome;

/// A request that is repeated.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request {
    method: &'static Method,
    path: &'static str,
    accept: &'static str,
    body: &'static str,
}

impl Request {
    pub(crate) fn health() -> Self {
        Self {
            method: &Method::GET,
            path: "/ping",
            accept: "*/*",
            body: "",
        }
    }

    pub(crate) fn value() -> Self {
        Self {
            method: &Method::POST,
            path: "/value",
            accept: "application/json",
            body: r#"{"ms":0}"#,
        }
    }

    /// Requests a stream of [`ITEMS`] items.
    pub(crate) fn items() -> Self {
        Self {
            method: &Method::POST,
            path: "/items",
            accept: "text/event-stream",
            body: r#"{"items":1000}"#,
        }
    }
}

/// The number of items of each stream.
pub(crate) const ITEMS: u64 = 1000;

/// What the clients counted and measured.
#[derive(Debug, Default)]
pub(crate) struct Counted {
    pub(crate) responses: u64,
    /// How long each response took, in microseconds.
    pub(crate) latencies: Vec<f64>,
}

/// Returns whether the server answers one request with 200.
pub(crate) async fn succeeds(address: SocketAddr, request: Request) -> bool {
    let limit = Duration::from_secs(1);
    let answer = timeout(limit, async {
        Client::connect(address).await?.send(request).await
    });
    matches!(answer.await, Ok(Ok(_)))
}

/// Sends requests over several connections until the time is over.
pub(crate) async fn run(
    address: SocketAddr,
    request: Request,
    connections: usize,
    window: Duration,
) -> Outcome<Counted> {
    let end = Instant::now() + window;
    let clients = (0..connections).map(|_| async move {
        let mut client = Client::connect(address).await?;
        let mut counted = Counted::default();
        while Instant::now() < end {
            let sent = Instant::now();
            client.send(request).await?;
            counted.responses += 1;
            counted.latencies.push(sent.elapsed().as_secs_f64() * 1e6);
        }
        Outcome::Ok(counted)
    });
    let mut total = Counted::default();
    for counted in futures_util::future::join_all(clients).await {
        let counted = counted?;
        total.responses += counted.responses;
        total.latencies.extend(counted.latencies);
    }
    Ok(total)
}

impl Counted {
    /// Returns the latency that 99 % of the responses did not exceed, in microseconds.
    pub(crate) fn slowest_percent(&mut self) -> Option<f64> {
        self.latencies.sort_by(f64::total_cmp);
        let rank = self.latencies.len() * 99 / 100;
        self.latencies.get(rank).copied()
    }

    pub(crate) fn count(&self) -> f64 {
        float(self.responses)
    }
}

/// A keep-alive connection.
struct Client(SendRequest<Full<Bytes>>);

impl Client {
    async fn connect(address: SocketAddr) -> Outcome<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self(sender))
    }

    /// Sends a request and reads the whole response.
    async fn send(&mut self, request: Request) -> Outcome<()> {
        self.0.ready().await?;
        let built = hyper::Request::builder()
            .method(request.method)
            .uri(request.path)
            .header(HOST, "localhost")
            .header(CONTENT_TYPE, "application/json")
            .header(ACCEPT, request.accept)
            .body(Full::new(Bytes::from_static(request.body.as_bytes())))?;
        let mut response = self.0.send_request(built).await?;
        let status = response.status();
        let mut events = 0;
        let mut last = 0;
        while let Some(frame) = response.frame().await {
            if let Ok(data) = frame?.into_data() {
                for byte in data {
                    events += u64::from(byte == b'\n' && last == b'\n');
                    last = byte;
                }
            }
        }
        if status != StatusCode::OK {
            return Err(format!("{} answered {status}", request.path).into());
        }
        if request.path == "/items" && events < ITEMS {
            return Err(format!("a stream had {events} events instead of {ITEMS}").into());
        }
        Ok(())
    }
}
