//! The folder's content before this run: unchanged files of an earlier run, which may be replaced, and all others,
//! which stay.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::{Path, PathBuf};

use super::written::{LIST, Written, digest};

#[derive(Debug, Default)]
pub(super) struct Before {
    /// The list of an earlier run. `None` if the folder is missing or empty.
    pub(super) list: Option<Written>,
    /// Files that an earlier run wrote and nobody has changed since.
    ours: Vec<(PathBuf, Stamp)>,
    /// Everything else that is not a folder.
    pub(super) others: Vec<Other>,
    /// Folders that no run created.
    folders: Vec<PathBuf>,
    /// All folders. A folder comes after the folders that contain it.
    all_folders: Vec<PathBuf>,
}

/// A file that this command did not write, or that somebody has changed since.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Other {
    pub(super) path: PathBuf,
    pub(super) was_written_by_us: bool,
}

/// Identifies a file and its content. Two equal stamps mean that the file is unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp(u64, u64, i64, i64);

impl Stamp {
    fn of(file: &Metadata) -> Self {
        Self(file.ino(), file.len(), file.mtime(), file.mtime_nsec())
    }
}

impl Before {
    /// Surveys `folder`. Fails with `AlreadyExists` if the folder is not empty and has no list.
    pub(super) fn of(folder: &Path) -> io::Result<Self> {
        let is_empty = match fs::read_dir(folder) {
            Ok(mut entries) => entries.next().is_none(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => true,
            Err(error) => return Err(error),
        };
        if is_empty {
            return Ok(Self::default());
        }
        let list = Written::read(folder).ok_or(io::ErrorKind::AlreadyExists)?;
        let mut before = Self::default();
        before.survey(folder, Path::new(""), &list)?;
        before.list = Some(list);
        Ok(before)
    }

    fn survey(&mut self, root: &Path, below: &Path, list: &Written) -> io::Result<()> {
        let mut entries: Vec<_> = fs::read_dir(root.join(below))?.collect::<io::Result<_>>()?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let path = below.join(entry.file_name());
            // For a symbolic link, this describes the link itself.
            let about = entry.metadata()?;
            if about.is_dir() {
                if !list.folders.contains(&path) {
                    self.folders.push(path.clone());
                }
                self.all_folders.push(path.clone());
                self.survey(root, &path, list)?;
            } else if path != Path::new(LIST) {
                let written = list.files.get(&path);
                if let Some(written) = written
                    && is_unchanged(&entry.path(), &about, written)?
                {
                    self.ours.push((path, Stamp::of(&about)));
                } else {
                    self.others.push(Other {
                        path,
                        was_written_by_us: written.is_some(),
                    });
                }
            }
        }
        Ok(())
    }

    /// Links or recreates everything that is not ours in the new folder. The old folder is not changed.
    pub(super) fn carry_over(&self, from: &Path, to: &Path) -> io::Result<()> {
        if self.list.is_none() {
            return Ok(());
        }
        for folder in &self.folders {
            fs::create_dir_all(to.join(folder))?;
        }
        for other in &self.others {
            let made = to.join(&other.path);
            if let Some(folder) = made.parent() {
                fs::create_dir_all(folder)?;
            }
            // A hard link is the same file under a second name, so a program that is writing to the file loses nothing.
            fs::hard_link(from.join(&other.path), made)?;
        }
        // Permissions come last because a read-only folder accepts no new files. The topmost folder is the very last.
        for folder in self
            .folders
            .iter()
            .rev()
            .map(|it| &**it)
            .chain([Path::new("")])
        {
            let (about, made) = (fs::metadata(from.join(folder))?, to.join(folder));
            // Only root can change the owner. Everybody else owns the folder already.
            let _ = chown(&made, Some(about.uid()), Some(about.gid()));
            fs::set_permissions(made, about.permissions())?;
        }
        Ok(())
    }

    /// Removes the folder's former content, which is now in `old`. A file that is neither ours nor in `new` stays,
    /// because somebody has just written it.
    pub(super) fn clear(&self, old: &Path, new: &Path) {
        let about = |path: &Path| fs::symlink_metadata(path).ok();
        for (path, stamp) in &self.ours {
            let path = old.join(path);
            if about(&path).is_some_and(|about| Stamp::of(&about) == *stamp) {
                let _ = fs::remove_file(path);
            }
        }
        for other in &self.others {
            let (there, here) = (about(&old.join(&other.path)), about(&new.join(&other.path)));
            let inode = |about: Option<Metadata>| about.map(|about| (about.dev(), about.ino()));
            if let Some(there) = inode(there)
                && Some(there) == inode(here)
            {
                let _ = fs::remove_file(old.join(&other.path));
            }
        }
        let _ = fs::remove_file(old.join(LIST));
        for folder in self.all_folders.iter().rev() {
            // This fails for a folder that is not empty, which stays.
            let _ = fs::remove_dir(old.join(folder));
        }
        let _ = fs::remove_dir(old);
    }

    /// Returns the topmost paths that are not ours. A folder stands for everything in it.
    pub(super) fn kept(&self) -> Vec<&Path> {
        let mut kept: Vec<&Path> = Vec::new();
        let others = self.others.iter().map(|other| &*other.path);
        let mut all: Vec<_> = self.folders.iter().map(|it| &**it).chain(others).collect();
        all.sort();
        for path in all {
            if !kept.iter().any(|above| path.starts_with(above)) {
                kept.push(path);
            }
        }
        kept
    }
}

/// Tells whether a file is as this command wrote it. An included file may be a hard link to the user's own file.
/// Removing one of the two names loses nothing.
fn is_unchanged(path: &Path, about: &Metadata, written: &str) -> io::Result<bool> {
    Ok(about.is_file() && (about.nlink() > 1 || digest(path)? == written))
}
