//! Replaces a folder with a complete new one and keeps the files that this command did not write.
//!
//! Files that this command did not write get a second name (a hard link) in the new folder. The two folders then change
//! places in one system call. If the process is killed before that, the old folder is unchanged; if it is killed later,
//! the new folder is in place. In both cases the other folder remains next to it, under a hidden name.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::before::Before;

/// The parts of a replacement that the user must know about.
#[derive(Debug, Default)]
pub(super) struct Done {
    /// The paths that this command did not write and has left as they are.
    pub(super) kept: Vec<PathBuf>,
    /// The folder with files that were written into the old folder during the replacement.
    pub(super) left_behind: Option<PathBuf>,
}

/// Puts `fresh` in the place of `folder`. On an error, the old folder is unchanged.
pub(super) fn put_in_place(fresh: TempDir, folder: &Path) -> io::Result<Done> {
    // The folder may have changed since the first check, because a build takes minutes.
    let before = Before::of(folder)?;
    if before.list.is_none() {
        // `rename` also replaces an empty folder.
        fs::rename(fresh.path(), folder)?;
        let _ = fresh.keep();
        return Ok(Done::default());
    }
    before.carry_over(folder, fresh.path())?;
    exchange(fresh.path(), folder)?;
    // From here on `fresh` is the old folder. Files in it that are not ours must not be deleted.
    let old = fresh.keep();
    before.clear(&old, folder);
    Ok(Done {
        kept: before.kept().into_iter().map(Path::to_owned).collect(),
        left_behind: old.exists().then_some(old),
    })
}

#[cfg(any(target_os = "linux", target_os = "macos"))]
fn exchange(one: &Path, other: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    use rustix::io::Errno;

    // These are not match patterns because the last two are equal on Linux and differ on macOS.
    let unsupported = [Errno::INVAL, Errno::NOSYS, Errno::NOTSUP, Errno::OPNOTSUPP];
    match renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE) {
        // Some file systems cannot exchange two folders, network file systems above all.
        Err(error) if unsupported.contains(&error) => one_after_the_other(one, other),
        done => Ok(done?),
    }
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
fn exchange(one: &Path, other: &Path) -> io::Result<()> {
    one_after_the_other(one, other)
}

/// Exchanges two folders by renaming. A process killed between the steps leaves both under other names and loses
/// nothing.
fn one_after_the_other(one: &Path, other: &Path) -> io::Result<()> {
    let mut aside = one.as_os_str().to_owned();
    aside.push("-before");
    fs::rename(other, &aside)?;
    if let Err(error) = fs::rename(one, other) {
        fs::rename(&aside, other)?;
        return Err(error);
    }
    fs::rename(&aside, one)
}
