//! Explains the answers with which a server refuses an upload.

use std::time::{Duration, SystemTime};

use reqwest::StatusCode;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

use super::bucket::{Destination, Setting};
use super::error::{Cause, Refusal, UploadErrorKind};
use crate::text::{start_of, visible};

/// S3 refuses a signature if the clocks differ by more than 15 minutes.
const CLOCK_TOLERANCE: i64 = 15 * 60;

/// A message shows at most this many bytes of a server's explanation.
const LONGEST_TEXT: usize = 300;

impl Refusal {
    /// Reads an answer. S3 explains a refusal in XML: `<Error><Code>…</Code><Message>…</Message></Error>`.
    pub(super) fn of(status: StatusCode, headers: &HeaderMap, body: &str) -> Self {
        let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let code = element(body, "Code").unwrap_or_default();
        let text = element(body, "Message").unwrap_or_default();
        Self {
            status,
            code: shown(code),
            text: shown(text),
            after: header(RETRY_AFTER)
                .and_then(|value| value.trim().parse().ok())
                .map(Duration::from_secs),
            clock_ahead: header(DATE)
                .and_then(|date| httpdate::parse_http_date(date).ok())
                .map(|server| seconds_from(SystemTime::now(), server)),
        }
    }

    /// Explains the refusal to the person who set the bucket.
    pub(super) fn explained(self, destination: &Destination, key: &str) -> Cause {
        let origin = destination.origin;
        let bucket = visible(destination.s3.name());
        let endpoint = &destination.endpoint;
        let answer = self.answer();
        let (kind, what) = match (&*self.code, self.status.as_u16()) {
            ("RequestTimeTooSkewed", _) | (_, 400 | 403) if self.has_wrong_clock() => {
                (UploadErrorKind::Clock, self.clock())
            }
            ("NoSuchBucket", _) => {
                let name = origin.name_of(Setting::Name);
                let why = if destination.is_named {
                    format!("; create it, or correct {name}")
                } else {
                    format!(
                        "; no bucket is named, so its name is the month, as in the Python SDK; set {name} to the name \
                         of your bucket"
                    )
                };
                (
                    UploadErrorKind::Bucket,
                    format!("this bucket does not exist{why}"),
                )
            }
            (
                "PermanentRedirect"
                | "AuthorizationHeaderMalformed"
                | "IllegalLocationConstraintException",
                _,
            )
            | (_, 301 | 307 | 308) => {
                let what = format!(
                    "the bucket is in another region than `{}`; use the endpoint of its region ({}), or set {}",
                    visible(destination.s3.region()),
                    origin.name_of(Setting::Endpoint),
                    origin.name_of(Setting::Region)
                );
                (UploadErrorKind::Bucket, what)
            }
            ("InvalidAccessKeyId", _) => {
                let what = format!(
                    "the server does not know the access key; check {}",
                    origin.name_of(Setting::AccessKey)
                );
                (UploadErrorKind::Denied, what)
            }
            ("SignatureDoesNotMatch", _) => {
                let what = format!(
                    "the secret key does not belong to the access key; check {}, and the region (`{}`, from {} or the \
                     endpoint)",
                    origin.name_of(Setting::SecretKey),
                    visible(destination.s3.region()),
                    origin.name_of(Setting::Region)
                );
                (UploadErrorKind::Denied, what)
            }
            (_, 401 | 403) => {
                let what = format!(
                    "the server does not allow the upload; check {}, {}, and that the key has the permissions \
                     s3:PutObject, s3:GetObject and s3:AbortMultipartUpload",
                    origin.name_of(Setting::AccessKey),
                    origin.name_of(Setting::SecretKey)
                );
                (UploadErrorKind::Denied, what)
            }
            ("NoSuchUpload", _) => (
                UploadErrorKind::Status(self.status.as_u16()),
                "the server has dropped the unfinished upload; run the job again".to_owned(),
            ),
            (_, 404 | 405 | 501) => {
                let what = format!(
                    "this is not what an S3 server answers; check {}",
                    origin.name_of(Setting::Endpoint)
                );
                (UploadErrorKind::Status(self.status.as_u16()), what)
            }
            (_, status) => (
                UploadErrorKind::Status(status),
                "the server refused the upload".to_owned(),
            ),
        };
        let message = format!(
            "bucket `{bucket}` at {endpoint}, key `{}`: {what} ({answer})",
            visible(key)
        );
        Cause::Refused {
            kind,
            message,
            refusal: Box::new(self),
        }
    }

    fn has_wrong_clock(&self) -> bool {
        self.code == "RequestTimeTooSkewed"
            || self
                .clock_ahead
                .is_some_and(|seconds| seconds.abs() > CLOCK_TOLERANCE)
    }

    fn clock(&self) -> String {
        let difference = match self.clock_ahead {
            Some(seconds) if seconds.abs() > 1 => {
                let direction = if seconds > 0 { "behind" } else { "ahead of" };
                let seconds = Duration::from_secs(seconds.unsigned_abs());
                format!(
                    "this machine's clock is {} {direction} the server's",
                    humantime::format_duration(seconds)
                )
            }
            _ => "this machine's clock differs too much from the server's".to_owned(),
        };
        format!(
            "{difference}, so the signature is not valid; set the clock, or use another machine"
        )
    }

    fn answer(&self) -> String {
        let parts = [&self.code, &self.text];
        let mut answer = self.status.to_string();
        for part in parts.into_iter().filter(|part| !part.is_empty()) {
            answer.push_str(": ");
            answer.push_str(part);
        }
        answer
    }
}

/// Returns the text of an XML element.
fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    Some(text.trim())
}

fn shown(text: &str) -> String {
    visible(&start_of(text, LONGEST_TEXT))
}

/// Returns the seconds from `from` to `to`, which are negative if `to` is earlier.
fn seconds_from(from: SystemTime, to: SystemTime) -> i64 {
    let seconds = |duration: Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
    match to.duration_since(from) {
        Ok(ahead) => seconds(ahead),
        Err(behind) => -seconds(behind.duration()),
    }
}
