//! Creates the files and folders of an archive.

use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write as _};
use std::path::{Component, Path, PathBuf};

use crate::download::error::Cause;
use crate::download::sink::disk;
use crate::text::visible;

/// The target folder, and what may still be written to it.
pub(super) struct Unpacker<'a> {
    folder: &'a Path,
    entries: usize,
    max_entries: usize,
    bytes: u64,
    max_bytes: u64,
}

/// An archive that is broken, or contains something that is not allowed.
pub(super) fn refused(reason: impl Into<String>) -> Cause {
    Cause::Archive(reason.into())
}

impl<'a> Unpacker<'a> {
    pub(super) fn new(folder: &'a Path, max_entries: usize, max_bytes: u64) -> Self {
        Self {
            folder,
            entries: 0,
            max_entries,
            bytes: 0,
            max_bytes,
        }
    }

    /// Creates a folder. Folders may appear several times.
    pub(super) fn folder(&mut self, name: &str) -> Result<(), Cause> {
        let path = self.next(name)?;
        fs::create_dir_all(&path).map_err(|error| in_the_way_or_disk(name, &path, error))
    }

    /// Creates a file with this content.
    pub(super) fn file(&mut self, name: &str, content: &mut dyn Read) -> Result<(), Cause> {
        let path = self.next(name)?;
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(|error| in_the_way_or_disk(name, parent, error))?;
        }
        // `create_new` never follows a link and never replaces a file.
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&path)
            .map_err(|error| in_the_way_or_disk(name, &path, error))?;
        let mut buffer = vec![0; 64 << 10];
        loop {
            let read = match content.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(refused(format!("{} is broken: {error}", shown(name)))),
            };
            self.bytes = self.bytes.saturating_add(read as u64);
            if self.bytes > self.max_bytes {
                return Err(Cause::TooLarge {
                    limit: self.max_bytes,
                });
            }
            file.write_all(&buffer[..read])
                .map_err(|error| disk(&path, error))?;
        }
    }

    pub(super) fn most_entries(&self) -> usize {
        self.max_entries
    }

    /// Counts an entry and returns its path inside the folder.
    fn next(&mut self, name: &str) -> Result<PathBuf, Cause> {
        self.count()?;
        inside(self.folder, name)
    }

    /// Counts an entry.
    pub(super) fn count(&mut self) -> Result<(), Cause> {
        self.entries += 1;
        if self.entries > self.max_entries {
            return Err(refused(format!(
                "it has more than {} entries",
                self.max_entries
            )));
        }
        Ok(())
    }
}

/// Returns the path of an entry if it is inside `folder`. A backslash is a separator on some systems and a part of a
/// name on others, so names with one are refused.
fn inside(folder: &Path, name: &str) -> Result<PathBuf, Cause> {
    let leaves = || {
        refused(format!(
            "the path {} is not allowed: paths must be relative, without `..`, backslashes and control characters",
            shown(name)
        ))
    };
    if name.contains('\\') || name.chars().any(char::is_control) {
        return Err(leaves());
    }
    let mut path = folder.to_owned();
    for component in Path::new(name).components() {
        match component {
            Component::Normal(part) => path.push(part),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => {
                return Err(leaves());
            }
        }
    }
    Ok(path)
}

/// The folder is new, so whatever is in the way came from the same archive.
fn in_the_way_or_disk(name: &str, path: &Path, error: io::Error) -> Cause {
    match error.kind() {
        io::ErrorKind::AlreadyExists
        | io::ErrorKind::NotADirectory
        | io::ErrorKind::IsADirectory => refused(format!("it contains {} twice", shown(name))),
        _ => disk(path, error),
    }
}

/// Shows a name from an archive in a message.
pub(super) fn shown(name: &str) -> String {
    let mut end = name.len().min(200);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    let rest = if end < name.len() { "…" } else { "" };
    format!("`{}{rest}`", visible(&name[..end]))
}
