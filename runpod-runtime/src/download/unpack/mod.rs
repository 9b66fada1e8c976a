//! Unpacks an archive that came from outside, without trusting anything in it.
//!
//! Every name is checked before a file is created, only regular files and folders are created, none is replaced, and
//! the number of files and bytes is limited, whatever the archive announces.

mod descriptions;
mod entry;
mod formats;

use std::fs;
use std::path::{Path, PathBuf};

use super::downloaded::Downloaded;
use super::error::{Cause, DownloadError};
use super::settings::Downloads;
use super::sink::blocking;
use entry::Unpacker;

/// The largest number of files and folders in an archive.
const MAX_ENTRIES: usize = 100_000;

impl Downloaded {
    /// Unpacks a zip, tar or tar.gz archive into a new folder next to it, and returns the folder.
    ///
    /// The content decides about the format, not the name. An archive fails as a whole, and leaves nothing behind, if
    /// it contains a path that leaves the folder, a link, a device, the same name twice, or an encrypted file. It also
    /// fails if it has over 100,000 entries, names and other descriptions that are too large to keep in memory, or more
    /// bytes than `RUNPOD_MAX_DOWNLOAD_BYTES` (5 GiB) after unpacking. File permissions and owners are not restored.
    /// Needs the feature `unpack`.
    ///
    /// ```
    /// use runpod::prelude::*;
    ///
    /// #[runpod::handler]
    /// async fn count(url: String, ctx: JobContext) -> Result<usize, Box<dyn std::error::Error + Send + Sync>> {
    ///     let archive = ctx.download(&url).await?;
    ///     let folder = archive.unpack().await?;
    ///     Ok(std::fs::read_dir(folder)?.count())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error of the kind [`Archive`](super::DownloadErrorKind::Archive),
    /// [`TooLarge`](super::DownloadErrorKind::TooLarge) or [`Disk`](super::DownloadErrorKind::Disk).
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, unpacking continues on its thread until it is complete.
    pub async fn unpack(&self) -> Result<PathBuf, DownloadError> {
        let limit = Downloads::of_process()
            .map_err(|cause| DownloadError::new(self.file_name(), cause))?
            .max_bytes;
        self.unpack_at_most(limit).await
    }

    /// Like [`unpack`](Self::unpack), but with a limit on the unpacked bytes.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`unpack`](Self::unpack).
    pub async fn unpack_at_most(&self, bytes: u64) -> Result<PathBuf, DownloadError> {
        let archive = self.path().to_owned();
        blocking(move || unpack(&archive, bytes))
            .await
            .map_err(|cause| DownloadError::new(self.file_name(), cause))
    }
}

pub(super) fn unpack(archive: &Path, limit: u64) -> Result<PathBuf, Cause> {
    let parent = archive.parent().unwrap_or(Path::new("."));
    let folder = tempfile::Builder::new()
        .prefix("unpacked-")
        .tempdir_in(parent)
        .map_err(|error| super::sink::disk(parent, error))?;
    let mut unpacker = Unpacker::new(folder.path(), MAX_ENTRIES, limit);
    formats::unpack(archive, &mut unpacker)?;
    // From here on, the folder is removed with the job's directory.
    fs::canonicalize(folder.keep()).map_err(|error| super::sink::disk(parent, error))
}

#[cfg(test)]
mod tests;
