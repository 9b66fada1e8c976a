//! What is in the folder before this run: files of an earlier run, which may be replaced, and all others, which stay.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::{Path, PathBuf};

use super::written::{LIST, Written, digest};

#[derive(Debug, Default)]
pub(super) struct Before {
    /// None if there is no folder, or an empty one.
    pub(super) list: Option<Written>,
    /// Files that an earlier run wrote, unchanged since.
    ours: Vec<(PathBuf, Stamp)>,
    /// Everything else that is no folder.
    pub(super) others: Vec<Other>,
    /// Folders that no run made.
    folders: Vec<PathBuf>,
    /// All folders, each after those that it is in.
    all_folders: Vec<PathBuf>,
}

/// Something that this command did not write, or that was changed since.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Other {
    pub(super) path: PathBuf,
    pub(super) was_written_by_us: bool,
}

/// Tells whether it is still the same file with the same content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp(u64, u64, i64, i64);

impl Stamp {
    fn of(file: &Metadata) -> Self {
        Self(file.ino(), file.len(), file.mtime(), file.mtime_nsec())
    }
}

impl Before {
    /// An error of the kind `AlreadyExists` if the folder is not empty and has no list.
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
            // Of a symbolic link itself.
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

    /// Gives everything that is not ours a place in the new folder as well. The old folder is not changed.
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
            // The same file by a second name, so that whoever writes to it meanwhile loses nothing.
            fs::hard_link(from.join(&other.path), made)?;
        }
        // At last, since nothing can be put into a folder that is read-only; the top one is the last of all.
        for folder in self
            .folders
            .iter()
            .rev()
            .map(|it| &**it)
            .chain([Path::new("")])
        {
            let (about, made) = (fs::metadata(from.join(folder))?, to.join(folder));
            // Only root may give a folder away, and others have no need to.
            let _ = chown(&made, Some(about.uid()), Some(about.gid()));
            fs::set_permissions(made, about.permissions())?;
        }
        Ok(())
    }

    /// Removes what was in the folder, which is `old` now, from there. A file stays if it is neither ours nor in `new`:
    /// then somebody has written it in this very moment.
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
            // One that is not empty stays.
            let _ = fs::remove_dir(old.join(folder));
        }
        let _ = fs::remove_dir(old);
    }

    /// The topmost of what is not ours: of a folder with nothing else in it, only the folder.
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

/// An included file is a second name of the user's own file, whose content is not lost by removing one of them.
fn is_unchanged(path: &Path, about: &Metadata, written: &str) -> io::Result<bool> {
    Ok(about.is_file() && (about.nlink() > 1 || digest(path)? == written))
}
