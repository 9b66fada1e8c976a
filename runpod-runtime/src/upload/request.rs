//! The upload that a handler asks for.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;

use super::bucket::{Bucket, Origin};
use super::content::UploadContent;
use super::error::{Cause, UploadError};
use super::key::{self, Prefix};
use super::local;
use super::progress::{Progress, Report};
use super::reader::Reader;
use super::requests::Requests;
use super::settings::Uploads;
use super::transfer::{Done, Transfer};
use super::uploaded::Uploaded;
use crate::handler::JobContext;

/// The lifetime of a presigned URL, as in the Python SDK. S3 allows no longer one.
const LONGEST_LIFETIME: Duration = Duration::from_hours(7 * 24);

/// An upload that has not started yet, from [`JobContext::upload`]. Await it, or call [`wait`](Self::wait) in a plain
/// `fn`.
///
/// ```
/// use std::time::Duration;
///
/// use runpod::Bucket;
/// use runpod::prelude::*;
///
/// #[runpod::handler]
/// async fn store(text: String, ctx: JobContext) -> Result<String, runpod::UploadError> {
///     let progress = ctx.clone();
///     let size = text.len() as u64;
///     let stored = ctx
///         .upload("reports/report.txt", text.into_bytes())
///         .content_type("text/plain; charset=utf-8")
///         .expires_in(Duration::from_secs(3600))
///         .expected_bytes(size)
///         .on_progress(move |bytes, of| progress.progress(json!({ "bytes": bytes, "of": of })))
///         .await?;
///     Ok(stored.into_url())
/// }
///
/// /// Keeps an input for later, in a bucket of its own and without the job's id in the key.
/// #[runpod::handler]
/// async fn keep(text: String, ctx: JobContext) -> Result<String, runpod::UploadError> {
///     let archive = Bucket::new("https://s3.eu-central-1.amazonaws.com", "AKIA…", "…").name("archive");
///     let stored = ctx.upload("input.txt", text.into_bytes()).to(archive).prefix("inputs").await?;
///     Ok(stored.key().to_owned()) // "inputs/input.txt"
/// }
///
/// /// Uses another bucket with the endpoint and the keys of the environment.
/// #[runpod::handler]
/// async fn publish(text: String, ctx: JobContext) -> Result<String, runpod::UploadError> {
///     Ok(ctx.upload("text.txt", text.into_bytes()).bucket("public").await?.into_url())
/// }
/// ```
#[must_use = "an upload does nothing until it is awaited"]
pub struct Upload<'a> {
    context: JobContext,
    name: String,
    content: UploadContent<'a>,
    bucket: Option<Bucket>,
    bucket_name: Option<String>,
    prefix: Option<String>,
    media_type: Option<String>,
    lifetime: Duration,
    expected_bytes: Option<u64>,
    progress: Option<Report<'a>>,
    uploads: Option<&'a Uploads>,
}

impl<'a> Upload<'a> {
    pub(super) fn new(context: JobContext, name: String, source: UploadContent<'a>) -> Self {
        Self {
            context,
            name,
            content: source,
            bucket: None,
            bucket_name: None,
            prefix: None,
            media_type: None,
            lifetime: LONGEST_LIFETIME,
            expected_bytes: None,
            progress: None,
            uploads: None,
        }
    }

    /// Uses other settings than those of the process.
    #[cfg(test)]
    pub(super) fn with(mut self, uploads: &'a Uploads) -> Self {
        self.uploads = Some(uploads);
        self
    }

    /// Uploads to this bucket, instead of the bucket in the job's `s3Config` or in the environment.
    pub fn to(mut self, bucket: Bucket) -> Self {
        self.bucket = Some(bucket);
        self
    }

    /// Sets the name of the bucket, at the same endpoint and with the same keys.
    pub fn bucket(mut self, name: impl Into<String>) -> Self {
        self.bucket_name = Some(name.into());
        self
    }

    /// Sets what comes before the name in the key of the object, without a slash at the end. The default is the job's
    /// id. With an empty prefix, the name is the key.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = Some(prefix.into());
        self
    }

    /// Sets the media type with which the file is stored. By default, it is recognised from the content or the name.
    pub fn content_type(mut self, media_type: impl Into<String>) -> Self {
        self.media_type = Some(media_type.into());
        self
    }

    /// Sets how long the URL is valid, from one second to seven days. The default is seven days.
    pub fn expires_in(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// Sets the size in bytes that the content must have. With it, a stream can be larger than 78 GiB.
    pub fn expected_bytes(mut self, bytes: u64) -> Self {
        self.expected_bytes = Some(bytes);
        self
    }

    /// Calls `report` after each part, with the number of bytes that were sent and, if it is known, the whole number.
    pub fn on_progress(mut self, report: impl FnMut(u64, Option<u64>) + Send + 'a) -> Self {
        self.progress = Some(Box::new(report));
        self
    }

    /// Uploads the file in a plain `fn` handler, and waits for it.
    ///
    /// ```
    /// use runpod::prelude::*;
    ///
    /// #[runpod::handler]
    /// fn store(text: String, ctx: JobContext) -> Result<String, runpod::UploadError> {
    ///     Ok(ctx.upload("text.txt", text.into_bytes()).wait()?.into_url())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error in the cases of [`UploadErrorKind`](super::UploadErrorKind).
    ///
    /// # Panics
    ///
    /// Panics in asynchronous code, which must not block: await the upload there. Also panics outside a tokio runtime;
    /// handlers always run in one.
    pub fn wait(self) -> Result<Uploaded, UploadError> {
        Handle::current().block_on(self.run())
    }

    async fn run(self) -> Result<Uploaded, UploadError> {
        let name = self.name.clone();
        let context = self.context.clone();
        let uploaded = tokio::select! {
            biased;
            () = context.cancelled() => Err(Cause::Cancelled),
            uploaded = self.store() => uploaded,
        };
        uploaded.map_err(|cause| UploadError::new(&name, cause))
    }

    async fn store(mut self) -> Result<Uploaded, Cause> {
        let uploads = match self.uploads {
            Some(uploads) => uploads,
            None => Uploads::of_process()?,
        };
        let prefix = match &self.prefix {
            Some(prefix) => Prefix::Given(prefix),
            None => Prefix::JobId(self.context.job_id()),
        };
        let key = key::of(prefix, &self.name)?;
        if !(Duration::from_secs(1)..=LONGEST_LIFETIME).contains(&self.lifetime) {
            return Err(Cause::Configuration(format!(
                "its URL cannot be valid for {:?}; expected 1 second to 7 days",
                self.lifetime
            )));
        }
        if let Some(media_type) = &self.media_type
            && reqwest::header::HeaderValue::from_str(media_type).is_err()
        {
            return Err(Cause::Configuration(
                "its content type contains a character that a header cannot contain".to_owned(),
            ));
        }
        let Some(bucket) = self.chosen_bucket(uploads)? else {
            return self.store_locally(uploads, key).await;
        };
        let requests = requests(uploads, bucket, key)?;
        let transfer = Transfer {
            context: self.context,
            requests: Arc::clone(&requests),
            content: self.content.0,
            media_type: self.media_type,
            name: self.name,
            expected_bytes: self.expected_bytes,
            smallest_part: uploads.part_bytes,
            sends: Arc::clone(&uploads.sends),
            progress: self.progress,
        };
        let done = transfer.run().await?;
        Ok(uploaded(
            requests.presigned_url(self.lifetime),
            requests.key.clone(),
            done,
        ))
    }

    /// Returns the bucket of this upload: the handler's, the job's, or the environment's.
    fn chosen_bucket(&mut self, uploads: &Uploads) -> Result<Option<Bucket>, Cause> {
        let environment = &uploads.environment;
        let mut bucket = self.bucket.take();
        if bucket.is_none()
            && let Some(config) = self.context.s3_config()
        {
            bucket = Bucket::of_job(config, environment)?;
        }
        if bucket.is_none() {
            bucket = Bucket::of_environment(environment)?;
        }
        Ok(match (bucket, self.bucket_name.take()) {
            (Some(bucket), Some(name)) => Some(bucket.name(name)),
            (bucket, _) => bucket,
        })
    }

    async fn store_locally(mut self, uploads: &Uploads, key: String) -> Result<Uploaded, Cause> {
        let reader = Reader::open(self.content.0).await?;
        let sent = Progress::new(
            self.context,
            &reader,
            self.expected_bytes,
            self.progress.as_mut(),
        );
        let (path, done) =
            local::write(&uploads.folder, &key, reader, sent, self.media_type).await?;
        Ok(uploaded(path, key, done))
    }
}

/// Prepares the requests to a bucket. The endpoint of a job's client must be a public address.
fn requests(uploads: &Uploads, bucket: Bucket, key: String) -> Result<Arc<Requests>, Cause> {
    let destination = bucket.resolve()?;
    let (client, guard) = if destination.origin == Origin::Job {
        (&uploads.guarded_client, Some(uploads.guard.clone()))
    } else {
        (&uploads.client, None)
    };
    Ok(Arc::new(Requests {
        client: client.clone(),
        guard,
        destination,
        key,
        first_pause: uploads.first_pause,
    }))
}

fn uploaded(url: String, key: String, done: Done) -> Uploaded {
    Uploaded {
        url,
        key,
        bytes: done.bytes,
        content_type: done.media_type,
    }
}

impl<'a> IntoFuture for Upload<'a> {
    type Output = Result<Uploaded, UploadError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl fmt::Debug for Upload<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload")
            .field("name", &self.name)
            .field("content", &self.content)
            .field("bucket", &self.bucket)
            .finish_non_exhaustive()
    }
}
