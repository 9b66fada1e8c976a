//! A file that appears under its name only when it is complete.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use uuid::Uuid;

use super::stamp::Stamp;

/// The ending of unfinished files, which the Python SDK ignores too.
pub(super) const UNFINISHED: &str = ".rpvc.tmp";

/// A complete file that does not have its name yet. If it is dropped, it is removed.
#[derive(Debug)]
pub(super) struct Draft {
    path: PathBuf,
    is_placed: bool,
}

impl Draft {
    /// Creates a file in `folder`, writes its content, and sets its permissions and its time.
    pub(super) fn write<T>(
        folder: &Path,
        mode: u32,
        stamp: Option<Stamp>,
        write: impl FnOnce(&mut File) -> io::Result<T>,
    ) -> io::Result<(Self, T)> {
        let path = folder.join(format!(".{}{UNFINISHED}", Uuid::new_v4().simple()));
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        with_mode(&mut options, mode);
        let mut file = options.open(&path)?;
        let draft = Self {
            path,
            is_placed: false,
        };
        step();
        let written = write(&mut file)?;
        if let Some(time) = stamp.and_then(Stamp::time) {
            file.set_modified(time)?;
        }
        step();
        Ok((draft, written))
    }

    /// Gives the file its name, in place of a file that has it.
    pub(super) fn place(mut self, name: &Path) -> io::Result<()> {
        fs::rename(&self.path, name)?;
        self.is_placed = true;
        step();
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.is_placed {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Opens a file that may have been made by someone else. Links, devices and pipes are refused.
pub(super) fn open_regular(path: &Path) -> io::Result<File> {
    let refused = || io::Error::other("this is not a regular file");
    if !fs::symlink_metadata(path)?.is_file() {
        return Err(refused());
    }
    let mut options = OpenOptions::new();
    options.read(true);
    no_follow(&mut options);
    let file = options.open(path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(refused())
    }
}

/// Makes an open call fail at a link, and return at once at a pipe.
pub(super) fn no_follow(options: &mut OpenOptions) {
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt as _;

        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        options.custom_flags(i32::try_from(flags.bits()).unwrap_or_default());
    }
    #[cfg(not(unix))]
    let _ = options;
}

/// Gives a new file the permissions of its source, without those that a stranger's archive must not give: the set-id
/// bits, and writing for others.
fn with_mode(options: &mut OpenOptions, mode: u32) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;

        options.mode(mode & 0o755 | 0o600);
    }
    #[cfg(not(unix))]
    let _ = (options, mode);
}

/// Returns the permissions of a file.
pub(super) fn mode_of(found: &fs::Metadata) -> u32 {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;

        found.permissions().mode()
    }
    #[cfg(not(unix))]
    {
        let _ = found;
        0o644
    }
}

/// A point at which a worker may be killed. The tests kill one at each.
fn step() {
    #[cfg(test)]
    super::tests::killed::step();
}
