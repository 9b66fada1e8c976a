//! Uploads for handlers: files that a job has made, to an S3-compatible bucket.
//!
//! `bucket` reads the settings of the Python SDK, `key` keeps names inside the job's folder, `transfer` decides between
//! one request and parts (`multipart`), and `requests` signs and sends. Without a bucket, `local` writes to a folder.
//! The behaviour follows the Python SDK's `rp_upload`.

mod bucket;
mod content;
mod error;
mod key;
mod local;
mod media_type;
mod multipart;
mod progress;
mod reader;
mod refused;
mod region;
mod request;
mod requests;
mod settings;
mod transfer;
mod uploaded;

use crate::handler::JobContext;
use crate::transfers;

pub use bucket::Bucket;
pub use content::UploadContent;
pub use error::{UploadError, UploadErrorKind};
pub use request::Upload;
pub use uploaded::Uploaded;

impl JobContext {
    /// Uploads a file to an S3-compatible bucket, and returns a presigned URL from which the job's client can fetch
    /// it.
    ///
    /// The bucket comes from the job's `s3Config` or from the variables of the Python SDK (`BUCKET_ENDPOINT_URL`,
    /// `BUCKET_ACCESS_KEY_ID`, `BUCKET_SECRET_ACCESS_KEY`). The key of the object is the job's id and the name.
    /// Content of more than 8 MiB is sent in parts, several at a time; if the job is cancelled, the bucket keeps none
    /// of them. Without a bucket, the file goes to the folder `simulated_uploaded`, with a warning. [`Upload`] has more
    /// options, and `docs/how-to/upload-files.md` shows more. Needs the feature `upload`.
    ///
    /// ```
    /// use runpod::prelude::*;
    ///
    /// #[runpod::handler]
    /// async fn render(prompt: String, ctx: JobContext) -> Result<String, runpod::UploadError> {
    ///     let image: Vec<u8> = prompt.into_bytes(); // a picture
    ///     let stored = ctx.upload("image.png", image).await?;
    ///     Ok(stored.into_url())
    /// }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the upload stops, and a task removes the parts that have arrived from the bucket.
    pub fn upload<'a>(
        &self,
        name: impl Into<String>,
        content: impl Into<UploadContent<'a>>,
    ) -> Upload<'a> {
        Upload::new(self.clone(), name.into(), content.into())
    }

    /// Uploads several files, at most eight at a time, and returns them in their order. If one fails, the others are
    /// stopped, and the error names the file. Needs the feature `upload`.
    ///
    /// ```
    /// use runpod::prelude::*;
    /// use runpod::Uploaded;
    ///
    /// #[runpod::handler]
    /// async fn frames(count: u8, ctx: JobContext) -> Result<Vec<Uploaded>, runpod::UploadError> {
    ///     let frames = (0..count).map(|index| (format!("frames/{index}.png"), vec![index; 1000]));
    ///     ctx.upload_all(frames).await // a list of URLs
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns the error of the first upload that fails.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, all uploads stop. Files that are complete stay in the bucket.
    pub async fn upload_all<N: Into<String>, C: Into<UploadContent<'static>>>(
        &self,
        files: impl IntoIterator<Item = (N, C)>,
    ) -> Result<Vec<Uploaded>, UploadError> {
        let uploads = files
            .into_iter()
            .map(|(name, content)| self.upload(name, content));
        transfers::all(uploads).await
    }
}

#[cfg(test)]
mod tests;
