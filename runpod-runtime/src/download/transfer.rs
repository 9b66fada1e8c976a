//! Fetches a URL into a file: redirects, retries, and continuing after a broken connection.

use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LENGTH,
    CONTENT_RANGE, CONTENT_TYPE, COOKIE, ETAG, HeaderMap, HeaderValue, IF_RANGE, LAST_MODIFIED,
    LOCATION, RANGE, RETRY_AFTER,
};
use reqwest::{Response, StatusCode, Url};

use super::error::Cause;
use super::file_name;
use super::guard::Blocked;
use super::settings::Downloads;
use super::sink::{Encoding, Sink, Written, blocking};
use crate::handler::JobContext;

/// The number of redirects that are followed, as in the Python SDK.
const MAX_REDIRECTS: usize = 5;

/// The number of attempts in a row that bring no new bytes.
const IDLE_ATTEMPTS: u32 = 4;

/// The number of attempts in total. A server that sends a few bytes each time must not keep a job forever.
const ALL_ATTEMPTS: u32 = 50;

/// The longest pause that a server may ask for.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// This many bytes are collected before they are written.
const BATCH: usize = 1 << 20;

/// Is called with the number of bytes in the file and, if the server announced it, the whole number.
pub(super) type Report<'a> = Box<dyn FnMut(u64, Option<u64>) + Send + 'a>;

/// What to fetch.
pub(super) struct Transfer<'a> {
    pub(super) downloads: &'a Downloads,
    /// The job for which the file is fetched.
    pub(super) context: JobContext,
    pub(super) url: Url,
    /// The user's headers.
    pub(super) headers: HeaderMap,
    /// The directory of the file while it is written.
    pub(super) directory: PathBuf,
    pub(super) limit: u64,
    pub(super) progress: Option<Report<'a>>,
}

/// The file that was fetched, and what its server says about it.
pub(super) struct Fetched {
    pub(super) written: Written,
    pub(super) name: String,
    pub(super) content_type: Option<String>,
}

/// The part of a file that has arrived.
struct Partial {
    sink: Sink,
    name: String,
    content_type: Option<String>,
    /// The version of the file, with which a server can tell that the rest belongs to the part.
    version: Option<HeaderValue>,
    /// The whole length that the server announced.
    total: Option<u64>,
}

impl Transfer<'_> {
    /// Fetches the file. Retries if a later attempt may succeed, and continues where the last attempt stopped if the
    /// server supports it.
    pub(super) async fn run(mut self) -> Result<Fetched, Cause> {
        let mut partial = None;
        let mut idle = 0;
        let mut pause = self.downloads.first_pause;
        for attempt in 1.. {
            let before = partial.as_ref().map_or(0, |it: &Partial| it.sink.written());
            let cause = match self.attempt(&mut partial).await {
                Ok(()) => break,
                Err(cause) => cause,
            };
            let after = partial.as_ref().map_or(0, |it| it.sink.written());
            if after > before {
                idle = 0;
                pause = self.downloads.first_pause;
            }
            idle += 1;
            if !cause.may_pass() || idle == IDLE_ATTEMPTS || attempt == ALL_ATTEMPTS {
                return Err(cause);
            }
            let jitter = pause.mul_f64(0.5 + fastrand::f64() / 2.0);
            let wait = cause.after().unwrap_or(jitter).min(LONGEST_PAUSE);
            tracing::debug!("a download is retried in {wait:?}: {cause}");
            tokio::time::sleep(wait).await;
            pause *= 2;
        }
        let Some(done) = partial else {
            return Err(Cause::Network("the server sent no answer".to_owned()));
        };
        Ok(Fetched {
            written: done.sink.finish().await?,
            name: done.name,
            content_type: done.content_type,
        })
    }

    /// Makes one request, and writes its answer. If it fails, `partial` has what can be continued.
    async fn attempt(&mut self, partial: &mut Option<Partial>) -> Result<(), Cause> {
        let range = partial.as_ref().and_then(Partial::range);
        let response = self.request(range.as_ref()).await?;
        let mut current = match (response.status(), partial.take()) {
            (StatusCode::PARTIAL_CONTENT, Some(part)) if continues(&response, &part) => part,
            (StatusCode::OK, _) => self.begin(&response).await?,
            // The part belongs to another version of the file. The next attempt begins again.
            (StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE, _)
                if range.is_some() =>
            {
                return Err(Cause::Network(
                    "the file changed between two attempts".to_owned(),
                ));
            }
            _ => return Err(refused(response).await),
        };
        let (sink, end) = self.read(current.sink, current.total, response).await?;
        current.sink = sink;
        let missing = current.total.filter(|total| {
            current
                .sink
                .resumable()
                .is_some_and(|written| written < *total)
        });
        *partial = Some(current);
        match (end, missing) {
            (Err(cause), _) => Err(cause),
            (Ok(()), Some(total)) => Err(Cause::Network(format!(
                "the connection ended before all {total} bytes had arrived"
            ))),
            (Ok(()), None) => Ok(()),
        }
    }

    /// Sends the request and follows redirects. Every URL is checked first.
    async fn request(
        &mut self,
        range: Option<&(HeaderValue, HeaderValue)>,
    ) -> Result<Response, Cause> {
        let mut url = self.url.clone();
        let mut headers = self.headers.clone();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if let Some((bytes, version)) = range {
            headers.insert(RANGE, bytes.clone());
            headers.insert(IF_RANGE, version.clone());
        }
        for _ in 0..=MAX_REDIRECTS {
            self.downloads.guard.check(&url)?;
            let request = self
                .downloads
                .client
                .get(url.clone())
                .headers(headers.clone());
            let response = request.send().await.map_err(Cause::of_client)?;
            if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
                return Ok(response);
            }
            let next = next_hop(&url, &response)?;
            if next.origin() != url.origin() {
                // They were meant for the first server only.
                headers.remove(AUTHORIZATION);
                headers.remove(COOKIE);
                for name in self.headers.keys() {
                    headers.remove(name);
                }
            }
            url = next;
        }
        Err(Cause::Redirects(MAX_REDIRECTS))
    }

    /// Prepares the file for a whole answer.
    async fn begin(&mut self, response: &Response) -> Result<Partial, Cause> {
        let text = |name| {
            response
                .headers()
                .get(name)
                .and_then(|value| value.to_str().ok())
        };
        let encoding = Encoding::of(text(CONTENT_ENCODING))?;
        let announced = text(CONTENT_LENGTH).and_then(|length| length.parse().ok());
        if announced.is_some_and(|length: u64| length > self.limit) {
            return Err(Cause::TooLarge { limit: self.limit });
        }
        let (directory, limit) = (self.directory.clone(), self.limit);
        let sink = blocking(move || Sink::create(&directory, encoding, limit)).await?;
        // Bytes are not read as text first: header values may be UTF-8, which `to_str` refuses.
        let disposition = response
            .headers()
            .get(CONTENT_DISPOSITION)
            .map(HeaderValue::as_bytes);
        let name = disposition
            .and_then(|header| file_name::of_disposition(&String::from_utf8_lossy(header)))
            .or_else(|| file_name::of_path(self.url.path()))
            .unwrap_or_else(|| file_name::FALLBACK.to_owned());
        let strong = |value: &&HeaderValue| !value.as_bytes().starts_with(b"W/");
        let version = response.headers().get(ETAG).filter(strong);
        Ok(Partial {
            sink,
            name,
            content_type: text(CONTENT_TYPE).map(str::to_owned),
            version: version
                .or_else(|| response.headers().get(LAST_MODIFIED))
                .cloned(),
            total: announced.filter(|_| encoding == Encoding::Plain),
        })
    }

    /// Reads the answer into the file. The inner result says how the answer ended.
    async fn read(
        &mut self,
        mut sink: Sink,
        total: Option<u64>,
        mut response: Response,
    ) -> Result<(Sink, Result<(), Cause>), Cause> {
        let mut batch: Vec<Bytes> = Vec::new();
        let mut collected = 0;
        loop {
            // The caller notices a cancelled job only when this future waits.
            if self.context.is_cancelled() {
                return Err(Cause::Cancelled);
            }
            let chunk = response.chunk().await;
            let end = match chunk {
                Ok(Some(chunk)) => {
                    collected += chunk.len();
                    batch.push(chunk);
                    None
                }
                Ok(None) => Some(Ok(())),
                Err(error) => Some(Err(Cause::of_client(error))),
            };
            if collected >= BATCH || (end.is_some() && collected > 0) {
                sink = sink.write(std::mem::take(&mut batch)).await?;
                collected = 0;
                if let Some(progress) = &mut self.progress {
                    progress(sink.written(), total);
                }
            }
            if let Some(end) = end {
                return Ok((sink, end));
            }
        }
    }
}

impl Partial {
    /// Returns the `Range` and `If-Range` headers of a request for the rest.
    fn range(&self) -> Option<(HeaderValue, HeaderValue)> {
        let from = self.sink.resumable().filter(|written| *written > 0)?;
        let range = HeaderValue::from_str(&format!("bytes={from}-")).ok()?;
        Some((range, self.version.clone()?))
    }
}

/// Returns whether an answer contains the rest of a part.
fn continues(response: &Response, part: &Partial) -> bool {
    let range = response
        .headers()
        .get(CONTENT_RANGE)
        .and_then(|value| value.to_str().ok());
    let start = range
        .and_then(|it| it.strip_prefix("bytes "))
        .and_then(|it| it.split_once('-'))
        .and_then(|(start, _)| start.trim().parse().ok());
    start.is_some() && start == part.sink.resumable()
}

/// Returns the URL that a redirect names.
fn next_hop(url: &Url, response: &Response) -> Result<Url, Cause> {
    let Some(location) = response.headers().get(LOCATION) else {
        return Err(Cause::Network(
            "it was redirected without a `Location` header".to_owned(),
        ));
    };
    let location = String::from_utf8_lossy(location.as_bytes());
    url.join(&location)
        .map_err(|error| Blocked::Malformed(format!("its redirect leads nowhere: {error}")).into())
}

/// Turns an answer that is not a file into an error, with the beginning of its text.
async fn refused(mut response: Response) -> Cause {
    let status = response.status();
    let after = response
        .headers()
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok()?.trim().parse().ok())
        .map(Duration::from_secs);
    let is_text = response
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|it| {
            it.starts_with("text/plain") || it.contains("json") || it.contains("xml")
        });
    let reason = match response.chunk().await {
        Ok(Some(text)) if is_text => {
            let text = String::from_utf8_lossy(&text[..text.len().min(512)]);
            Some(crate::text::visible(text.trim()))
        }
        _ => None,
    };
    Cause::Status {
        status,
        reason: reason.filter(|it| !it.is_empty()),
        after,
    }
}
