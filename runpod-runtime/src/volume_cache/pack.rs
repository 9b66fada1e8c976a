//! Writes the archive of the small files.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::archive::{self, Member, Packer};
use super::draft::{Draft, mode_of, open_regular};
use super::layout::Layout;
use super::manifest::{Bucket, Manifest};
use super::parallel::each;
use super::report::Recorder;
use super::stamp::Stamp;

/// The largest member of an old archive that is kept, in bytes. It must fit into memory, and a small file is far smaller.
const LARGEST_KEPT: u64 = 16 << 20;

/// What several threads add to.
struct Packing<'f> {
    packer: Packer<&'f mut File>,
    packed: BTreeMap<PathBuf, Stamp>,
    /// The reason why the archive cannot be written.
    broken: Option<io::Error>,
}

impl Packing<'_> {
    fn add(&mut self, member: &Member, content: &[u8]) {
        if self.broken.is_some() {
            return;
        }
        match self.packer.add(member, content) {
            Ok(()) => drop(self.packed.insert(member.path.clone(), member.stamp)),
            Err(error) => self.broken = Some(error),
        }
    }
}

/// Writes the archive with the small files of the manifest: from the local directories if they have the same file, and
/// otherwise from the old archive. Afterwards, the manifest names exactly the files of the archive. Returns these files.
///
/// # Errors
///
/// If an error is returned, the old archive was not replaced.
pub(super) fn repack(
    layout: &Layout,
    threads: usize,
    manifest: &mut Manifest,
    local: &BTreeMap<PathBuf, Stamp>,
    recorder: &Recorder,
) -> io::Result<BTreeMap<PathBuf, Stamp>> {
    let mut from_here = Vec::new();
    let mut from_archive = BTreeSet::new();
    for (path, stamp) in manifest.bucket(Bucket::Small) {
        let is_same = |it: &&Stamp| !it.replaces(stamp) && !stamp.replaces(**it);
        match local.get(path).filter(is_same) {
            Some(_) => from_here.push(path.to_owned()),
            None => drop(from_archive.insert(path.to_owned())),
        }
    }
    let has_strange = manifest.has_strange(Bucket::Small);
    if from_here.is_empty() && from_archive.is_empty() && !has_strange {
        return remove(&layout.archive()).map(|()| BTreeMap::new());
    }
    let written = Draft::write(&layout.mirror, 0o644, None, |file| {
        let packing = Mutex::new(Packing {
            packer: Packer::new(file),
            packed: BTreeMap::new(),
            broken: None,
        });
        let pack = |path: PathBuf| match read_stable(&path) {
            Ok((member, content)) => guard(&packing).add(&member, &content),
            // The file disappeared after it was found.
            Err(_) if !path.exists() => {}
            Err(error) => recorder.failed_on(&path, &error),
        };
        each(threads, from_here, pack)?;
        let mut packing = packing.into_inner().unwrap_or_else(PoisonError::into_inner);
        if !from_archive.is_empty() || has_strange {
            carry_over(layout, &mut packing, &from_archive, has_strange, recorder);
        }
        match packing.broken {
            None => packing.packer.finish().map(|()| packing.packed),
            Some(error) => Err(error),
        }
    });
    let (draft, packed) = written?;
    draft.place(&layout.archive())?;
    manifest
        .files
        .retain(|path, (bucket, _)| *bucket == Bucket::Big || packed.contains_key(path));
    for (path, (bucket, stamp)) in &mut manifest.files {
        if *bucket == Bucket::Small
            && let Some(packed) = packed.get(path)
        {
            *stamp = *packed;
        }
    }
    Ok(packed)
}

fn guard<'m, 'f>(packing: &'m Mutex<Packing<'f>>) -> MutexGuard<'m, Packing<'f>> {
    packing.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Copies members of the old archive into the new one.
fn carry_over(
    layout: &Layout,
    packing: &mut Packing<'_>,
    wanted: &BTreeSet<PathBuf>,
    has_strange: bool,
    recorder: &Recorder,
) {
    let path = layout.archive();
    let read = open_regular(&path).and_then(|old| {
        archive::read(old, |member, content| {
            let is_known = wanted.contains(&member.path);
            let is_packed = packing.packed.contains_key(&member.path);
            let is_strange = has_strange && member.path.to_str().is_none();
            if is_packed || !(is_known || is_strange) || member.stamp.size > LARGEST_KEPT {
                return Ok(());
            }
            let content = archive::content(member.stamp.size, content)?;
            packing.add(&member, &content);
            Ok(())
        })
    });
    if let Err(error) = read {
        tracing::warn!(
            "volume cache: {} is damaged ({error}); it is written again with the files that can be read",
            path.display()
        );
    }
    for lost in wanted.iter().filter(|it| !packing.packed.contains_key(*it)) {
        recorder.failed(lost, "the old archive does not contain it in a usable form");
    }
}

/// Reads a small local file that does not change meanwhile.
fn read_stable(path: &Path) -> io::Result<(Member, Vec<u8>)> {
    let mut file = open_regular(path)?;
    let found = file.metadata()?;
    let stamp = Stamp::of(&found);
    let mut content = Vec::new();
    (&mut file).take(stamp.size + 1).read_to_end(&mut content)?;
    if content.len() as u64 != stamp.size || Stamp::of(&file.metadata()?) != stamp {
        return Err(io::Error::other(
            "the file changed while it was read; the next sync copies it",
        ));
    }
    let member = Member {
        path: path.to_owned(),
        stamp,
        mode: mode_of(&found),
    };
    Ok((member, content))
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
