//! Downloads for handlers: files that a job's input names by URL.
//!
//! A job's input comes from a client, so its URLs can point anywhere, also at services that only this machine can
//! reach. `guard` keeps them on the public internet, `transfer` fetches, `sink` writes, and `file_name` makes names
//! safe. The behaviour follows the Python SDK's `rp_download` and `rp_ssrf`.

mod downloaded;
mod error;
mod file_name;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
pub(crate) mod guard;
mod request;
mod settings;
mod sink;
mod source;
mod transfer;
#[cfg(feature = "unpack")]
mod unpack;

use crate::handler::JobContext;
use crate::transfers;

pub use downloaded::Downloaded;
pub use error::{DownloadError, DownloadErrorKind};
pub use request::Download;
#[cfg(feature = "upload")]
pub(crate) use settings::guard_of_process;
#[cfg(feature = "media")]
pub(crate) use source::name_of;

impl JobContext {
    /// Downloads a file into the job's [directory](Self::directory), from an http, https or data URL.
    ///
    /// Only public addresses are allowed, in the URL itself, behind its host name, and behind every redirect: a client
    /// must not reach services that only this worker can reach, such as the cloud's metadata service. Broken
    /// connections are retried and continued. A file larger than `RUNPOD_MAX_DOWNLOAD_BYTES` (5 GiB) is refused. The
    /// file has a safe name, and is removed when the job ends. [`Download`] has more options, and
    /// `docs/how-to/download-files.md` lists what is blocked. Needs the feature `download`.
    ///
    /// ```
    /// use runpod::prelude::*;
    /// use runpod::testing;
    ///
    /// #[runpod::handler]
    /// async fn read(url: String, ctx: JobContext) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
    ///     let file = ctx.download(&url).await?;
    ///     Ok(std::fs::read_to_string(file.path())?)
    /// }
    ///
    /// # #[tokio::main]
    /// # async fn main() {
    /// let report = testing::Job::new(json!("data:,hello")).run(read).await;
    /// assert_eq!(report.output, Some(json!("hello")));
    /// # }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the part that has arrived is removed.
    pub fn download<'a>(&self, url: &str) -> Download<'a> {
        Download::new(self.clone(), url)
    }

    /// Downloads several files, at most eight at a time, and returns them in the order of their URLs. If one fails, the
    /// others are stopped, and the error names the URL. Needs the feature `download`.
    ///
    /// ```
    /// use runpod::prelude::*;
    /// use runpod::testing;
    ///
    /// #[runpod::handler]
    /// async fn sizes(urls: Vec<String>, ctx: JobContext) -> Result<Vec<u64>, runpod::DownloadError> {
    ///     let files = ctx.download_all(urls).await?;
    ///     Ok(files.iter().map(|file| file.len()).collect())
    /// }
    ///
    /// # #[tokio::main]
    /// # async fn main() {
    /// let report = testing::Job::new(json!(["data:,a", "data:,bc"])).run(sizes).await;
    /// assert_eq!(report.output, Some(json!([1, 2])));
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns the error of the first download that fails.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, all downloads stop. Files that are complete stay in the job's directory.
    pub async fn download_all<S: AsRef<str>>(
        &self,
        urls: impl IntoIterator<Item = S>,
    ) -> Result<Vec<Downloaded>, DownloadError> {
        let downloads = urls.into_iter().map(|url| self.download(url.as_ref()));
        transfers::all(downloads).await
    }
}

#[cfg(test)]
mod tests;
