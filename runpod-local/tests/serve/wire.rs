//! HTTP at the level of bytes, so that a test can also send bytes that no client would send.

use std::io;

use runpod_local::{Endpoint, Running};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

pub(crate) async fn served(endpoint: Endpoint) -> Running {
    endpoint.bind("127.0.0.1", 0).await.unwrap()
}

/// A connection to the endpoint.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    unread: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The headers, with their names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(it, _)| it == name)?;
        Some(value)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Returns the message of an error, after checking that the body has no other field.
    pub(crate) fn error(&self) -> String {
        assert!(self.status >= 400, "{self:?}");
        assert_eq!(
            self.header("content-type"),
            Some("application/json"),
            "{self:?}"
        );
        let body = self.json();
        assert_eq!(
            body.as_object().map(serde_json::Map::len),
            Some(1),
            "{self:?}"
        );
        body["error"]
            .as_str()
            .expect("the value is a string")
            .to_owned()
    }
}

impl Connection {
    pub(crate) async fn open(endpoint: &Running) -> Self {
        Self {
            stream: TcpStream::connect(endpoint.address()).await.unwrap(),
            unread: Vec::new(),
        }
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
    }

    pub(crate) async fn answer(&mut self) -> Answer {
        self.try_answer().await.expect("the endpoint answers")
    }

    /// # Errors
    ///
    /// Fails if the connection is closed or reset before the answer is complete.
    pub(crate) async fn try_answer(&mut self) -> io::Result<Answer> {
        let end = loop {
            if let Some(end) = self.unread.windows(4).position(|it| it == b"\r\n\r\n") {
                break end;
            }
            self.read_on().await?;
        };
        let head = String::from_utf8(self.unread[..end].to_vec()).unwrap();
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap()[9..12].parse().unwrap();
        let headers: Vec<_> = lines
            .map(|line| line.split_once(": ").unwrap())
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let length = headers
            .iter()
            .find(|(name, _)| name == "content-length")
            .map_or(0, |(_, length)| length.parse().unwrap());
        let body = end + 4;
        while self.unread.len() < body + length {
            self.read_on().await?;
        }
        let answer = Answer {
            status,
            headers,
            body: String::from_utf8(self.unread[body..body + length].to_vec()).unwrap(),
        };
        self.unread.drain(..body + length);
        Ok(answer)
    }

    /// Waits until the server closes the connection, and checks that it sends nothing more.
    ///
    /// # Errors
    ///
    /// Fails if the connection is reset.
    pub(crate) async fn end(&mut self) -> io::Result<()> {
        assert!(self.unread.is_empty(), "the connection has unread bytes");
        let mut more = Vec::new();
        self.stream.read_to_end(&mut more).await?;
        assert_eq!(String::from_utf8_lossy(&more), "");
        Ok(())
    }

    async fn read_on(&mut self) -> io::Result<()> {
        if self.stream.read_buf(&mut self.unread).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(())
    }
}

/// Sends one request on a new connection. Adds a Host header if `headers` has none.
pub(crate) async fn ask(
    endpoint: &Running,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Answer {
    try_ask(endpoint, method, path, headers, body)
        .await
        .expect("the endpoint answers")
}

/// # Errors
///
/// Fails if the connection is closed or reset before the answer is complete.
pub(crate) async fn try_ask(
    endpoint: &Running,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> io::Result<Answer> {
    let mut connection = Connection::open(endpoint).await;
    connection
        .send(request(endpoint, method, path, headers, body))
        .await;
    connection.try_answer().await
}

pub(crate) fn request(
    endpoint: &Running,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> String {
    let has = |wanted: &str| headers.iter().any(|(name, _)| *name == wanted);
    let mut lines = vec![format!("{method} {path} HTTP/1.1")];
    if !has("Host") {
        lines.push(format!("Host: {}", endpoint.address()));
    }
    let is_of_workers = path.contains("/job-") || path.contains("/ping/");
    if is_of_workers && !has("Authorization") {
        lines.push("Authorization: local".to_owned());
    }
    if !body.is_empty() {
        lines.push(format!("Content-Length: {}", body.len()));
        if !has("Content-Type") {
            lines.push("Content-Type: application/json".to_owned());
        }
    }
    lines.extend(
        headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}")),
    );
    lines.push(format!("\r\n{body}"));
    lines.join("\r\n")
}

pub(crate) async fn get(endpoint: &Running, path: &str) -> Answer {
    ask(endpoint, "GET", path, &[], "").await
}

pub(crate) async fn run(endpoint: &Running) -> Answer {
    ask(endpoint, "POST", "/run", &[], "{\"input\": 1}").await
}

/// Returns the number of queued jobs.
pub(crate) async fn queued(endpoint: &Running) -> u64 {
    let health = get(endpoint, "/health").await.json();
    health["jobs"]["inQueue"].as_u64().unwrap()
}
