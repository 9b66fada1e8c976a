//! A proxy in front of the S3 server that records each request, and plays faults.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// What the proxy does with a request.
pub(super) enum Fault {
    /// Passes the request to the server, and the answer to the client.
    None,
    /// Answers itself, with a status, headers (each with a line end), and a body.
    Answer(&'static str, String, String),
    /// Closes the connection before the request is passed on.
    Reset,
    /// Passes the request on, but closes the connection instead of answering.
    LoseAnswer,
}

/// A request that the proxy has read.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) method: String,
    /// The path and the query.
    pub(super) target: String,
    pub(super) head: String,
    pub(super) body_length: usize,
    /// The status of the server's answer, or an empty text.
    pub(super) status: String,
}

pub(super) struct Proxy {
    address: String,
    answered: UnboundedReceiver<Request>,
    most_at_once: Arc<AtomicUsize>,
}

impl Proxy {
    /// Starts a proxy in front of `server`. `fault` gets each request, and the number of the requests before it.
    pub(super) fn start(
        server: &str,
        fault: impl Fn(&Request, usize) -> Fault + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (sender, answered) = unbounded_channel();
        let (server, fault) = (server.to_owned(), Arc::new(fault));
        let most_at_once = Arc::new(AtomicUsize::new(0));
        let (most, open, count) = (
            Arc::clone(&most_at_once),
            Arc::new(AtomicUsize::new(0)),
            Arc::new(AtomicUsize::new(0)),
        );
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let Ok(mut client) = client else { return };
                let (sender, server, fault) = (sender.clone(), server.clone(), Arc::clone(&fault));
                let (most, open, count) =
                    (Arc::clone(&most), Arc::clone(&open), Arc::clone(&count));
                std::thread::spawn(move || {
                    let Some((mut request, body)) = read(&mut client) else {
                        return;
                    };
                    most.fetch_max(open.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    let number = count.fetch_add(1, Ordering::SeqCst);
                    let fault = fault(&request, number);
                    let answer = match &fault {
                        Fault::None | Fault::LoseAnswer => forward(&server, &request, &body),
                        Fault::Answer(status, headers, text) => format!(
                            "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n{headers}\r\n{text}",
                            text.len()
                        )
                        .into_bytes(),
                        Fault::Reset => Vec::new(),
                    };
                    request.status =
                        String::from_utf8_lossy(answer.get(9..12).unwrap_or_default()).into();
                    open.fetch_sub(1, Ordering::SeqCst);
                    // The test may have ended.
                    let _ = sender.send(request);
                    // The client may have closed the connection.
                    let _ = match fault {
                        Fault::Reset | Fault::LoseAnswer => Ok(()),
                        _ => client.write_all(&answer),
                    };
                });
            }
        });
        Self {
            address,
            answered,
            most_at_once,
        }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Waits for the next request to be answered, and returns it.
    pub(super) async fn next(&mut self) -> Request {
        self.answered.recv().await.unwrap()
    }

    /// Returns the requests that were answered since the last call.
    pub(super) fn answered(&mut self) -> Vec<Request> {
        std::iter::from_fn(|| self.answered.try_recv().ok()).collect()
    }

    /// Returns the largest number of requests that were answered at the same time.
    pub(super) fn most_at_once(&self) -> usize {
        self.most_at_once.load(Ordering::SeqCst)
    }
}

impl Request {
    pub(super) fn is_part(&self, number: u16) -> bool {
        self.target.contains(&format!("partNumber={number}&"))
    }
}

fn read(client: &mut TcpStream) -> Option<(Request, Vec<u8>)> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if client.read(&mut byte).ok()? == 0 {
            return None;
        }
        head.extend(byte);
    }
    let head = String::from_utf8(head).ok()?;
    let lower = head.to_ascii_lowercase();
    let length = lower
        .lines()
        .find_map(|line| line.strip_prefix("content-length: ")?.trim().parse().ok())
        .unwrap_or(0);
    let mut body = vec![0; length];
    client.read_exact(&mut body).ok()?;
    let mut words = head.split(' ').map(str::to_owned);
    let request = Request {
        method: words.next()?,
        target: words.next()?,
        body_length: length,
        status: String::new(),
        head,
    };
    Some((request, body))
}

/// Sends a request to the server over a connection of its own, and returns the answer's bytes.
fn forward(server: &str, request: &Request, body: &[u8]) -> Vec<u8> {
    let mut connection = TcpStream::connect(server).unwrap();
    let head = request.head.trim_end();
    let head = format!("{head}\r\nconnection: close\r\n\r\n");
    connection.write_all(head.as_bytes()).unwrap();
    connection.write_all(body).unwrap();
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer).unwrap();
    answer
}
