//! The file that a handler gets.

use std::path::{Path, PathBuf};

/// A file that was downloaded completely.
///
/// It is in the job's [directory](crate::JobContext::directory) and is removed with it, unless [`Download::to`](crate::Download::to) named another
/// place.
///
/// ```
/// use runpod::prelude::*;
/// use runpod::testing;
///
/// #[runpod::handler]
/// async fn describe(url: String, ctx: JobContext) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
///     let file = ctx.download(&url).await?;
///     let text = std::fs::read_to_string(file.path())?;
///     Ok(json!({
///         "text": text,
///         "bytes": file.len(),
///         "type": file.content_type(),
///         "name": file.file_name(),
///         "digest": file.sha256(),
///     }))
/// }
///
/// # #[tokio::main]
/// # async fn main() {
/// let report = testing::Job::new(json!("data:text/plain,hello")).run(describe).await;
/// let output = report.output.unwrap();
/// assert_eq!(output["text"], "hello");
/// assert_eq!(output["type"], "text/plain");
/// assert_eq!(output["name"], "download");
/// # }
/// ```
///
/// With the feature `unpack`, an archive can be unpacked, here to one gibibyte at most:
///
/// ```
/// # #[cfg(feature = "unpack")]
/// # mod unpacks {
/// use runpod::prelude::*;
///
/// #[runpod::handler]
/// async fn count(url: String, ctx: JobContext) -> Result<usize, Box<dyn std::error::Error + Send + Sync>> {
///     let folder = ctx.download(&url).await?.unpack_at_most(1 << 30).await?;
///     Ok(std::fs::read_dir(folder)?.count())
/// }
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Downloaded {
    pub(super) path: PathBuf,
    pub(super) file_name: String,
    pub(super) content_type: Option<String>,
    pub(super) bytes: u64,
    pub(super) sha256: String,
}

impl Downloaded {
    /// Returns the path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the name that the server or the URL gives to the file, without characters that are not safe in a path.
    pub fn file_name(&self) -> &str {
        &self.file_name
    }

    /// Returns the `Content-Type` header of the answer, or the media type of a data URL.
    pub fn content_type(&self) -> Option<&str> {
        self.content_type.as_deref()
    }

    /// Returns the size of the file in bytes.
    #[expect(
        clippy::len_without_is_empty,
        reason = "a file's size is not a collection's length"
    )]
    pub fn len(&self) -> u64 {
        self.bytes
    }

    /// Returns the SHA-256 of the file as hexadecimal digits.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }
}
