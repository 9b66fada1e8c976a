//! The bucket to which files are uploaded: from the environment, from the job, or from the handler.

use std::fmt;
use std::time::SystemTime;

use reqwest::Url;
use rusty_s3::{Credentials, UrlStyle};
use serde_json::Value;

use super::error::Cause;
use super::region;
use crate::config::{BUCKET_SECRET, Environment, Secret};

/// The variables of the Python SDK.
const ENDPOINT: &str = "BUCKET_ENDPOINT_URL";
const ACCESS_KEY: &str = "BUCKET_ACCESS_KEY_ID";
const SECRET_KEY: &str = BUCKET_SECRET;
/// Our own variables.
const NAME: &str = "BUCKET_NAME";
const REGION: &str = "BUCKET_REGION";

/// An S3-compatible bucket, for [`Upload::to`](crate::Upload::to).
///
/// Without a name, the name of the bucket is the month, such as `11-26`, as in the Python SDK. If the endpoint's URL
/// already names the bucket, the month becomes the first folder in it.
///
/// ```
/// use runpod::prelude::*;
/// use runpod::Bucket;
///
/// #[derive(Debug)]
/// struct Archive(Bucket);
///
/// fn archive(secret: &str) -> Archive {
///     Archive(Bucket::new("https://s3.eu-central-1.amazonaws.com", "AKIA…", secret).name("archive").region("eu-central-1"))
/// }
///
/// #[runpod::handler]
/// async fn keep(text: String, ctx: JobContext, archive: State<Archive>) -> Result<String, runpod::UploadError> {
///     let stored = ctx.upload("text.txt", text.into_bytes()).to(archive.0.clone()).await?;
///     Ok(stored.into_url())
/// }
///
/// assert!(!format!("{:?}", archive("my-secret")).contains("my-secret"));
/// ```
#[derive(Clone)]
pub struct Bucket {
    endpoint: String,
    access_key: String,
    secret_key: Secret,
    name: Option<String>,
    region: Option<String>,
    origin: Origin,
}

/// The source of a bucket's settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    Environment,
    Job,
    Handler,
}

/// A setting of a bucket.
#[derive(Debug, Clone, Copy)]
pub(super) enum Setting {
    Endpoint,
    AccessKey,
    SecretKey,
    Name,
    Region,
}

impl Origin {
    /// Returns what the user calls a setting.
    pub(super) fn name_of(self, setting: Setting) -> &'static str {
        match (self, setting) {
            (Self::Environment, Setting::Endpoint) => ENDPOINT,
            (Self::Environment, Setting::AccessKey) => ACCESS_KEY,
            (Self::Environment, Setting::SecretKey) => SECRET_KEY,
            (Self::Environment, Setting::Name) => NAME,
            (Self::Environment | Self::Job, Setting::Region) => REGION,
            (Self::Job, Setting::Endpoint) => "`endpointUrl` in the job's `s3Config`",
            (Self::Job, Setting::AccessKey) => "`accessId` in the job's `s3Config`",
            (Self::Job, Setting::SecretKey) => "`accessSecret` in the job's `s3Config`",
            (Self::Job, Setting::Name) => "`bucketName` in the job's `s3Config`",
            (Self::Handler, Setting::Endpoint) => "the endpoint in `Bucket::new`",
            (Self::Handler, Setting::AccessKey) => "the access key in `Bucket::new`",
            (Self::Handler, Setting::SecretKey) => "the secret key in `Bucket::new`",
            (Self::Handler, Setting::Name) => "`Bucket::name`",
            (Self::Handler, Setting::Region) => "`Bucket::region`",
        }
    }
}

impl Bucket {
    /// Creates a bucket at the URL of an endpoint, with an access key and its secret.
    pub fn new(
        endpoint_url: impl Into<String>,
        access_key_id: impl Into<String>,
        secret_access_key: impl Into<String>,
    ) -> Self {
        Self {
            endpoint: endpoint_url.into(),
            access_key: access_key_id.into(),
            secret_key: Secret::new(secret_access_key),
            name: None,
            region: None,
            origin: Origin::Handler,
        }
    }

    /// Sets the name of the bucket.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into()).filter(|name| !name.is_empty());
        self
    }

    /// Sets the region for which requests are signed. By default, it is read from the endpoint's URL, or `us-east-1`.
    #[must_use]
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = Some(region.into()).filter(|region| !region.is_empty());
        self
    }

    /// Reads the variables of the Python SDK. Returns `None` if none of them is set.
    pub(super) fn of_environment(environment: &Environment) -> Result<Option<Self>, Cause> {
        let get = |variable: &str| environment.get(variable).map(str::trim);
        if [ENDPOINT, ACCESS_KEY, SECRET_KEY]
            .iter()
            .all(|it| get(it).is_none())
        {
            return Ok(None);
        }
        let needed = |variable: &str| {
            get(variable).ok_or_else(|| {
                Cause::Configuration(format!(
                    "{variable} is not set; set {ENDPOINT}, {ACCESS_KEY} and {SECRET_KEY} together, or none of them"
                ))
            })
        };
        let mut bucket = Self::new(needed(ENDPOINT)?, needed(ACCESS_KEY)?, needed(SECRET_KEY)?)
            .name(get(NAME).unwrap_or_default())
            .region(get(REGION).unwrap_or_default());
        bucket.origin = Origin::Environment;
        Ok(Some(bucket))
    }

    /// Reads a job's `s3Config`. Returns `None` if it is empty.
    pub(super) fn of_job(config: &Value, environment: &Environment) -> Result<Option<Self>, Cause> {
        let get = |key: &str| {
            let text = config.get(key).and_then(Value::as_str).map(str::trim);
            text.filter(|text| !text.is_empty())
        };
        let keys = ["endpointUrl", "accessId", "accessSecret"];
        let is_used = match config {
            Value::Null => false,
            Value::Object(_) => keys.iter().any(|key| get(key).is_some()),
            _ => true,
        };
        if !is_used {
            return Ok(None);
        }
        let needed = |key: &str| {
            get(key).ok_or_else(|| {
                Cause::Configuration(format!(
                    "the job's `s3Config` has no text `{key}`; it needs `endpointUrl`, `accessId` and `accessSecret`"
                ))
            })
        };
        let mut bucket = Self::new(needed(keys[0])?, needed(keys[1])?, needed(keys[2])?)
            .name(get("bucketName").unwrap_or_default())
            .region(environment.get(REGION).unwrap_or_default());
        bucket.origin = Origin::Job;
        Ok(Some(bucket))
    }

    /// Checks the settings.
    pub(super) fn resolve(self) -> Result<Destination, Cause> {
        let wrong = |why: String| {
            Cause::Configuration(format!(
                "{}: {why}; expected an http or https URL such as https://s3.eu-central-1.amazonaws.com",
                self.origin.name_of(Setting::Endpoint)
            ))
        };
        // A malformed text may be a secret in the wrong place, so it is not shown.
        let url = Url::parse(self.endpoint.trim())
            .map_err(|error| wrong(format!("found a text that is not a URL ({error})")))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong(
                "the URL contains a user name or a password".to_owned(),
            ));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(wrong("the URL contains a query or a fragment".to_owned()));
        }
        let endpoint = url.as_str().trim_end_matches('/').to_owned();
        let region = self.region.unwrap_or_else(|| region::of(&url).to_owned());
        let is_named = self.name.is_some();
        let name = self.name.unwrap_or_else(|| month(SystemTime::now()));
        if name.contains('/') || matches!(&*name, "." | "..") {
            return Err(Cause::Configuration(format!(
                "{}: found `{}`; expected the name of a bucket, without a slash",
                self.origin.name_of(Setting::Name),
                crate::text::visible(&name)
            )));
        }
        // The Python SDK, too, puts the bucket into the path.
        let scheme = url.scheme().to_owned();
        let s3 = rusty_s3::Bucket::new(url, UrlStyle::Path, name, region).map_err(|_| {
            wrong(format!(
                "found a URL with the scheme `{scheme}`, or without a host"
            ))
        })?;
        Ok(Destination {
            s3,
            credentials: Credentials::new(self.access_key, self.secret_key.expose()),
            endpoint,
            is_named,
            origin: self.origin,
        })
    }
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bucket")
            .field("name", &self.name)
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}

/// A bucket whose settings were checked.
pub(super) struct Destination {
    pub(super) s3: rusty_s3::Bucket,
    pub(super) credentials: Credentials,
    /// The endpoint's URL, for messages.
    pub(super) endpoint: String,
    /// Whether the name of the bucket was set.
    pub(super) is_named: bool,
    pub(super) origin: Origin,
}

/// Returns the month as the Python SDK writes it, such as `11-26` for November 2026.
fn month(now: SystemTime) -> String {
    let date = humantime::format_rfc3339_seconds(now).to_string();
    format!("{}-{}", &date[5..7], &date[2..4])
}

#[cfg(test)]
#[path = "bucket_tests.rs"]
mod tests;
