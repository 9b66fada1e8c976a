//! Decides which local files a sync must copy to the volume.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::archive::smallest;
use super::layout::Layout;
use super::manifest::{Bucket, Manifest, THRESHOLD};
use super::stamp::Stamp;

/// What a sync must do.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) big: Vec<(PathBuf, Stamp)>,
    pub(super) small: Vec<(PathBuf, Stamp)>,
    /// Files that this process had in common with the mirror, and that are deleted now.
    pub(super) deleted: Vec<(PathBuf, Bucket)>,
    pub(super) unchanged: u64,
    /// Whether the archive lacks data that the manifest names.
    pub(super) is_archive_broken: bool,
}

impl Plan {
    pub(super) fn new(
        layout: &Layout,
        local: &BTreeMap<PathBuf, Stamp>,
        manifest: &Manifest,
        seen: &BTreeMap<PathBuf, Stamp>,
    ) -> Self {
        let mut plan = Self::default();
        for (path, stamp) in local {
            let is_mirrored = match manifest.files.get(path) {
                Some((Bucket::Big, kept)) => {
                    !stamp.replaces(*kept)
                        && on_volume(layout, path).is_some_and(|it| it.size == kept.size)
                }
                Some((Bucket::Small, kept)) => !stamp.replaces(*kept),
                None => false,
            };
            if is_mirrored {
                plan.unchanged += 1;
            } else if stamp.size < THRESHOLD {
                plan.small.push((path.clone(), *stamp));
            } else {
                plan.big.push((path.clone(), *stamp));
            }
        }
        for (path, stamp) in seen {
            // If another worker has replaced the file since, it stays.
            let Some((bucket, kept)) = manifest.files.get(path) else {
                continue;
            };
            if kept == stamp && layout.covers(path) && is_deleted(layout, path) {
                plan.deleted.push((path.clone(), *bucket));
            }
        }
        let mut small = manifest.bucket(Bucket::Small).peekable();
        plan.is_archive_broken = small.peek().is_some() && {
            let found = fs::symlink_metadata(layout.archive());
            let size = smallest(small.map(|(_, stamp)| stamp.size));
            found.map_or(true, |it| !it.is_file() || it.len() < size)
        };
        plan
    }

    /// Returns whether the mirror is up to date.
    pub(super) fn is_empty(&self) -> bool {
        self.big.is_empty()
            && self.small.is_empty()
            && self.deleted.is_empty()
            && !self.is_archive_broken
    }
}

/// Returns the size and time of a large file on the volume.
pub(super) fn on_volume(layout: &Layout, path: &Path) -> Option<Stamp> {
    let found = fs::symlink_metadata(layout.big_copy(path)).ok()?;
    found.is_file().then(|| Stamp::of(&found))
}

/// Returns whether a file is gone from a directory that exists. If the whole directory is gone, the container may be
/// new, and nothing was deleted.
fn is_deleted(layout: &Layout, path: &Path) -> bool {
    let is_gone = |path: &Path| {
        fs::symlink_metadata(path).is_err_and(|it| it.kind() == std::io::ErrorKind::NotFound)
    };
    let mut directories = layout.directories.iter();
    is_gone(path) && directories.any(|it| path.starts_with(it) && it.is_dir())
}
