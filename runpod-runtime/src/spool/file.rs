//! Files of a spool, opened so that nothing else can be in their place, and the directory that they are in.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io;
use std::path::Path;

use super::error::{SpoolError, refused};

/// Opens a regular file for reading. A link is not followed, and a FIFO is not waited for: the directory may be shared
/// with programs that put such things into it.
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

/// A new file that only this user can read.
pub(super) fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Makes the directory if there is none, and refuses one that is not safe: what it holds is posted to the platform in this
/// worker's name. Whether it belongs to this worker's user is for [`foreign`] to say, once a file was written.
pub(super) fn make_directory(path: &Path) -> Result<Metadata, SpoolError> {
    if let Ok(metadata) = fs::symlink_metadata(path)
        && metadata.is_symlink()
    {
        let target = fs::read_link(path).unwrap_or_default();
        return Err(not_safe(
            path,
            format!("it is a symbolic link to {}", target.display()),
            "name the directory itself",
        ));
    }
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(refused("made", path))?;
    let metadata = fs::symlink_metadata(path).map_err(refused("read", path))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        if metadata.mode() & 0o022 != 0 {
            return Err(not_safe(
                path,
                format!(
                    "other users can write into it (owner {}, mode {:04o})",
                    metadata.uid(),
                    metadata.mode() & 0o7777
                ),
                &format!(
                    "run `chmod go-w {}` if only this worker uses it, or name a directory below it",
                    path.display()
                ),
            ));
        }
    }
    Ok(metadata)
}

/// The error for a directory that belongs to another user.
pub(super) fn foreign(path: &Path, directory: &Metadata) -> SpoolError {
    #[cfg(unix)]
    let problem = {
        use std::os::unix::fs::MetadataExt as _;
        format!(
            "it belongs to user {} (mode {:04o}), and this worker runs as user {}",
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
        "change its owner, or name a directory of the worker's user",
    )
}

/// Whether the directory shows another owner than this process's user. A network volume may show other owners than the
/// processes have, so a file that was written has the last word.
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
