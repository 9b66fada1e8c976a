//! The download that a handler asks for.

use std::fmt::{self, Write as _};
use std::future::{Future, IntoFuture};
use std::path::{Path, PathBuf};
use std::pin::Pin;

use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use tokio::runtime::Handle;

use super::downloaded::Downloaded;
use super::error::{Cause, DownloadError};
use super::guard::Blocked;
use super::settings::Downloads;
use super::sink::{self, Written, blocking};
use super::source;
use super::transfer::{Report, Transfer};
use crate::handler::JobContext;

/// A download that has not started yet, from [`JobContext::download`]. Await it, or call [`wait`](Self::wait) in a
/// plain `fn`.
///
/// ```
/// use runpod::prelude::*;
///
/// #[derive(Deserialize)]
/// struct Clip {
///     url: String,
///     sha256: String,
/// }
///
/// #[runpod::handler]
/// async fn transcribe(clip: Clip, ctx: JobContext) -> Result<String, runpod::DownloadError> {
///     let progress = ctx.clone();
///     let file = ctx
///         .download(&clip.url)
///         .max_bytes(200 << 20)
///         .sha256(&clip.sha256)
///         .on_progress(move |bytes, of| progress.progress(json!({ "bytes": bytes, "of": of })))
///         .await?;
///     Ok(format!("{} has {} bytes", file.file_name(), file.len()))
/// }
///
/// /// Keeps a file of a known size on the network volume.
/// #[runpod::handler]
/// async fn keep(url: String, ctx: JobContext) -> Result<(), runpod::DownloadError> {
///     ctx.download(&url)
///         .header("authorization", "Bearer …")
///         .expected_bytes(90_900_000)
///         .to("/runpod-volume/model.safetensors")
///         .await?;
///     Ok(())
/// }
/// ```
#[must_use = "a download does nothing until it is awaited"]
pub struct Download<'a> {
    context: JobContext,
    source: String,
    headers: Result<HeaderMap, String>,
    max_bytes: Option<u64>,
    expected_bytes: Option<u64>,
    sha256: Option<String>,
    to: Option<PathBuf>,
    progress: Option<Report<'a>>,
    downloads: Option<&'a Downloads>,
}

impl<'a> Download<'a> {
    pub(super) fn new(context: JobContext, source: &str) -> Self {
        Self {
            context,
            source: source.trim().to_owned(),
            headers: Ok(HeaderMap::new()),
            max_bytes: None,
            expected_bytes: None,
            sha256: None,
            to: None,
            progress: None,
            downloads: None,
        }
    }

    /// Uses other settings than those of the process.
    #[cfg(test)]
    pub(super) fn with(mut self, downloads: &'a Downloads) -> Self {
        self.downloads = Some(downloads);
        self
    }

    /// Sets the largest size in bytes. The default, and the largest value, is `RUNPOD_MAX_DOWNLOAD_BYTES` (5 GiB).
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = Some(bytes);
        self
    }

    /// Sets the size in bytes that the file must have.
    pub fn expected_bytes(mut self, bytes: u64) -> Self {
        self.expected_bytes = Some(bytes);
        self
    }

    /// Sets the SHA-256 that the file must have, as 64 hexadecimal digits.
    pub fn sha256(mut self, digest: impl Into<String>) -> Self {
        self.sha256 = Some(digest.into());
        self
    }

    /// Sends a header, for example `authorization`. A redirect to another server does not get it.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let Ok(headers) = &mut self.headers {
            match (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
                (Ok(name), Ok(mut value)) => {
                    value.set_sensitive(true);
                    headers.append(name, value);
                }
                // The value may be a secret, so it is not shown.
                _ => self.headers = Err(name.to_owned()),
            }
        }
        self
    }

    /// Writes the file to this path, for example on a network volume, instead of the job's directory. The file appears
    /// there when it is complete, and stays after the job. Its folder must exist.
    pub fn to(mut self, path: impl Into<PathBuf>) -> Self {
        self.to = Some(path.into());
        self
    }

    /// Calls `report` while the file arrives, about once per mebibyte, with the number of bytes in the file and, if the
    /// server announced it, the whole number.
    pub fn on_progress(mut self, report: impl FnMut(u64, Option<u64>) + Send + 'a) -> Self {
        self.progress = Some(Box::new(report));
        self
    }

    /// Downloads the file in a plain `fn` handler, and waits for it.
    ///
    /// ```
    /// use runpod::prelude::*;
    ///
    /// #[runpod::handler]
    /// fn measure(url: String, ctx: JobContext) -> Result<u64, runpod::DownloadError> {
    ///     Ok(ctx.download(&url).wait()?.len())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error in the cases of [`DownloadErrorKind`](super::DownloadErrorKind).
    ///
    /// # Panics
    ///
    /// Panics in asynchronous code, which must not block: await the download there. Also panics outside a tokio
    /// runtime; handlers always run in one.
    pub fn wait(self) -> Result<Downloaded, DownloadError> {
        Handle::current().block_on(self.run())
    }

    async fn run(self) -> Result<Downloaded, DownloadError> {
        let name = source::name_of(&self.source);
        let context = self.context.clone();
        let downloaded = tokio::select! {
            biased;
            () = context.cancelled() => Err(Cause::Cancelled),
            downloaded = self.fetch() => downloaded,
        };
        downloaded.map_err(|cause| DownloadError::new(name, cause))
    }

    async fn fetch(self) -> Result<Downloaded, Cause> {
        let downloads = match self.downloads {
            Some(downloads) => downloads,
            None => Downloads::of_process()?,
        };
        let limit = self
            .max_bytes
            .map_or(downloads.max_bytes, |it| it.min(downloads.max_bytes));
        let digest = self.sha256.as_deref().map(expected_digest).transpose()?;
        let directory = match &self.to {
            Some(path) => folder_of(path)?,
            None => new_folder(self.context.clone()).await?,
        };
        let fetched = if source::is_data_url(&self.source) {
            source::from_data_url(&self.source, directory.clone(), limit).await?
        } else {
            let url =
                Url::parse(&self.source).map_err(|error| Blocked::Malformed(error.to_string()))?;
            let headers = self
                .headers
                .map_err(|name| Blocked::Malformed(format!("the header `{name}` is not valid")))?;
            let transfer = Transfer {
                downloads,
                context: self.context,
                url,
                headers,
                directory: directory.clone(),
                limit,
                progress: self.progress,
            };
            transfer.run().await?
        };
        check(&fetched.written, self.expected_bytes, digest)?;
        let is_durable = self.to.is_some();
        let path = self.to.unwrap_or_else(|| directory.join(&fetched.name));
        let (bytes, sha256) = (fetched.written.bytes, hex(&fetched.written.sha256));
        Ok(Downloaded {
            path: fetched.written.persist(path, is_durable).await?,
            file_name: fetched.name,
            content_type: fetched.content_type,
            bytes,
            sha256,
        })
    }
}

impl<'a> IntoFuture for Download<'a> {
    type Output = Result<Downloaded, DownloadError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl fmt::Debug for Download<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download")
            .field("source", &source::name_of(&self.source))
            .finish_non_exhaustive()
    }
}

/// Creates a folder for a file in the job's directory, so that files with the same name do not meet.
async fn new_folder(context: JobContext) -> Result<PathBuf, Cause> {
    blocking(move || {
        let new = || {
            let directory = context.directory()?;
            Ok(tempfile::Builder::new()
                .prefix("file-")
                .tempdir_in(directory)?
                .keep())
        };
        new().map_err(|error: std::io::Error| {
            if context.has_ended() {
                Cause::Ended
            } else {
                sink::disk(&std::env::temp_dir(), error)
            }
        })
    })
    .await
}

fn folder_of(path: &Path) -> Result<PathBuf, Cause> {
    match path.parent() {
        Some(folder) if path.file_name().is_some() && folder.as_os_str().is_empty() => {
            Ok(PathBuf::from("."))
        }
        Some(folder) if path.file_name().is_some() => Ok(folder.to_owned()),
        _ => Err(sink::disk(
            path,
            std::io::Error::other("the path names no file"),
        )),
    }
}

fn expected_digest(text: &str) -> Result<String, Cause> {
    let digest = text.trim().to_ascii_lowercase();
    if digest.len() == 64 && digest.bytes().all(|it| it.is_ascii_hexdigit()) {
        return Ok(digest);
    }
    Err(Cause::Mismatch {
        expected: "a SHA-256 of 64 hexadecimal digits".to_owned(),
        found: format!("a text of {} bytes", text.len()),
    })
}

fn check(written: &Written, bytes: Option<u64>, digest: Option<String>) -> Result<(), Cause> {
    if let Some(expected) = bytes.filter(|expected| *expected != written.bytes) {
        return Err(Cause::Mismatch {
            expected: format!("{expected} bytes"),
            found: format!("{} bytes", written.bytes),
        });
    }
    let found = hex(&written.sha256);
    match digest {
        Some(expected) if expected != found => Err(Cause::Mismatch {
            expected: format!("the SHA-256 {expected}"),
            found,
        }),
        _ => Ok(()),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}
