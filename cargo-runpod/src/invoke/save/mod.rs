//! Saves the files in a result: base64 texts and data URLs become files, and their paths take their place in the JSON.

mod content;
mod name;
mod rewrite;
pub(super) mod shorten;

use std::collections::HashMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use ring::digest::{SHA256, digest};
use serde_json::value::RawValue;

use super::code;
use crate::failure::Failure;

/// How many names are tried for a file if others of its name exist.
const MOST_NAMES: u32 = 10_000;

#[derive(Debug)]
pub(super) struct Saving {
    folder: PathBuf,
    /// The files that this command has written, by their content. The items of a stream are often repeated in the
    /// output.
    written: HashMap<Vec<u8>, String>,
    has_failed: bool,
    notes: Vec<String>,
}

impl Saving {
    /// Creates the folder if it does not exist.
    pub(super) fn into(folder: &Path) -> Result<Self, Failure> {
        fs::create_dir_all(folder).map_err(|error| {
            Failure::new(format!(
                "--save: cannot create the folder {}: {error}; choose a folder in which you may create files",
                folder.display()
            ))
            .with_code(code::USAGE)
        })?;
        Ok(Self {
            folder: folder.to_owned(),
            written: HashMap::new(),
            has_failed: false,
            notes: Vec::new(),
        })
    }

    /// Saves the files in `value` and returns it with the paths in their place. `root` names a value that is a file as
    /// a whole. If a file cannot be written, its text stays in the value, so nothing is lost.
    pub(super) fn files_of(&mut self, value: Box<RawValue>, root: &str) -> Box<RawValue> {
        let mut replace = |place: &rewrite::Place<'_>, text: &str| {
            let found = content::of(text, place.key())?;
            let stem = name::stem(place, root);
            match self.save(&stem, found.extension, &found.bytes) {
                Ok(path) => Some(path),
                Err(told) => {
                    self.has_failed = true;
                    self.notes.push(told);
                    None
                }
            }
        };
        match rewrite::strings(&value, &mut replace) {
            Some(text) => RawValue::from_string(text).unwrap_or(value),
            None => value,
        }
    }

    pub(super) fn has_failed(&self) -> bool {
        self.has_failed
    }

    /// Returns the messages since the last call.
    pub(super) fn notes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notes)
    }

    fn save(&mut self, stem: &str, extension: &str, bytes: &[u8]) -> Result<String, String> {
        let content = digest(&SHA256, bytes).as_ref().to_vec();
        if let Some(path) = self.written.get(&content) {
            return Ok(path.clone());
        }
        let path = self.write(stem, extension, bytes).map_err(|error| {
            format!(
                "cannot write a file {stem}.{extension} in {}: {error}; its data stays in the output",
                self.folder.display()
            )
        })?;
        let path = path.to_string_lossy().into_owned();
        self.written.insert(content, path.clone());
        Ok(path)
    }

    /// Writes a new file. Never changes a file that exists, and follows no link.
    fn write(&self, stem: &str, extension: &str, bytes: &[u8]) -> io::Result<PathBuf> {
        for number in 1..=MOST_NAMES {
            let name = match number {
                1 => format!("{stem}.{extension}"),
                other => format!("{stem}-{other}.{extension}"),
            };
            let path = self.folder.join(name);
            let file = OpenOptions::new().write(true).create_new(true).open(&path);
            let mut file = match file {
                Ok(file) => file,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                Err(error) => return Err(error),
            };
            return match file.write_all(bytes) {
                Ok(()) => Ok(path),
                Err(error) => {
                    // The error above is the one to report, and a part of a file is useless.
                    let _ = fs::remove_file(&path);
                    Err(error)
                }
            };
        }
        Err(io::Error::other(format!(
            "{MOST_NAMES} files of this name exist already"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_exists_is_kept_and_a_link_is_not_followed() {
        let room = tempfile::tempdir().unwrap();
        let folder = room.path().join("saved");
        let outside = room.path().join("outside");
        let mut saving = Saving::into(&folder).unwrap();
        fs::write(folder.join("output.txt"), "mine").unwrap();
        std::os::unix::fs::symlink(&outside, folder.join("output-2.txt")).unwrap();
        let value = RawValue::from_string(r#""data:text/plain,hello""#.to_owned()).unwrap();
        let value = saving.files_of(value, "output");
        let path = folder.join("output-3.txt");
        assert_eq!(value.get(), format!("\"{}\"", path.display()));
        assert_eq!(fs::read(path).unwrap(), b"hello");
        assert_eq!(fs::read(folder.join("output.txt")).unwrap(), b"mine");
        assert!(!outside.exists());
    }

    #[test]
    fn a_file_that_cannot_be_written_stays_in_the_value() {
        let room = tempfile::tempdir().unwrap();
        let folder = room.path().join("saved");
        let mut saving = Saving::into(&folder).unwrap();
        fs::remove_dir(&folder).unwrap();
        let text = r#"{"a": "data:text/plain,hello", "n": 1.50}"#;
        let value = RawValue::from_string(text.to_owned()).unwrap();
        assert_eq!(saving.files_of(value, "output").get(), text);
        assert!(saving.has_failed());
        let notes = saving.notes().join("");
        assert!(
            notes.contains("its data stays in the output") && notes.contains("saved"),
            "{notes}"
        );
    }

    #[test]
    fn equal_content_is_one_file() {
        let room = tempfile::tempdir().unwrap();
        let mut saving = Saving::into(room.path()).unwrap();
        for name in ["item", "output"] {
            let value = RawValue::from_string(r#""data:text/plain,hello""#.to_owned()).unwrap();
            let path = room.path().join("item.txt");
            assert_eq!(
                saving.files_of(value, name).get(),
                format!("\"{}\"", path.display())
            );
        }
        assert_eq!(fs::read_dir(room.path()).unwrap().count(), 1);
    }
}
