//! The job's own directory, for handlers.

use std::io;
use std::path::PathBuf;

use super::context::JobContext;

impl JobContext {
    /// Returns the job's own directory, and creates it at the first call.
    ///
    /// The directory and everything in it are removed when the handler has finished. If the job was cancelled, they are
    /// removed once its code no longer runs: an `async fn` is dropped, and a plain `fn` or the call of a `batch` handler
    /// returns. If the process is killed, the next worker that uses the same temporary directory removes them. The
    /// directory is in the system's directory for temporary files (`TMPDIR`). Only this user can read it. Needs the
    /// feature `download`.
    ///
    /// ```
    /// use runpod::prelude::*;
    /// use runpod::testing;
    ///
    /// #[runpod::handler]
    /// fn count_words(text: String, ctx: JobContext) -> std::io::Result<usize> {
    ///     let file = ctx.directory()?.join("text.txt");
    ///     std::fs::write(&file, text)?; // for a program that reads files
    ///     Ok(std::fs::read_to_string(&file)?.split_whitespace().count())
    /// }
    ///
    /// # #[tokio::main]
    /// # async fn main() {
    /// let report = testing::Job::new(json!("to be or not")).blocking(count_words).await;
    /// assert_eq!(report.output, Some(json!(4)));
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if the directory cannot be created, or if the job has ended.
    pub fn directory(&self) -> io::Result<PathBuf> {
        self.own_directory().path()
    }

    /// Returns whether the handler's call has ended.
    pub(crate) fn has_ended(&self) -> bool {
        self.own_directory().is_removed()
    }
}
