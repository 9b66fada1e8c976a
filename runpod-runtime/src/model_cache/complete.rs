//! Checks that no file of a model is missing.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;

use serde::Deserialize;

/// The largest index that is read. Indexes of the largest models have a few megabytes.
const LARGEST_INDEX: u64 = 64 << 20;

/// The beginning of a file that Git LFS has not replaced by its content.
const LFS_POINTER: &[u8] = b"version https://git-lfs";

/// The index of a model whose weights are in several files.
#[derive(Deserialize)]
struct Index {
    /// The file of each tensor.
    weight_map: std::collections::HashMap<String, String>,
}

/// Returns a description of each file that is missing from a model's directory or is not what it seems.
pub(super) fn missing_from(directory: &Path) -> Vec<String> {
    let mut missing = BTreeSet::new();
    check_folder(directory, Path::new(""), &mut missing);
    missing.into_iter().collect()
}

fn check_folder(directory: &Path, inside: &Path, missing: &mut BTreeSet<String>) {
    let folder = directory.join(inside);
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) => {
            missing.insert(format!("{}: cannot be listed ({error})", folder.display()));
            return;
        }
    };
    for entry in entries.flatten() {
        let path = inside.join(entry.file_name());
        // This follows links: the files of a snapshot are links to the cache's blobs.
        match fs::metadata(entry.path()) {
            Ok(found) if found.is_dir() => check_folder(directory, &path, missing),
            Ok(_) => check_file(directory, &path, missing),
            Err(_) => {
                missing.insert(format!("{}: the link leads to no file", path.display()));
            }
        }
    }
}

fn check_file(directory: &Path, path: &Path, missing: &mut BTreeSet<String>) {
    let whole = directory.join(path);
    let mut start = Vec::new();
    let read = File::open(&whole)
        .and_then(|file| file.take(LFS_POINTER.len() as u64).read_to_end(&mut start));
    if let Err(error) = read {
        missing.insert(format!("{}: cannot be read ({error})", path.display()));
    } else if start == LFS_POINTER {
        missing.insert(format!(
            "{}: this is a pointer of Git LFS, not the file",
            path.display()
        ));
    } else if path.to_string_lossy().ends_with(".index.json") {
        check_index(directory, path, missing);
    }
}

/// Checks that all files of an index exist.
fn check_index(directory: &Path, path: &Path, missing: &mut BTreeSet<String>) {
    let read = || {
        let mut text = String::new();
        File::open(directory.join(path))?
            .take(LARGEST_INDEX)
            .read_to_string(&mut text)?;
        Ok(serde_json::from_str::<Index>(&text)?)
    };
    let index = match read() {
        Ok(index) => index,
        Err(error) => {
            let error: std::io::Error = error;
            missing.insert(format!("{}: cannot be read ({error})", path.display()));
            return;
        }
    };
    let folder = path.parent().unwrap_or(Path::new(""));
    for file in index.weight_map.into_values().collect::<BTreeSet<_>>() {
        let file = folder.join(file);
        if !directory.join(&file).is_file() {
            missing.insert(format!(
                "{}: missing, but {} names it",
                file.display(),
                path.display()
            ));
        }
    }
}
