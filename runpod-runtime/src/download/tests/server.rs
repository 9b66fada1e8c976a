//! A server on loopback that answers each connection with the next bytes of a script, and keeps the requests.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::time::Duration;

use super::super::guard::Guard;
use super::super::settings::Downloads;

/// The address that counts as public in these tests. All other addresses are blocked.
const PUBLIC: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// An address of this machine that counts as private.
pub(super) const PRIVATE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// How a server treats one connection.
#[derive(Clone)]
pub(super) enum Answer {
    /// Sends these bytes, and closes the connection.
    Bytes(Vec<u8>),
    /// Waits until as many connections wait as the barrier needs, and sends an empty file.
    Together(Arc<Barrier>),
    /// Reads the request and sends nothing, until the client closes the connection.
    Silence,
    /// Sends this head, and then zeros until the client closes the connection.
    Endless(String),
}

pub(super) struct Server {
    pub(super) address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
    most_at_once: Arc<AtomicUsize>,
}

impl Server {
    /// Starts a server that uses the answers in order, and the last one again and again.
    pub(super) fn start(answers: Vec<Answer>) -> Self {
        Self::start_at(Ipv4Addr::LOCALHOST, answers)
    }

    pub(super) fn start_at(address: Ipv4Addr, answers: Vec<Answer>) -> Self {
        let listener = TcpListener::bind((address, 0)).unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            requests: Arc::default(),
            most_at_once: Arc::default(),
        };
        let (requests, most) = (
            Arc::clone(&server.requests),
            Arc::clone(&server.most_at_once),
        );
        let open = Arc::new(AtomicUsize::new(0));
        std::thread::spawn(move || {
            for (index, connection) in listener.incoming().enumerate() {
                let answer = answers[index.min(answers.len() - 1)].clone();
                let (requests, most, open) =
                    (Arc::clone(&requests), Arc::clone(&most), Arc::clone(&open));
                most.fetch_max(open.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                std::thread::spawn(move || {
                    let mut connection = connection.unwrap();
                    let request = head(&mut connection);
                    requests.lock().unwrap().push(request);
                    if let Answer::Together(barrier) = &answer {
                        barrier.wait();
                    }
                    // Counted before the answer, because the client may send its next request right after it.
                    open.fetch_sub(1, Ordering::SeqCst);
                    // A client may close the connection early.
                    let _ = match answer {
                        Answer::Bytes(bytes) => connection.write_all(&bytes),
                        Answer::Together(_) => connection.write_all(
                            b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
                        ),
                        Answer::Silence => connection.read(&mut [0]).map(drop),
                        Answer::Endless(start) => connection
                            .write_all(start.as_bytes())
                            .and_then(|()| loop_zeros(&mut connection)),
                    };
                });
            }
        });
        server
    }

    /// Returns the URL of a path, with a host name that resolves to this server's address.
    pub(super) fn url(&self, path: &str) -> String {
        format!("http://files.test:{}{path}", self.address.port())
    }

    pub(super) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// Returns the largest number of requests that waited for their answer at the same time.
    pub(super) fn most_at_once(&self) -> usize {
        self.most_at_once.load(Ordering::SeqCst)
    }
}

fn loop_zeros(connection: &mut std::net::TcpStream) -> std::io::Result<()> {
    let zeros = [0; 1 << 13];
    loop {
        connection.write_all(&zeros)?;
    }
}

fn head(connection: &mut std::net::TcpStream) -> String {
    let mut request = Vec::new();
    let mut byte = [0];
    while !request.ends_with(b"\r\n\r\n") && connection.read(&mut byte).is_ok_and(|read| read == 1)
    {
        request.extend(byte);
    }
    String::from_utf8(request).unwrap()
}

/// Creates an answer with a status line, headers and a body.
pub(super) fn answer(status: &str, headers: &[&str], body: impl AsRef<[u8]>) -> Answer {
    let mut head = format!("HTTP/1.1 {status}\r\nconnection: close\r\n");
    for header in headers {
        head.push_str(header);
        head.push_str("\r\n");
    }
    let mut bytes = (head + "\r\n").into_bytes();
    bytes.extend(body.as_ref());
    Answer::Bytes(bytes)
}

/// Creates a complete answer.
pub(super) fn file(body: impl AsRef<[u8]>, headers: &[&str]) -> Answer {
    let length = format!("content-length: {}", body.as_ref().len());
    let headers: Vec<_> = headers.iter().copied().chain([&*length]).collect();
    answer("200 OK", &headers, body)
}

/// Creates an answer that redirects.
pub(super) fn redirect(to: &str) -> Answer {
    answer(
        "302 Found",
        &[&format!("location: {to}"), "content-length: 0"],
        "",
    )
}

/// Creates downloads for which 127.0.0.1 is the whole public internet, and every host name resolves to it.
pub(super) fn downloads() -> Downloads {
    downloads_with(|_| Ok(vec![PUBLIC]))
}

pub(super) fn downloads_with(
    look_up: impl Fn(&str) -> std::io::Result<Vec<IpAddr>> + Send + Sync + 'static,
) -> Downloads {
    new(look_up, Duration::from_mins(2))
}

/// Creates downloads that soon give up on a server that sends nothing.
pub(super) fn impatient_downloads() -> Downloads {
    new(|_| Ok(vec![PUBLIC]), Duration::from_millis(50))
}

fn new(
    look_up: impl Fn(&str) -> std::io::Result<Vec<IpAddr>> + Send + Sync + 'static,
    read_timeout: Duration,
) -> Downloads {
    let guard = Guard::for_test(|address| address == PUBLIC, look_up);
    let mut downloads = Downloads::new(guard, 1 << 20, read_timeout).unwrap();
    downloads.first_pause = Duration::from_millis(1);
    downloads
}
