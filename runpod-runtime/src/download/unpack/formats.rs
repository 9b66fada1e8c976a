//! Reads the entries of zip, tar and tar.gz archives.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _, SeekFrom};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use tar::EntryType;
use zip::ZipArchive;

use super::descriptions::{Budget, Limited, Tar, Total, Zip};
use super::entry::{Unpacker, refused, shown};
use crate::download::error::Cause;
use crate::download::sink::disk;

/// The magic number of a tar archive is at this offset.
const USTAR_AT: usize = 257;

/// Unpacks an archive of any known format.
pub(super) fn unpack(path: &Path, unpacker: &mut Unpacker<'_>) -> Result<(), Cause> {
    let mut start = Vec::new();
    let mut open = || {
        let mut file = File::open(path)?;
        (&mut file)
            .take(USTAR_AT as u64 + 5)
            .read_to_end(&mut start)?;
        file.seek(SeekFrom::Start(0))?;
        Ok(file)
    };
    let file = BufReader::new(open().map_err(|error| disk(path, error))?);
    match start.as_slice() {
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => unpack_zip(file, unpacker),
        [0x1f, 0x8b, ..] => unpack_tar(MultiGzDecoder::new(file), unpacker),
        tar if tar.get(USTAR_AT..) == Some(b"ustar") => unpack_tar(file, unpacker),
        _ => Err(refused("its content is no zip, tar or tar.gz archive")),
    }
}

fn unpack_zip(file: BufReader<File>, unpacker: &mut Unpacker<'_>) -> Result<(), Cause> {
    let budget = Budget::of_zip();
    let file = Zip(Limited::new(file, &budget, unpacker.most_entries()));
    let mut archive = ZipArchive::new(file).map_err(broken)?;
    budget.lift();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(broken)?;
        let name = entry.name().map_err(broken)?.into_owned();
        // The upper half of the attributes is the file's mode, if the archive was made on Unix.
        let kind = entry.unix_mode().unwrap_or_default() & 0o170_000;
        if entry.is_dir() {
            unpacker.folder(&name)?;
        } else if matches!(kind, 0 | 0o100_000) {
            unpacker.file(&name, &mut entry)?;
        } else {
            return Err(not_a_file(&name));
        }
    }
    Ok(())
}

fn unpack_tar(archive: impl Read, unpacker: &mut Unpacker<'_>) -> Result<(), Cause> {
    let budget = Budget::of_tar();
    let mut total = Total::of(&budget);
    let archive = Tar(Limited::new(archive, &budget, unpacker.most_entries()));
    let mut archive = tar::Archive::new(archive);
    let mut entries = archive.entries().map_err(broken)?;
    while let Some(mut entry) = total.next(&mut entries).map_err(broken)? {
        budget.lift();
        let name = entry.path_bytes().into_owned();
        let name = String::from_utf8(name).map_err(|error| {
            refused(format!(
                "the path {} is not UTF-8",
                shown(&String::from_utf8_lossy(error.as_bytes()))
            ))
        })?;
        match entry.header().entry_type() {
            EntryType::Directory => unpacker.folder(&name)?,
            EntryType::Regular | EntryType::Continuous => unpacker.file(&name, &mut entry)?,
            // It describes the entries after it, and none of its values is used.
            EntryType::XGlobalHeader => {
                // The library skips it, which counts as a part of the next description.
                unpacker.count()?;
            }
            _ => return Err(not_a_file(&name)),
        }
    }
    Ok(())
}

fn not_a_file(name: &str) -> Cause {
    refused(format!(
        "{} is a link or a special file; only files and folders are unpacked",
        shown(name)
    ))
}

fn broken(error: impl Into<io::Error>) -> Cause {
    refused(format!("the archive is broken: {}", error.into()))
}
