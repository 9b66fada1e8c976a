//! The local folder that stands in for a bucket if none is set, as in the Python SDK.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Once;

use tempfile::NamedTempFile;

use super::error::Cause;
use super::media_type;
use super::progress::Progress;
use super::reader::{Reader, blocking};
use super::transfer::Done;

/// This many bytes are read before they are written.
const BATCH: usize = 1 << 20;

/// Writes a content to the path of its key below `folder`, and returns the path as the object's URL.
pub(super) async fn write(
    folder: &Path,
    key: &str,
    mut reader: Reader<'_>,
    mut sent: Progress<'_, '_>,
    media_type: Option<String>,
) -> Result<(String, Done), Cause> {
    warn_once(folder);
    let path = folder.join(key);
    let place = path.clone();
    let mut part = blocking(move || part_for(&place).map_err(|error| disk(&place, error))).await?;
    let mut found = media_type;
    loop {
        let batch = reader.part(BATCH).await?;
        let media_type = found.get_or_insert_with(|| media_type::of(&batch, key));
        if batch.is_empty() {
            sent.check_size()?;
            let done = Done {
                bytes: sent.bytes_read(),
                media_type: media_type.clone(),
            };
            let place = path.clone();
            blocking(move || match part.persist(&place) {
                Ok(_) => Ok(()),
                Err(error) => Err(disk(&place, error.error)),
            })
            .await?;
            return Ok((path.to_string_lossy().into_owned(), done));
        }
        let bytes = batch.len();
        sent.read(bytes)?;
        let place = path.clone();
        part = blocking(move || match part.write_all(&batch) {
            Ok(()) => Ok(part),
            Err(error) => Err(disk(&place, error)),
        })
        .await?;
        sent.sent(bytes as u64);
    }
}

/// Creates an unfinished file, which is removed unless it gets its name.
fn part_for(path: &Path) -> io::Result<NamedTempFile> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(".upload-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // As any new file, less the process's umask.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

fn disk(path: &Path, error: io::Error) -> Cause {
    Cause::Disk {
        place: PathBuf::from(path.parent().unwrap_or(path))
            .display()
            .to_string(),
        error,
    }
}

fn warn_once(folder: &Path) {
    static WARNED: Once = Once::new();
    WARNED.call_once(|| {
        tracing::warn!(
            "no bucket is set, so uploads go to the folder {}, which clients cannot reach; set BUCKET_ENDPOINT_URL, \
             BUCKET_ACCESS_KEY_ID and BUCKET_SECRET_ACCESS_KEY on a deployed endpoint",
            folder.display()
        );
    });
}
