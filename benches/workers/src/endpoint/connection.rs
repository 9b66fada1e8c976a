//! Serves the subset of HTTP/1.1 that workers need, on one connection.

use std::io::{Error, ErrorKind, Result};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::state::{Answer, State};

const LONGEST_HEAD: usize = 64 << 10;
/// The maximum size of a body whose content is kept. A larger body is discarded.
const LARGE_BODY: usize = 64 << 10;
const NO_CONTENT: &[u8] = b"HTTP/1.1 204 No Content\r\n\r\n";
const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
const UNAVAILABLE: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n";
const NOT_FOUND: &[u8] = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n";
/// How long a job-stop request is held before it is answered with an empty list.
const HOLD_STOP: Duration = Duration::from_mins(1);

struct Head {
    /// The length of the head in the buffer.
    length: usize,
    body: usize,
    path: String,
}

pub(super) async fn serve(mut stream: TcpStream, state: &State) -> Result<()> {
    let _open = state.opened();
    stream.set_nodelay(true)?;
    let mut buffer = Vec::with_capacity(LARGE_BODY);
    loop {
        let head = loop {
            if let Some(head) = Head::read(&buffer)? {
                break head;
            }
            if stream.read_buf(&mut buffer).await? == 0 {
                return Ok(());
            }
        };
        buffer.drain(..head.length);
        let is_large = head.body > LARGE_BODY;
        if is_large {
            read_away(&mut stream, &mut buffer, head.body).await?;
        } else {
            while buffer.len() < head.body {
                if stream.read_buf(&mut buffer).await? == 0 {
                    return Ok(());
                }
            }
        }
        let body = if is_large { &[] } else { &buffer[..head.body] };
        if !answer(&mut stream, state, &head.path, body).await? {
            return Ok(());
        }
        if !is_large {
            buffer.drain(..head.body);
        }
    }
}

impl Head {
    /// Returns `None` if the head is incomplete.
    fn read(buffer: &[u8]) -> Result<Option<Self>> {
        let mut headers = [httparse::EMPTY_HEADER; 32];
        let mut request = httparse::Request::new(&mut headers);
        let wrong = |what: &str| Error::new(ErrorKind::InvalidData, what.to_owned());
        let length = match request.parse(buffer) {
            Ok(httparse::Status::Complete(length)) => length,
            Ok(httparse::Status::Partial) if buffer.len() > LONGEST_HEAD => {
                return Err(wrong("the head is too long"));
            }
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(error) => return Err(Error::new(ErrorKind::InvalidData, error)),
        };
        let mut body = 0;
        for header in &*request.headers {
            if header.name.eq_ignore_ascii_case("content-length") {
                let value = str::from_utf8(header.value).ok();
                body = value
                    .and_then(|value| value.parse().ok())
                    .ok_or_else(|| wrong("content-length is not a number"))?;
            }
            if header.name.eq_ignore_ascii_case("transfer-encoding") {
                return Err(wrong("transfer-encoding is not supported"));
            }
        }
        let path = request.path.unwrap_or_default().to_owned();
        Ok(Some(Self { length, body, path }))
    }
}

/// Reads a large body to its end and discards it.
async fn read_away(stream: &mut TcpStream, buffer: &mut Vec<u8>, length: usize) -> Result<()> {
    let here = buffer.len().min(length);
    buffer.drain(..here);
    let mut left = length - here;
    let mut piece = vec![0; 256 << 10];
    while left > 0 {
        let most = left.min(piece.len());
        match stream.read(&mut piece[..most]).await? {
            0 => return Err(ErrorKind::UnexpectedEof.into()),
            read => left -= read,
        }
    }
    Ok(())
}

/// Answers a request. Returns whether the connection stays open.
async fn answer(stream: &mut TcpStream, state: &State, path: &str, body: &[u8]) -> Result<bool> {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let mut parts = path.trim_start_matches("/v2/bench/").split('/');
    let operation = parts.next().unwrap_or_default();
    let job = parts.nth(1).unwrap_or_default();
    match operation {
        "job-take" => take(stream, state, 1, false).await?,
        "job-take-batch" => {
            let size = query
                .split('&')
                .find_map(|part| part.strip_prefix("batch_size="));
            let size = size.and_then(|size| size.parse().ok()).unwrap_or(1);
            take(stream, state, size, true).await?;
        }
        "job-done" => match state.result(job) {
            Answer::Accepted => stream.write_all(OK).await?,
            Answer::Refused => stream.write_all(UNAVAILABLE).await?,
            Answer::Closed => return Ok(false),
            Answer::Nothing => {
                gone(stream).await;
                return Ok(false);
            }
        },
        "job-stream" => {
            state.item(body);
            stream.write_all(OK).await?;
        }
        "ping" => {
            state.ping();
            stream.write_all(OK).await?;
        }
        "job-stop" => {
            if tokio::time::timeout(HOLD_STOP, gone(stream)).await.is_ok() {
                return Ok(false);
            }
            stream.write_all(NO_CONTENT).await?;
        }
        _ => stream.write_all(NOT_FOUND).await?,
    }
    Ok(true)
}

async fn take(stream: &mut TcpStream, state: &State, wanted: u64, batch: bool) -> Result<()> {
    let jobs = tokio::select! {
        biased;
        // A worker that has closed the connection must not receive jobs.
        () = gone(stream) => return Err(ErrorKind::UnexpectedEof.into()),
        jobs = state.take(wanted, batch) => jobs,
    };
    let Some(jobs) = jobs else {
        return stream.write_all(NO_CONTENT).await;
    };
    let length = jobs.len();
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{jobs}"
    );
    stream.write_all(answer.as_bytes()).await
}

/// Waits until the worker closes the connection. A worker sends nothing while it waits for an answer.
async fn gone(stream: &TcpStream) {
    // After the read, whatever its result, the connection cannot be used any more.
    let _ = stream.peek(&mut [0]).await;
}
