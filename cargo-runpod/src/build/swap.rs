//! A complete folder takes the place of another one, together with what must stay of it.
//!
//! Files that this command did not write get a second name (a hard link) in the new folder, which then changes places with
//! the old one in one step of the system. A process that is killed before that step leaves the old folder as it was, and
//! one that is killed after it the new one. Either leaves the other folder beside it, under a hidden name.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::before::Before;

/// What is to be told of it.
#[derive(Debug, Default)]
pub(super) struct Done {
    /// What this command did not write, and has left as it is.
    pub(super) kept: Vec<PathBuf>,
    /// Where files are that came into the old folder while it was replaced.
    pub(super) left_behind: Option<PathBuf>,
}

/// On an error the old folder is there as before.
pub(super) fn put_in_place(fresh: TempDir, folder: &Path) -> io::Result<Done> {
    // It may have changed since it was looked at: a build takes minutes.
    let before = Before::of(folder)?;
    if before.list.is_none() {
        // Of an empty folder, the system takes the place too.
        fs::rename(fresh.path(), folder)?;
        let _ = fresh.keep();
        return Ok(Done::default());
    }
    before.carry_over(folder, fresh.path())?;
    exchange(fresh.path(), folder)?;
    // From here on this is the old folder, of which nothing must go that is not ours.
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

    // Not a pattern: the last two are one number on Linux, and two on macOS.
    let unsupported = [Errno::INVAL, Errno::NOSYS, Errno::NOTSUP, Errno::OPNOTSUPP];
    match renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE) {
        // Some file systems cannot, network ones above all.
        Err(error) if unsupported.contains(&error) => one_after_the_other(one, other),
        done => Ok(done?),
    }
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
fn exchange(one: &Path, other: &Path) -> io::Result<()> {
    one_after_the_other(one, other)
}

/// A process that is killed between the steps leaves both folders under other names, and nothing is lost.
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
