//! Finds the files of the local directories.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::draft::UNFINISHED;
use super::layout::Layout;
use super::report::Recorder;
use super::stamp::Stamp;

/// Folders of Hugging Face's cache that the Python SDK leaves out. Its tools write them again.
const LEFT_OUT: [&str; 2] = ["refs", ".no_exist"];

/// Returns all files that belong in the mirror. Links, locks and unfinished copies do not.
pub(super) fn local_files(layout: &Layout, recorder: &Recorder) -> BTreeMap<PathBuf, Stamp> {
    let mut files = BTreeMap::new();
    let mut folders: Vec<PathBuf> = layout.directories.clone();
    while let Some(folder) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => {
                recorder.failed(&folder, format_args!("cannot be listed: {error}"));
                continue;
            }
        };
        for entry in entries.flatten() {
            let path = entry.path();
            // A file that disappears meanwhile is not an error.
            let Ok(found) = entry.metadata() else {
                continue;
            };
            if found.is_dir() {
                if path != layout.mirror && !has_name(&path, &LEFT_OUT) {
                    folders.push(path);
                }
            } else if found.is_file() && !is_temporary(&path) {
                if path.to_str().is_some() {
                    files.insert(path, Stamp::of(&found));
                } else {
                    recorder.failed(
                        &path,
                        "the name is not Unicode, so the manifest cannot name it",
                    );
                }
            }
        }
    }
    files
}

fn has_name(path: &Path, names: &[&str]) -> bool {
    path.file_name()
        .is_some_and(|name| names.iter().any(|it| name == *it))
}

fn is_temporary(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.ends_with(".lock") || name.ends_with(UNFINISHED)
}
