//! The Runpod platform over HTTP: takes, posts, heartbeats and the stop channel of docs/protocol.md.

mod answer;
mod client;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;

use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, SystemTime};

use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode};
use tokio::runtime::Handle;

use super::{BoxFuture, Health, Platform, Post, PostKind, Posted, StopSignals, Taken};
use crate::config::{PlatformUrls, Secret, Settings};
use crate::error::{Error, ErrorKind};
use crate::threads;

pub(crate) use client::ClientError;

/// How long a take and a stop poll may be held by the platform; the SDK's own number.
const LONG_POLL: Duration = Duration::from_secs(90);
/// What a post may take: this long, and a second more for each of so many bytes (a line of half a megabit a second).
const POST_BASE: Duration = Duration::from_secs(30);
const POST_BYTES_A_SECOND: u64 = 64 * 1024;
/// The protocol's own pause after a 429.
const THROTTLED: Duration = Duration::from_secs(5);
/// The longest pause that an answer may ask for.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// The largest job of the platform is 20 MB; this many bytes a job, and no more, are read.
const LARGEST_JOB: usize = 32 << 20;
/// And of all jobs of one answer together.
const LARGEST_ANSWER: usize = 128 << 20;
/// A larger answer takes so long to be read that heartbeats must not wait for it.
const LARGE_ANSWER: usize = 1 << 20;
/// The last words of an unhealthy worker.
const LAST_PING: Duration = Duration::from_secs(2);
const LONGEST_REASON: usize = 256;

/// The real platform.
#[derive(Debug)]
pub(crate) struct Runpod {
    client: Client,
    urls: PlatformUrls,
    ping_timeout: Duration,
    /// The status of the last answers to takes, as long as there was no job; else 0.
    idle_with: AtomicU16,
}

impl Runpod {
    pub(crate) fn new(
        urls: PlatformUrls,
        key: Option<&Secret>,
        ping_interval: Duration,
        handlers: &Handle,
    ) -> Result<Self, ClientError> {
        Ok(Self {
            client: client::build(key, handlers)?,
            urls,
            ping_timeout: ping_interval * 2,
            idle_with: AtomicU16::new(0),
        })
    }

    /// The platform that these settings speak of. If the system refuses a thread for the look-up of a name, it runs on
    /// `handlers`.
    pub(crate) fn of(
        urls: PlatformUrls,
        settings: &Settings,
        handlers: &Handle,
    ) -> Result<Self, Error> {
        let key = settings.api_key.as_ref();
        Self::new(urls, key, settings.ping_interval, handlers).map_err(|error| {
            Error::new(
                ErrorKind::System,
                "the connection to the platform could not be set up",
            )
            .with_source(error)
        })
    }

    async fn ask_for_jobs(&self, want: usize, in_progress: bool) -> Taken {
        let url = self.urls.take_url(want, in_progress);
        let response = match self.client.get(url).timeout(LONG_POLL).send().await {
            Ok(response) => response,
            // A poll that ran its full time says only that there was no job.
            Err(error) if error.is_timeout() && !error.is_connect() => return Taken::Nothing,
            Err(error) => return Taken::Failed(describe(error)),
        };
        let status = response.status();
        match status {
            StatusCode::OK => {}
            // 400 is normal while FlashBoot is on.
            StatusCode::NO_CONTENT | StatusCode::BAD_REQUEST => {
                self.idle(status);
                return Taken::Nothing;
            }
            StatusCode::TOO_MANY_REQUESTS => {
                return Taken::Throttled(pause(&response).unwrap_or(THROTTLED));
            }
            _ => return Taken::Failed(answer::refusal(status)),
        }
        self.idle_with.store(0, Ordering::Relaxed);
        let content_type = content_type(&response);
        let limit = LARGEST_JOB.saturating_mul(want).min(LARGEST_ANSWER);
        match read(response, limit).await {
            Ok(body) if body.len() > LARGE_ANSWER => {
                let read = threads::blocking(move || answer::jobs(&content_type, &body));
                read.await
                    .unwrap_or_else(|| Taken::Failed("the worker ends".to_owned()))
            }
            Ok(body) => answer::jobs(&content_type, &body),
            Err(why) => Taken::Failed(why),
        }
    }

    /// There is no job. Said once until a job comes: an idle worker asks a thousand times a day.
    fn idle(&self, status: StatusCode) {
        if self.idle_with.swap(status.as_u16(), Ordering::Relaxed) != status.as_u16() {
            tracing::debug!("no job ({status}); waiting for one");
        }
    }

    async fn ask_for_stops(&self, url: reqwest::Url) -> StopSignals {
        let response = match self.client.get(url).timeout(LONG_POLL).send().await {
            Ok(response) => response,
            Err(error) if error.is_timeout() && !error.is_connect() => {
                return StopSignals::Stop(Vec::new());
            }
            Err(error) => return StopSignals::Failed(describe(error)),
        };
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NO_CONTENT => return StopSignals::Stop(Vec::new()),
            StatusCode::TOO_MANY_REQUESTS => {
                return StopSignals::Throttled(pause(&response).unwrap_or(THROTTLED));
            }
            status => return StopSignals::Failed(answer::refusal(status)),
        }
        let content_type = content_type(&response);
        match read(response, 1 << 20).await {
            Ok(body) => StopSignals::Stop(answer::stops(&content_type, &body)),
            Err(why) => StopSignals::Failed(why),
        }
    }

    async fn send_ping(&self, url: reqwest::Url, timeout: Duration) {
        match self.client.get(url).timeout(timeout).send().await {
            Ok(response) if response.status().is_success() => tracing::trace!("heartbeat sent"),
            Ok(response) => tracing::debug!("heartbeat answered {}", response.status()),
            Err(error) => tracing::warn!("a heartbeat failed: {}", describe(error)),
        }
    }

    async fn send_post(&self, post: &Post) -> Posted {
        let (worker, job) = (&*post.worker_id, &*post.job_id);
        let url = match post.kind {
            PostKind::Item => self.urls.stream_url(worker, job),
            PostKind::Progress => Some(self.urls.output_url(worker, job, false)),
            PostKind::Result { streaming } => Some(self.urls.output_url(worker, job, streaming)),
        };
        let Some(url) = url else {
            return Posted::Refused {
                why: "RUNPOD_WEBHOOK_POST_STREAM is not set, so there is no place for stream items"
                    .into(),
            };
        };
        let seconds = post.body.len() as u64 / POST_BYTES_A_SECOND;
        let mut request = self
            .client
            .post(url)
            .timeout(POST_BASE + Duration::from_secs(seconds))
            // The body is JSON all the same; the platform is used to this header.
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(HeaderName::from_static("charset"), "utf-8")
            .body(post.body.clone());
        if let Ok(id) = HeaderValue::from_str(&post.job_id) {
            request = request.header(HeaderName::from_static("x-request-id"), id);
        }
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) => {
                return Posted::Later {
                    why: describe(error),
                    after: None,
                };
            }
        };
        let posted = answer::posted(response.status(), pause(&response), post.body.len());
        // Read to its end so that the connection can be used again.
        let _ = read(response, 64 << 10).await;
        posted
    }
}

impl Platform for Runpod {
    fn take(&self, want: usize, in_progress: bool) -> BoxFuture<'_, Taken> {
        Box::pin(self.ask_for_jobs(want, in_progress))
    }

    fn stop_signals(&self) -> Option<BoxFuture<'_, StopSignals>> {
        Some(Box::pin(self.ask_for_stops(self.urls.stop_url()?)))
    }

    fn ping(&self, health: Health<'_>) -> Option<BoxFuture<'_, ()>> {
        let (mut url, timeout) = match health {
            Health::Working(jobs) => (self.urls.ping_url(jobs, crate::VERSION)?, self.ping_timeout),
            Health::Unhealthy { .. } => (self.urls.ping_url(&[], crate::VERSION)?, LAST_PING),
        };
        if let Health::Unhealthy { check, reason } = health {
            let reason: String = reason.chars().take(LONGEST_REASON).collect();
            url.query_pairs_mut()
                .append_pair("status", "unhealthy")
                .append_pair("check", check)
                .append_pair("reason", &reason);
        }
        Some(Box::pin(self.send_ping(url, timeout)))
    }

    fn post<'a>(&'a self, post: &'a Post) -> BoxFuture<'a, Posted> {
        Box::pin(self.send_post(post))
    }
}

/// An error's text with its causes, and without the address, whose query may carry secrets.
fn describe(error: reqwest::Error) -> String {
    use std::error::Error;
    let error = error.without_url();
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

fn content_type(response: &Response) -> String {
    response
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_owned()
}

/// What `Retry-After` asks for.
fn pause(response: &Response) -> Option<Duration> {
    let value = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    answer::retry_after(value, SystemTime::now()).map(|pause| pause.min(LONGEST_PAUSE))
}

/// Reads a body of at most `limit` bytes.
async fn read(mut response: Response, limit: usize) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() > limit => {
                return Err(format!("the answer is larger than {limit} bytes"));
            }
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => return Ok(body),
            Err(error) => return Err(describe(error)),
        }
    }
}

#[cfg(test)]
#[path = "hostile_tests.rs"]
mod hostile;
