//! Copies what is missing or newer from the volume into the local directories.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};

use super::archive::{self, Member};
use super::draft::{Draft, mode_of, open_regular};
use super::error::Trouble;
use super::layout::{Layout, Places, create_folder_of};
use super::manifest::{Bucket, Manifest, THRESHOLD};
use super::parallel::{each, feed};
use super::report::Recorder;
use super::stamp::Stamp;

/// What a hydration found.
pub(super) struct Hydrated {
    /// The files that the local directories and the mirror have in common now.
    pub(super) seen: BTreeMap<PathBuf, Stamp>,
    /// Whether the archive is damaged, so that the next sync must write it again.
    pub(super) is_archive_damaged: bool,
}

pub(super) fn hydrate(
    layout: &Layout,
    threads: usize,
    recorder: &Recorder,
) -> Result<Hydrated, Trouble> {
    let manifest = Manifest::read(&layout.manifest())?.unwrap_or_default();
    let is_archive_damaged = small_files(layout, &manifest, threads, recorder)?;
    big_files(layout, &manifest, threads, recorder)?;
    let is_seen = |path: &Path, stamp: &Stamp| {
        layout.covers(path) && local(path).is_ok_and(|it| it.is_some_and(|it| !stamp.replaces(it)))
    };
    let files = manifest.files.iter();
    let seen = files.filter(|(path, (_, stamp))| is_seen(path, stamp));
    Ok(Hydrated {
        seen: seen
            .map(|(path, (_, stamp))| (path.clone(), *stamp))
            .collect(),
        is_archive_damaged,
    })
}

/// Returns the size and time of a local file. Anything else under its name is an error.
fn local(place: &Path) -> io::Result<Option<Stamp>> {
    match fs::metadata(place) {
        Ok(found) if found.is_file() => Ok(Some(Stamp::of(&found))),
        Ok(_) => Err(io::Error::other("something else has the name of this file")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Returns whether a file must be copied to this place.
fn is_wanted(place: &Path, stamp: Stamp, recorder: &Recorder) -> bool {
    match local(place) {
        Ok(Some(local)) if !stamp.replaces(local) => {
            recorder.unchanged();
            false
        }
        // A link stays what it is: the mirror contains no links, so it did not come from there.
        Ok(_) if fs::symlink_metadata(place).is_ok_and(|it| it.is_symlink()) => {
            recorder.failed(place, "a link has the name of this file");
            false
        }
        Ok(_) => true,
        Err(error) => {
            recorder.failed_on(place, &error);
            false
        }
    }
}

struct SmallFile {
    place: PathBuf,
    member: Member,
    content: Vec<u8>,
}

/// Unpacks the archive. Returns whether it is damaged.
fn small_files(
    layout: &Layout,
    manifest: &Manifest,
    threads: usize,
    recorder: &Recorder,
) -> Result<bool, Trouble> {
    let path = layout.archive();
    let mut places = Places::new(layout);
    let mut missing: BTreeSet<&Path> = BTreeSet::new();
    let mut unchanged = 0;
    for (path, stamp) in manifest.bucket(Bucket::Small) {
        let Some(place) = places.of(path) else {
            continue;
        };
        match local(&place) {
            Ok(Some(local)) if !stamp.replaces(local) => unchanged += 1,
            _ => drop(missing.insert(path)),
        }
    }
    if missing.is_empty() && !manifest.has_strange(Bucket::Small) {
        (0..unchanged).for_each(|_| recorder.unchanged());
        return Ok(false);
    }
    let archive = match open_regular(&path) {
        Ok(archive) => archive,
        Err(error) => {
            recorder.failed_on(&path, &error);
            return Ok(true);
        }
    };
    let mut is_damaged = false;
    let produce = |emit: &mut dyn FnMut(SmallFile)| {
        let mut visited = BTreeSet::new();
        let read = archive::read(archive, |member, content| {
            missing.remove(member.path.as_path());
            let Some(place) = places.of(&member.path) else {
                return Ok(());
            };
            if recorder.has_stopped() || !visited.insert(place.clone()) {
                return Ok(());
            }
            if !is_wanted(&place, member.stamp, recorder) {
                return Ok(());
            }
            if let Err(error) = create_folder_of(&place) {
                recorder.failed_on(&place, &error);
                return Ok(());
            }
            if member.stamp.size >= THRESHOLD {
                return write_large_member(&place, &member, content, recorder);
            }
            let content = archive::content(member.stamp.size, content)?;
            emit(SmallFile {
                place,
                member,
                content,
            });
            Ok(())
        });
        if let Err(error) = read {
            is_damaged = true;
            recorder.failed(&path, format_args!("the archive is damaged: {error}"));
        }
    };
    feed(threads, produce, |file| write_small(&file, recorder)).map_err(Trouble::Thread)?;
    for absent in &missing {
        if !is_damaged && !recorder.has_stopped() {
            recorder.failed(
                absent,
                "the manifest names it, but the archive does not contain it",
            );
        }
    }
    Ok(is_damaged || !missing.is_empty())
}

fn write_small(file: &SmallFile, recorder: &Recorder) {
    let SmallFile {
        place,
        member,
        content,
    } = file;
    let folder = place.parent().unwrap_or(place);
    let written = Draft::write(folder, member.mode, Some(member.stamp), |file| {
        file.write_all(content)
    })
    .and_then(|(draft, ())| draft.place(place));
    match written {
        Ok(()) => recorder.copied(member.stamp.size),
        Err(error) => recorder.failed_on(place, &error),
    }
}

/// Writes a member that is too large to be kept in memory.
fn write_large_member(
    place: &Path,
    member: &Member,
    content: &mut dyn Read,
    recorder: &Recorder,
) -> io::Result<()> {
    let folder = place.parent().unwrap_or(place);
    let size = member.stamp.size;
    let written = Draft::write(folder, member.mode, Some(member.stamp), |file| {
        io::copy(&mut content.take(size), file)
    });
    match written {
        // Nothing after this place can be read either.
        Ok((_, copied)) if copied != size => return Err(archive::cut_off()),
        Ok((draft, _)) => match draft.place(place) {
            Ok(()) => recorder.copied(size),
            Err(error) => recorder.failed_on(place, &error),
        },
        Err(error) => recorder.failed_on(place, &error),
    }
    Ok(())
}

struct BigFile {
    path: PathBuf,
    place: PathBuf,
    stamp: Stamp,
}

fn big_files(
    layout: &Layout,
    manifest: &Manifest,
    threads: usize,
    recorder: &Recorder,
) -> Result<(), Trouble> {
    let mut places = Places::new(layout);
    let mut files = Vec::new();
    for (path, stamp) in manifest.bucket(Bucket::Big) {
        let Some(place) = places.of(path) else {
            continue;
        };
        if is_wanted(&place, stamp, recorder) {
            files.push(BigFile {
                path: path.to_owned(),
                place,
                stamp,
            });
        }
    }
    let copy = |file: BigFile| {
        if recorder.has_stopped() {
            return;
        }
        match copy_big(layout, &file) {
            Ok(bytes) => recorder.copied(bytes),
            Err(error) => recorder.failed_on(&file.place, &error),
        }
    };
    each(threads, files, copy).map_err(Trouble::Thread)
}

fn copy_big(layout: &Layout, wanted: &BigFile) -> io::Result<u64> {
    let from = layout.big_copy(&wanted.path);
    if !layout.is_in_big(&from) {
        return Err(io::Error::other(
            "a link on the volume leads out of the mirror",
        ));
    }
    let mut source = open_regular(&from)?;
    let found = source.metadata()?;
    let mut stamp = wanted.stamp;
    if found.len() != stamp.size {
        // Another worker may have replaced the file since the manifest was read.
        let now = Manifest::read(&layout.manifest()).ok().flatten();
        match now.and_then(|now| now.files.get(&wanted.path).copied()) {
            Some((Bucket::Big, now)) if now.size == found.len() => stamp = now,
            _ => {
                return Err(io::Error::other(format!(
                    "the file on the volume has {} bytes, and the manifest expects {}; the next sync of a worker that \
                     has the file replaces it",
                    found.len(),
                    stamp.size
                )));
            }
        }
    }
    create_folder_of(&wanted.place)?;
    let folder = wanted.place.parent().unwrap_or(&wanted.place);
    let (draft, copied) = Draft::write(folder, mode_of(&found), Some(stamp), |file| {
        io::copy(&mut source, file)
    })?;
    if copied != stamp.size {
        return Err(io::Error::other("the file changed while it was copied"));
    }
    draft.place(&wanted.place)?;
    Ok(copied)
}
