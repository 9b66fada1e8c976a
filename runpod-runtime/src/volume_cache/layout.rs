//! The places of a cache's files, and which paths are safe.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

/// The local directories, and their mirror on the volume.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    /// Absolute, and without links.
    pub(super) directories: Vec<PathBuf>,
    pub(super) mirror: PathBuf,
}

impl Layout {
    pub(super) fn new(directories: &[PathBuf], volume: &Path, namespace: &str) -> Self {
        Self {
            directories: directories.iter().map(|it| without_links(it)).collect(),
            mirror: without_links(volume).join(".cache").join(namespace),
        }
    }

    pub(super) fn manifest(&self) -> PathBuf {
        self.mirror.join("manifest.json")
    }

    /// The archive of the small files.
    pub(super) fn archive(&self) -> PathBuf {
        self.mirror.join("small.tar")
    }

    /// The folder of the large files.
    pub(super) fn big(&self) -> PathBuf {
        self.mirror.join("big")
    }

    /// Not part of the Python SDK's format, which knows no lock.
    pub(super) fn lock(&self) -> PathBuf {
        self.mirror.join("sync.lock")
    }

    /// Returns the place of a large file on the volume. `path` must be [plain](is_plain).
    pub(super) fn big_copy(&self, path: &Path) -> PathBuf {
        self.big().join(in_archive(path))
    }

    /// Returns whether a path on the volume leads to a place inside `big/`, also if a folder on the way is a link.
    pub(super) fn is_in_big(&self, path: &Path) -> bool {
        let parent = path.parent().map(without_links);
        parent.is_some_and(|parent| parent.starts_with(without_links(&self.mirror).join("big")))
    }

    /// Returns whether the entry of a manifest belongs to one of the local directories.
    pub(super) fn covers(&self, path: &Path) -> bool {
        is_plain(path) && self.directories.iter().any(|it| path.starts_with(it))
    }
}

/// Returns whether a path is absolute and has neither `.` nor `..` nor a name that the platform reads differently.
pub(super) fn is_plain(path: &Path) -> bool {
    path.is_absolute()
        && path.file_name().is_some()
        && path
            .components()
            .all(|part| !matches!(part, Component::ParentDir | Component::CurDir))
}

/// Returns the name of a file in the archive and in `big/`: its path without the root.
pub(super) fn in_archive(path: &Path) -> PathBuf {
    let is_normal = |part: &Component<'_>| matches!(part, Component::Normal(_));
    path.components().filter(is_normal).collect()
}

/// Returns an absolute path without links. The end of the path need not exist.
fn without_links(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut rest = Vec::new();
    let mut existing = absolute.as_path();
    loop {
        if let Ok(mut found) = existing.canonicalize() {
            found.extend(rest.iter().rev());
            return found;
        }
        let (Some(parent), Some(name)) = (existing.parent(), existing.file_name()) else {
            return absolute;
        };
        rest.push(name);
        existing = parent;
    }
}

/// Finds the local places of files that a manifest or an archive names.
#[derive(Debug)]
pub(super) struct Places<'l> {
    layout: &'l Layout,
    /// The real folder of each folder that was asked for; `None` if it is outside the directories.
    folders: HashMap<PathBuf, Option<PathBuf>>,
}

impl<'l> Places<'l> {
    pub(super) fn new(layout: &'l Layout) -> Self {
        Self {
            layout,
            folders: HashMap::new(),
        }
    }

    /// Returns the real place of a local file, or `None` if it would be outside the directories.
    pub(super) fn of(&mut self, path: &Path) -> Option<PathBuf> {
        if !is_plain(path) {
            return None;
        }
        let (folder, name) = (path.parent()?, path.file_name()?);
        if let Some(known) = self.folders.get(folder) {
            return known.as_ref().map(|folder| folder.join(name));
        }
        let real = without_links(folder);
        let is_inside = self
            .layout
            .directories
            .iter()
            .any(|it| real.starts_with(it));
        let real = is_inside.then_some(real);
        let place = real.as_ref().map(|folder| folder.join(name));
        self.folders.insert(folder.to_owned(), real);
        place
    }
}

/// Creates the folder of a file, and checks that no link has led elsewhere.
pub(super) fn create_folder_of(place: &Path) -> io::Result<()> {
    let Some(folder) = place.parent() else {
        return Ok(());
    };
    fs::create_dir_all(folder)?;
    if folder.canonicalize()? == folder {
        Ok(())
    } else {
        Err(io::Error::other("a link leads out of its folder"))
    }
}
