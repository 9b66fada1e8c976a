//! Copies what is missing or newer from the local directories to the volume.
//!
//! Large files are copied without the lock, under temporary names. Under the lock, they get their names, the archive is
//! written, and the manifest last. The entries of other workers stay in the manifest.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::draft::{Draft, mode_of, open_regular};
use super::error::Trouble;
use super::layout::Layout;
use super::lock;
use super::manifest::{Bucket, Manifest};
use super::pack::repack;
use super::parallel::each;
use super::plan::{Plan, on_volume};
use super::report::Recorder;
use super::scan::local_files;
use super::stamp::Stamp;

/// Returns the files that the local directories and the mirror have in common now, and whether the archive is still
/// damaged.
pub(super) fn sync(
    layout: &Layout,
    threads: usize,
    seen: &BTreeMap<PathBuf, Stamp>,
    is_archive_damaged: bool,
    recorder: &Recorder,
) -> Result<(BTreeMap<PathBuf, Stamp>, bool), Trouble> {
    let local = local_files(layout, recorder);
    let manifest = manifest_or_new(layout)?;
    let plan = Plan::new(layout, &local, &manifest, seen);
    if plan.is_empty() && !is_archive_damaged {
        (0..plan.unchanged).for_each(|_| recorder.unchanged());
        return Ok((in_common(&local, &manifest), false));
    }
    fs::create_dir_all(&layout.mirror)
        .map_err(Trouble::with("cannot be created", &layout.mirror))?;
    let copies = copy_big_files(layout, plan.big, threads, recorder)?;

    let _lock = lock::wait(&layout.lock())?;
    let before = manifest_or_new(layout)?;
    // Other workers may have synced since the first look.
    let plan = Plan::new(layout, &local, &before, seen);
    (0..plan.unchanged).for_each(|_| recorder.unchanged());
    let mut manifest = before.clone();
    for (path, _) in &plan.deleted {
        manifest.files.remove(path);
        recorder.removed();
    }
    place_big_files(layout, &plan.big, copies, &mut manifest, recorder);
    let changed: BTreeMap<_, _> = plan.small.into_iter().collect();
    for (path, stamp) in &changed {
        manifest.files.insert(path.clone(), (Bucket::Small, *stamp));
    }
    let is_same = before
        .bucket(Bucket::Small)
        .eq(manifest.bucket(Bucket::Small));
    let mut is_still_damaged = false;
    if !is_same || plan.is_archive_broken || is_archive_damaged {
        match repack(layout, threads, &mut manifest, &local, recorder) {
            Ok(packed) => {
                let sizes = packed
                    .iter()
                    .filter(|(path, _)| changed.contains_key(*path));
                sizes.for_each(|(_, stamp)| recorder.copied(stamp.size));
            }
            Err(error) => {
                is_still_damaged = is_archive_damaged;
                // The old archive stays, and so do its entries.
                manifest
                    .files
                    .retain(|_, (bucket, _)| *bucket == Bucket::Big);
                for (path, stamp) in before.bucket(Bucket::Small) {
                    manifest
                        .files
                        .insert(path.to_owned(), (Bucket::Small, stamp));
                }
                recorder.failed_on(&layout.archive(), &error);
            }
        }
    }
    if manifest != before || !layout.manifest().exists() {
        let path = layout.manifest();
        manifest
            .write(&path)
            .map_err(Trouble::with("cannot be written", &path))?;
    }
    for (path, bucket) in plan.deleted {
        if bucket == Bucket::Big && layout.is_in_big(&layout.big_copy(&path)) {
            let _ = fs::remove_file(layout.big_copy(&path));
        }
    }
    Ok((in_common(&local, &manifest), is_still_damaged))
}

/// Reads the manifest, or starts a new one if there is none or if it is damaged.
fn manifest_or_new(layout: &Layout) -> Result<Manifest, Trouble> {
    match Manifest::read(&layout.manifest()) {
        Ok(manifest) => Ok(manifest.unwrap_or_default()),
        Err(error @ Trouble::Damaged { .. }) => {
            tracing::warn!("volume cache: {error}");
            Ok(Manifest::default())
        }
        Err(error) => Err(error),
    }
}

fn in_common(local: &BTreeMap<PathBuf, Stamp>, manifest: &Manifest) -> BTreeMap<PathBuf, Stamp> {
    let files = manifest.files.iter();
    let common = files.filter(|(path, (_, stamp))| {
        local
            .get(*path)
            .is_some_and(|local| !stamp.replaces(*local))
    });
    common
        .map(|(path, (_, stamp))| (path.clone(), *stamp))
        .collect()
}

/// A large file that is on the volume, but not yet in the manifest.
enum BigCopy {
    Draft(Draft, Stamp),
    /// The volume has the file already, perhaps from a worker that was killed before it wrote the manifest.
    Present,
}

fn copy_big_files(
    layout: &Layout,
    files: Vec<(PathBuf, Stamp)>,
    threads: usize,
    recorder: &Recorder,
) -> Result<BTreeMap<PathBuf, BigCopy>, Trouble> {
    let copies = Mutex::new(BTreeMap::new());
    let copy = |(path, stamp): (PathBuf, Stamp)| {
        if recorder.has_stopped() {
            return;
        }
        match copy_big(layout, &path, stamp) {
            Ok(copy) => {
                let mut copies = copies.lock().unwrap_or_else(PoisonError::into_inner);
                copies.insert(path, copy);
            }
            // The file disappeared after it was found.
            Err(_) if !path.exists() => {}
            Err(error) => recorder.failed_on(&path, &error),
        }
    };
    each(threads, files, copy).map_err(Trouble::Thread)?;
    Ok(copies.into_inner().unwrap_or_else(PoisonError::into_inner))
}

fn copy_big(layout: &Layout, path: &Path, stamp: Stamp) -> io::Result<BigCopy> {
    let to = layout.big_copy(path);
    if !layout.is_in_big(&to) {
        return Err(io::Error::other(
            "a link on the volume leads out of the mirror",
        ));
    }
    let current = |it: Stamp| it.size == stamp.size && !stamp.replaces(it) && !it.replaces(stamp);
    if on_volume(layout, path).is_some_and(current) {
        return Ok(BigCopy::Present);
    }
    let folder = to.parent().unwrap_or(&to);
    fs::create_dir_all(folder)?;
    let mut source = open_regular(path)?;
    let found = source.metadata()?;
    let start = Stamp::of(&found);
    let (draft, copied) = Draft::write(folder, mode_of(&found), Some(start), |file| {
        io::copy(&mut source, file)
    })?;
    if copied != start.size || Stamp::of(&source.metadata()?) != start {
        return Err(io::Error::other(
            "the file changed while it was copied; the next sync copies it",
        ));
    }
    Ok(BigCopy::Draft(draft, start))
}

fn place_big_files(
    layout: &Layout,
    wanted: &[(PathBuf, Stamp)],
    mut copies: BTreeMap<PathBuf, BigCopy>,
    manifest: &mut Manifest,
    recorder: &Recorder,
) {
    for (path, stamp) in wanted {
        let placed = match copies.remove(path) {
            Some(BigCopy::Draft(draft, written)) => match draft.place(&layout.big_copy(path)) {
                Ok(()) => {
                    recorder.copied(written.size);
                    Some(written)
                }
                Err(error) => {
                    recorder.failed_on(path, &error);
                    None
                }
            },
            Some(BigCopy::Present) => {
                recorder.unchanged();
                on_volume(layout, path).filter(|it| it.size == stamp.size)
            }
            None => None,
        };
        // If the copy failed, the volume has an old file, which must not be taken for the current one.
        match placed {
            Some(placed) => manifest.files.insert(path.clone(), (Bucket::Big, placed)),
            None => manifest.files.remove(path),
        };
    }
}
