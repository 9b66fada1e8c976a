//! The requests of an upload to its bucket: signed, sent, and repeated if a later attempt may succeed.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderMap};
use reqwest::{Client, Method, Response, StatusCode, Url};
use rusty_s3::S3Action;
use rusty_s3::actions::{
    CompleteMultipartUpload, CompleteMultipartUploadResponse, CreateMultipartUpload,
};

use super::bucket::{Destination, Setting};
use super::error::{Cause, Refusal};
use crate::download::guard::{Guard, LookUpError};
use crate::error::{causes, with_causes};

/// The number of attempts for a request.
const ATTEMPTS: u32 = 4;

/// The longest pause that a server may ask for.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// A signed request is valid for this long. It is signed again for each attempt.
const REQUEST_LIFETIME: Duration = Duration::from_hours(1);

/// The longest wait for an answer, besides the time for sending the body.
const ANSWER_TIMEOUT: Duration = Duration::from_mins(1);

/// A connection that sends fewer bytes per second is given up.
const SLOWEST: u64 = 64 << 10;

/// An answer is read up to this many bytes.
const LONGEST_ANSWER: usize = 64 << 10;

/// The requests for one object.
pub(super) struct Requests {
    pub(super) client: Client,
    /// Checks the endpoint if the job's client chose it.
    pub(super) guard: Option<Guard>,
    pub(super) destination: Destination,
    pub(super) key: String,
    pub(super) first_pause: Duration,
}

/// A successful answer.
struct Answer {
    headers: HeaderMap,
    body: String,
}

/// The number and the entity tag of a part that was sent.
pub(super) type SentPart = (u16, String);

impl Requests {
    /// Returns a URL with which anybody can fetch the object until it expires.
    pub(super) fn presigned_url(&self, lifetime: Duration) -> String {
        let Destination {
            s3, credentials, ..
        } = &self.destination;
        s3.get_object(Some(credentials), &self.key)
            .sign(lifetime)
            .into()
    }

    /// Uploads a whole object.
    pub(super) async fn put(&self, content: Bytes, media_type: &str) -> Result<(), Cause> {
        let Destination {
            s3, credentials, ..
        } = &self.destination;
        let sign = || {
            s3.put_object(Some(credentials), &self.key)
                .sign(REQUEST_LIFETIME)
        };
        self.send(Method::PUT, sign, content, Some(media_type))
            .await?;
        Ok(())
    }

    /// Begins an upload in parts, and returns its id.
    pub(super) async fn create(&self, media_type: &str) -> Result<String, Cause> {
        let Destination {
            s3, credentials, ..
        } = &self.destination;
        let sign = || {
            s3.create_multipart_upload(Some(credentials), &self.key)
                .sign(REQUEST_LIFETIME)
        };
        let answer = self
            .send(Method::POST, sign, Bytes::new(), Some(media_type))
            .await?;
        CreateMultipartUpload::parse_response(&answer.body)
            .map(|response| response.upload_id().to_owned())
            .map_err(|_| self.not_s3())
    }

    /// Uploads a part. Parts are numbered from 1.
    pub(super) async fn part(
        self: Arc<Self>,
        upload: Arc<str>,
        number: u16,
        content: Bytes,
    ) -> Result<SentPart, Cause> {
        let Destination {
            s3, credentials, ..
        } = &self.destination;
        let sign = || {
            s3.upload_part(Some(credentials), &self.key, number, &upload)
                .sign(REQUEST_LIFETIME)
        };
        let answer = self.send(Method::PUT, sign, content, None).await?;
        let tag = answer.headers.get(ETAG).and_then(|tag| tag.to_str().ok());
        match tag {
            Some(tag) => Ok((number, tag.to_owned())),
            None => Err(self.not_s3()),
        }
    }

    /// Makes the object of its parts, which are in order.
    pub(super) async fn complete(
        &self,
        upload: &str,
        parts: &[SentPart],
        bytes: u64,
    ) -> Result<(), Cause> {
        let Destination {
            s3, credentials, ..
        } = &self.destination;
        let action = || {
            let tags = parts.iter().map(|(_, tag)| tag.as_str());
            CompleteMultipartUpload::new(s3, Some(credentials), &self.key, upload, tags)
        };
        let sign = || action().sign(REQUEST_LIFETIME);
        let body = Bytes::from(action().body());
        match self.send(Method::POST, sign, body, None).await {
            Ok(answer) if CompleteMultipartUploadResponse::parse(&answer.body).is_err() => {
                Err(self.not_s3())
            }
            Ok(_) => Ok(()),
            // An earlier attempt may have succeeded although its answer was lost.
            Err(cause) if cause.has_code("NoSuchUpload") && self.exists(bytes).await => Ok(()),
            Err(cause) => Err(cause),
        }
    }

    /// Drops an unfinished upload and its parts.
    pub(super) async fn abort(&self, upload: &str) -> Result<(), Cause> {
        let Destination {
            s3, credentials, ..
        } = &self.destination;
        let sign = || {
            s3.abort_multipart_upload(Some(credentials), &self.key, upload)
                .sign(REQUEST_LIFETIME)
        };
        match self.send(Method::DELETE, sign, Bytes::new(), None).await {
            Err(cause) if !cause.has_code("NoSuchUpload") => Err(cause),
            _ => Ok(()),
        }
    }

    /// Returns whether the object exists and has this size.
    async fn exists(&self, bytes: u64) -> bool {
        let Destination {
            s3, credentials, ..
        } = &self.destination;
        let sign = || {
            s3.head_object(Some(credentials), &self.key)
                .sign(REQUEST_LIFETIME)
        };
        let Ok(answer) = self.send(Method::HEAD, sign, Bytes::new(), None).await else {
            return false;
        };
        let length = answer.headers.get(CONTENT_LENGTH);
        let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
        length == Some(bytes)
    }

    /// Sends a request, and repeats it if a later attempt may succeed.
    async fn send(
        &self,
        method: Method,
        sign: impl Fn() -> Url,
        body: Bytes,
        media_type: Option<&str>,
    ) -> Result<Answer, Cause> {
        let mut pause = self.first_pause;
        let mut attempt = 1;
        loop {
            let answer = self.attempt(method.clone(), sign(), body.clone(), media_type);
            let cause = match answer.await {
                Ok(answer) => return Ok(answer),
                Err(cause) => cause,
            };
            if !cause.may_pass() || attempt == ATTEMPTS {
                return Err(cause);
            }
            let jitter = pause.mul_f64(0.5 + fastrand::f64() / 2.0);
            let wait = cause.after().unwrap_or(jitter).min(LONGEST_PAUSE);
            tracing::debug!("an upload's request is retried in {wait:?}: {cause}");
            tokio::time::sleep(wait).await;
            pause *= 2;
            attempt += 1;
        }
    }

    async fn attempt(
        &self,
        method: Method,
        url: Url,
        body: Bytes,
        media_type: Option<&str>,
    ) -> Result<Answer, Cause> {
        if let Some(guard) = &self.guard {
            guard.check(&url).map_err(|blocked| self.blocked(blocked))?;
        }
        let timeout = ANSWER_TIMEOUT + Duration::from_secs(body.len() as u64 / SLOWEST);
        let mut request = self.client.request(method, url).timeout(timeout).body(body);
        if let Some(media_type) = media_type {
            request = request.header(CONTENT_TYPE, media_type);
        }
        let response = request.send().await.map_err(|error| self.broken(error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = self.body(response).await?;
        let status = match status {
            // While parts are put together, the server has already sent the status 200. Only the body tells of an error.
            StatusCode::OK if body.contains("<Error>") => StatusCode::INTERNAL_SERVER_ERROR,
            success if success.is_success() => return Ok(Answer { headers, body }),
            other => other,
        };
        Err(Refusal::of(status, &headers, &body).explained(&self.destination, &self.key))
    }

    async fn body(&self, mut response: Response) -> Result<String, Cause> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.broken(error))? {
            let fits = chunk.len().min(LONGEST_ANSWER - body.len());
            body.extend_from_slice(&chunk[..fits]);
            if fits < chunk.len() {
                break;
            }
        }
        Ok(String::from_utf8_lossy(&body).into_owned())
    }

    fn blocked(&self, blocked: crate::download::guard::Blocked) -> Cause {
        Cause::Blocked {
            endpoint: self.destination.endpoint.clone(),
            blocked,
        }
    }

    /// Turns an error of the client into a cause. The URL is removed, because it contains the signature.
    fn broken(&self, error: reqwest::Error) -> Cause {
        let error = error.without_url();
        let blocked = causes(&error).find_map(|cause| match cause.downcast_ref() {
            Some(LookUpError::Blocked(blocked)) => Some(blocked.clone()),
            _ => None,
        });
        if let Some(blocked) = blocked {
            return self.blocked(blocked);
        }
        let why = if error.is_timeout() {
            "it did not answer in time".to_owned()
        } else {
            with_causes(&error)
        };
        Cause::Network(format!(
            "the connection to {} failed: {why}; check {}",
            self.destination.endpoint,
            self.destination.origin.name_of(Setting::Endpoint)
        ))
    }

    fn not_s3(&self) -> Cause {
        Cause::Configuration(format!(
            "{} does not answer like an S3 server; check {}",
            self.destination.endpoint,
            self.destination.origin.name_of(Setting::Endpoint)
        ))
    }
}
