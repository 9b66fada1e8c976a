//! The Runpod platform over HTTP: job-take requests, posts, heartbeats and the stop channel
//! (docs/reference/protocol.md).

mod answer;
mod body;
mod client;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;

use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Method, Request, Response, StatusCode, Url};
use tokio::runtime::Handle;
use tokio::time::timeout;

use super::{BoxFuture, Health, Platform, Post, PostKind, Posted, StopSignals, TakeAnswer, Taken};
use crate::config::{LARGEST_RESULT, PlatformUrls, Secret, Settings};
use crate::error::{Error, ErrorKind};
use crate::process::threads;

pub(crate) use client::ClientError;
use client::describe;

/// How long the platform may hold a job-take request or a stop poll. The SDK uses the same value.
const LONG_POLL: Duration = Duration::from_secs(90);
/// The pause that the protocol prescribes after a 429.
const THROTTLED: Duration = Duration::from_secs(5);
/// The longest pause that an answer may ask for.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// The maximum size of a job on the platform, including all keys next to its input. This many bytes are read for each
/// job that was requested.
const LARGEST_JOB: usize = 21 << 20;
/// The maximum number of jobs that one request asks for, however many slots are free. So an answer has at most 336
/// MiB.
const MOST_JOBS: usize = 16;
/// An answer larger than this is read on another thread, because reading it takes so long that it would delay
/// heartbeats.
const LARGE_ANSWER: usize = 1 << 20;
/// The time limit for the last ping of an unhealthy worker.
const LAST_PING: Duration = Duration::from_secs(2);
const LONGEST_REASON: usize = 256;
/// The maximum length of a heartbeat's URL. Servers refuse longer URLs: nginx reads a request line of 8 KiB by
/// default.
const LONGEST_PING: usize = 8000;
/// The lowest value to which this maximum is reduced. No server refuses a URL of this length because of its length.
const SHORTEST_PING: usize = 2000;

const CHARSET: HeaderName = HeaderName::from_static("charset");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");
const UTF_8: HeaderValue = HeaderValue::from_static("utf-8");

/// The real platform.
#[derive(Debug)]
pub(crate) struct Runpod {
    client: Client,
    urls: PlatformUrls,
    ping_timeout: Duration,
    /// The status of the last answers to job-take requests, if they contained no job. Otherwise 0.
    idle_with: AtomicU16,
    /// The longest URL that a heartbeat may have. No server has refused that length so far.
    longest_ping: AtomicUsize,
    /// The size in bytes beyond which results and stream items are not posted.
    largest_result: usize,
    /// The runtime on which large answers are read if the system refuses a thread for that.
    handlers: Handle,
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
            longest_ping: AtomicUsize::new(LONGEST_PING),
            largest_result: LARGEST_RESULT,
            handlers: handlers.clone(),
        })
    }

    /// Creates the platform for these settings. If the system refuses a thread for a DNS lookup or for reading a large
    /// answer, that work runs on `handlers`.
    pub(crate) fn of(
        urls: PlatformUrls,
        settings: &Settings,
        handlers: &Handle,
    ) -> Result<Self, Error> {
        let key = settings.api_key.as_ref();
        let runpod = Self::new(urls, key, settings.ping_interval, handlers).map_err(|error| {
            Error::new(
                ErrorKind::System,
                "the connection to the platform could not be set up",
            )
            .with_source(error)
        })?;
        Ok(Self {
            largest_result: settings.largest_result,
            ..runpod
        })
    }

    async fn ask_for_jobs(&self, want: usize, in_progress: bool) -> TakeAnswer {
        let want = want.min(MOST_JOBS);
        let response = match self.poll(self.urls.take_url(want, in_progress)).await {
            Ok(Some(response)) => response,
            // If the platform held the request for the full time, there was no job.
            Ok(None) => return Taken::Nothing.into(),
            Err(why) => return Taken::Failed(why).into(),
        };
        let status = response.status();
        match status {
            StatusCode::OK => {
                self.idle_with.store(0, Ordering::Relaxed);
                TakeAnswer::Begun(Box::pin(jobs_of(response, want, self.handlers.clone())))
            }
            // The platform answers 400 while FlashBoot is on. That is normal.
            StatusCode::NO_CONTENT | StatusCode::BAD_REQUEST => {
                self.idle(status);
                Taken::Nothing.into()
            }
            StatusCode::TOO_MANY_REQUESTS => {
                Taken::Throttled(pause(&response).unwrap_or(THROTTLED)).into()
            }
            _ => Taken::Failed(answer::refusal(status)).into(),
        }
    }

    /// Sends a request and waits until an answer begins. Returns `None` if the platform holds the request for the full
    /// time.
    async fn poll(&self, url: Url) -> Result<Option<Response>, String> {
        match timeout(LONG_POLL, self.client.get(url).send()).await {
            Ok(Ok(response)) => Ok(Some(response)),
            Ok(Err(error)) => Err(describe(error)),
            Err(_) => Ok(None),
        }
    }

    /// Logs that there is no job, but only once until the next job, because an idle worker asks a thousand times a
    /// day.
    fn idle(&self, status: StatusCode) {
        if self.idle_with.swap(status.as_u16(), Ordering::Relaxed) != status.as_u16() {
            tracing::debug!("no job ({status}); waiting for one");
        }
    }

    async fn ask_for_stops(&self, url: Url) -> StopSignals {
        let response = match self.poll(url).await {
            Ok(Some(response)) => response,
            Ok(None) => return StopSignals::Stop(Vec::new()),
            Err(why) => return StopSignals::Failed(why),
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
        match body::read(response, 1 << 20).await {
            Ok(body) => StopSignals::Stop(answer::stops(&content_type, &body)),
            Err(unfinished) => StopSignals::Failed(unfinished.why),
        }
    }

    /// Sends heartbeats that name all jobs: one, or several if one URL cannot hold all ids.
    async fn send_pings(&self, mut jobs: &[String]) {
        loop {
            let longest = self.longest_ping.load(Ordering::Relaxed);
            let Some((url, named)) = self.urls.ping_url(jobs, crate::platform::VERSION, longest)
            else {
                return;
            };
            let length = url.as_str().len();
            let status = self.send_ping(url, self.ping_timeout).await;
            if named > 1 && length > SHORTEST_PING && status.is_some_and(answer::may_be_too_long) {
                let shorter = (length / 2).max(SHORTEST_PING);
                tracing::debug!("heartbeat URLs have at most {shorter} bytes from now on");
                // Another heartbeat may have found a lower limit in the meantime.
                self.longest_ping.fetch_min(shorter, Ordering::Relaxed);
                continue;
            }
            jobs = jobs.get(named..).unwrap_or_default();
            if jobs.is_empty() {
                return;
            }
        }
    }

    /// Sends a heartbeat and returns the status of the answer, if there is one.
    async fn send_ping(&self, url: Url, timeout: Duration) -> Option<StatusCode> {
        match self.client.get(url).timeout(timeout).send().await {
            Ok(response) if response.status().is_success() => {
                tracing::trace!("heartbeat sent");
                Some(response.status())
            }
            Ok(response) => {
                tracing::debug!(
                    "the platform answered a heartbeat with {}",
                    response.status()
                );
                Some(response.status())
            }
            Err(error) => {
                tracing::warn!("a heartbeat failed: {}", describe(error));
                None
            }
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
                why: "RUNPOD_WEBHOOK_POST_STREAM is not set, so stream items cannot be posted"
                    .into(),
            };
        };
        let request = post_request(url, job, post.body.clone());
        let response = match self.client.execute(request).await {
            Ok(response) => response,
            Err(error) => {
                return Posted::Later {
                    why: describe(error),
                    after: None,
                };
            }
        };
        let status = response.status();
        let posted = if status.is_success() {
            Posted::Accepted
        } else {
            answer::not_accepted(status, pause(&response), post.body.len())
        };
        // The body is read completely so that the connection can be reused.
        if response.content_length() != Some(0) {
            let _ = Box::pin(body::read(response, 64 << 10)).await;
        }
        posted
    }
}

fn post_request(url: Url, job_id: &str, body: Bytes) -> Request {
    let mut request = Request::new(Method::POST, url);
    *request.timeout_mut() = Some(body::time_for(body.len()));
    // This capacity leaves room for these headers and for those that every request has.
    let mut headers = HeaderMap::with_capacity(12);
    // The body is JSON, but the platform expects this content type.
    headers.insert(CONTENT_TYPE, FORM);
    headers.insert(CHARSET, UTF_8);
    if let Ok(id) = HeaderValue::from_str(job_id) {
        headers.insert(REQUEST_ID, id);
    }
    *request.headers_mut() = headers;
    *request.body_mut() = Some(body.into());
    request
}

/// Reads the jobs of an answer that has started to arrive.
async fn jobs_of(response: Response, want: usize, handlers: Handle) -> Taken {
    let content_type = content_type(&response);
    let limit = LARGEST_JOB.saturating_mul(want);
    let reading = match body::read(response, limit).await {
        Ok(body) if body.len() <= LARGE_ANSWER => {
            return answer::caught(&body, || answer::jobs(&content_type, &body));
        }
        Ok(body) => {
            let read = move || answer::caught(&body, || answer::jobs(&content_type, &body));
            threads::blocking_here_or_on(&handlers, read).await
        }
        Err(unfinished) => {
            if unfinished.is_too_large {
                tracing::error!(
                    "{}: the jobs in the rest of the answer are lost",
                    unfinished.why
                );
            }
            let read = move || {
                let jobs = || answer::jobs_of_unfinished(limit, &unfinished);
                answer::caught(&unfinished.read, jobs)
            };
            threads::blocking_here_or_on(&handlers, read).await
        }
    };
    reading.unwrap_or_else(|| Taken::Failed("the worker is stopping".to_owned()))
}

impl Platform for Runpod {
    fn take(&self, want: usize, in_progress: bool) -> BoxFuture<'_, TakeAnswer> {
        Box::pin(self.ask_for_jobs(want, in_progress))
    }

    fn stop_signals(&self) -> Option<BoxFuture<'_, StopSignals>> {
        Some(Box::pin(self.ask_for_stops(self.urls.stop_url()?)))
    }

    fn ping<'a>(&'a self, health: Health<'a>) -> Option<BoxFuture<'a, ()>> {
        let version = crate::platform::VERSION;
        match health {
            Health::Working(jobs) => {
                self.urls.ping_url(&[], version, LONGEST_PING)?;
                Some(Box::pin(self.send_pings(jobs)))
            }
            Health::Unhealthy { check, reason } => {
                let reason: String = reason.chars().take(LONGEST_REASON).collect();
                let url = self.urls.unhealthy_url(check, &reason, version)?;
                Some(Box::pin(async {
                    self.send_ping(url, LAST_PING).await;
                }))
            }
        }
    }

    fn largest_result(&self) -> Option<usize> {
        Some(self.largest_result)
    }

    fn post<'a>(&'a self, post: &'a Post) -> BoxFuture<'a, Posted> {
        Box::pin(self.send_post(post))
    }
}

fn content_type(response: &Response) -> String {
    response
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_owned()
}

/// Returns the pause that `Retry-After` asks for.
fn pause(response: &Response) -> Option<Duration> {
    let value = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    answer::retry_after(value, SystemTime::now()).map(|pause| pause.min(LONGEST_PAUSE))
}

#[cfg(test)]
#[path = "hostile_tests.rs"]
mod hostile;

#[cfg(test)]
#[path = "limits_tests.rs"]
mod limits;
