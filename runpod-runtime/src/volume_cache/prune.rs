//! Removes files from the volume that no manifest names.

use std::collections::BTreeSet;
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::draft::UNFINISHED;
use super::error::Trouble;
use super::layout::{Layout, is_plain};
use super::lock;
use super::manifest::{Bucket, Manifest};
use super::report::Recorder;

/// The age at which the unfinished file of another worker counts as left behind.
const UNFINISHED_AGE: Duration = Duration::from_hours(1);

pub(super) fn prune(layout: &Layout, recorder: &Recorder) -> Result<(), Trouble> {
    let path = layout.manifest();
    if Manifest::read(&path)?.is_none() {
        return Ok(());
    }
    let _lock = lock::wait(&layout.lock())?;
    // Without a readable manifest, every file would count as an orphan.
    let Some(manifest) = Manifest::read(&path)? else {
        return Ok(());
    };
    let files = manifest.bucket(Bucket::Big);
    let named: BTreeSet<PathBuf> = files
        .filter(|(path, _)| is_plain(path))
        .map(|(path, _)| layout.big_copy(path))
        .collect();
    let keeps_all = manifest.has_strange(Bucket::Big);
    let is_orphan = |path: &Path, found: &Metadata| {
        if path.to_string_lossy().ends_with(UNFINISHED) {
            return is_old(found);
        }
        !keeps_all && !named.contains(path)
    };
    // A link on the volume may lead out of the mirror.
    if fs::symlink_metadata(layout.big()).is_ok_and(|found| found.is_dir()) {
        remove_from(&layout.big(), true, &is_orphan, recorder);
    }
    let is_left_behind = |path: &Path, found: &Metadata| {
        path.to_string_lossy().ends_with(UNFINISHED) && is_old(found)
    };
    remove_from(&layout.mirror, false, &is_left_behind, recorder);
    Ok(())
}

/// Removes the orphans of a folder and, if `is_deep`, those of the folders in it. Links are not followed.
fn remove_from(
    folder: &Path,
    is_deep: bool,
    is_orphan: &dyn Fn(&Path, &Metadata) -> bool,
    recorder: &Recorder,
) {
    let mut waiting = vec![folder.to_owned()];
    let mut folders = Vec::new();
    while let Some(folder) = waiting.pop() {
        let Ok(entries) = fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries.flatten() {
            let (path, Ok(found)) = (entry.path(), entry.metadata()) else {
                continue;
            };
            if found.is_dir() {
                if is_deep {
                    folders.push(path.clone());
                    waiting.push(path);
                }
            } else if is_orphan(&path, &found) {
                match fs::remove_file(&path) {
                    Ok(()) => recorder.removed(),
                    Err(error) => recorder.failed_on(&path, &error),
                }
            }
        }
    }
    // The deepest folders come last. This fails for folders that are not empty.
    for folder in folders.iter().rev() {
        let _ = fs::remove_dir(folder);
    }
}

/// Returns whether a file was last written long ago. Its time of modification is the source's, so another time counts.
fn is_old(found: &Metadata) -> bool {
    #[cfg(unix)]
    let written = {
        use std::os::unix::fs::MetadataExt as _;

        let seconds = u64::try_from(found.ctime()).unwrap_or_default();
        SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
    };
    #[cfg(not(unix))]
    let written = found.modified().ok();
    let age = written.and_then(|written| SystemTime::now().duration_since(written).ok());
    age.is_some_and(|age| age > UNFINISHED_AGE)
}
