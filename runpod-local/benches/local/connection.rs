//! A client with as little overhead as possible: one connection, ready-made request bytes, and answers of a known
//! length.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::Outcome;

#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    /// The bytes of the answer read so far.
    read: Vec<u8>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    pub(crate) body: &'a [u8],
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Outcome<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            read: Vec::with_capacity(64 * 1024),
        })
    }

    pub(crate) async fn ask(&mut self, request: &[u8]) -> Outcome<Answer<'_>> {
        self.stream.write_all(request).await?;
        self.read.clear();
        let (status, head, body) = loop {
            if self.stream.read_buf(&mut self.read).await? == 0 {
                return Err("the server closed the connection".into());
            }
            if let Some(head) = head(&self.read)? {
                break head;
            }
        };
        while self.read.len() < head + body {
            if self.stream.read_buf(&mut self.read).await? == 0 {
                return Err("the server closed the connection in the middle of a body".into());
            }
        }
        Ok(Answer {
            status,
            body: &self.read[head..head + body],
        })
    }
}

/// Returns the status, the length of the head and the length of the body, or `None` while the head is incomplete.
fn head(read: &[u8]) -> Outcome<Option<(u16, usize, usize)>> {
    let Some(end) = read.windows(4).position(|it| it == b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = std::str::from_utf8(&read[..end])?;
    let status = head.get(9..12).ok_or("no status")?.parse()?;
    let mut body = 0;
    for line in head.split("\r\n") {
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            body = value.trim().parse()?;
        }
    }
    Ok(Some((status, end + 4, body)))
}

pub(crate) fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: local\r\n\r\n").into_bytes()
}

pub(crate) fn post(path: &str, body: &str) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: local\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Returns the text between `"id":"` and the next quote.
pub(crate) fn id(body: &[u8]) -> Option<&str> {
    let body = std::str::from_utf8(body).ok()?;
    let (_, after) = body.split_once("\"id\":\"")?;
    Some(after.split_once('"')?.0)
}
