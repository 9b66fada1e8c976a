//! Opens the files of a spool so that nothing else can take their place, and checks the spool's directory.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io;
use std::path::Path;

use super::error::{SpoolError, refused};

/// Opens a regular file for reading. Does not follow a link and does not wait for a FIFO, because other programs may
/// put such things into a shared directory.
pub(super) fn open_regular(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, flags.bits().cast_signed());
    }
    let file = options.open(path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::other("it is not a regular file"))
    }
}

/// Creates a file that only this user can read.
pub(super) fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Creates the directory if it does not exist. Refuses a directory that is not safe, because its content is posted to
/// the platform in this worker's name. [`foreign`] reports a directory of another user, after a file was written.
pub(super) fn make_directory(path: &Path) -> Result<Metadata, SpoolError> {
    if let Ok(metadata) = fs::symlink_metadata(path)
        && metadata.is_symlink()
    {
        let target = fs::read_link(path).unwrap_or_default();
        return Err(not_safe(
            path,
            format!("it is a symbolic link to {}", target.display()),
            "use the path of the directory itself",
        ));
    }
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(refused("created", path))?;
    let metadata = fs::symlink_metadata(path).map_err(refused("read", path))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        if metadata.mode() & 0o022 != 0 {
            return Err(not_safe(
                path,
                format!(
                    "other users can write to it (owner {}, mode {:04o})",
                    metadata.uid(),
                    metadata.mode() & 0o7777
                ),
                &format!(
                    "run `chmod go-w {}` if only this worker uses it, or use a directory inside it",
                    path.display()
                ),
            ));
        }
    }
    Ok(metadata)
}

/// Returns the error for a directory that belongs to another user.
pub(super) fn foreign(path: &Path, directory: &Metadata) -> SpoolError {
    #[cfg(unix)]
    let problem = {
        use std::os::unix::fs::MetadataExt as _;
        format!(
            "it belongs to user {} (mode {:04o}), but this worker runs as user {}",
            directory.uid(),
            directory.mode() & 0o7777,
            rustix::process::geteuid().as_raw()
        )
    };
    #[cfg(not(unix))]
    let problem = {
        let _ = directory;
        "it belongs to another user".to_owned()
    };
    not_safe(
        path,
        problem,
        "change its owner, or use a directory that belongs to the worker's user",
    )
}

/// Returns whether the directory seems to belong to another user than this process. A network volume may show other
/// owners than the processes have, so the owner of a file written there decides.
pub(super) fn may_be_foreign(directory: &Metadata) -> bool {
    #[cfg(unix)]
    {
        std::os::unix::fs::MetadataExt::uid(directory) != rustix::process::geteuid().as_raw()
    }
    #[cfg(not(unix))]
    {
        let _ = directory;
        false
    }
}

fn not_safe(path: &Path, problem: String, remedy: &str) -> SpoolError {
    SpoolError::NotSafe {
        path: path.to_owned(),
        problem,
        remedy: remedy.to_owned(),
    }
}

#[cfg(all(test, unix))]
#[path = "file_tests.rs"]
mod tests;
