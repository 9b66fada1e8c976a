//! Records the content of files to tell whether they have changed. A file that is saved without an edit has not
//! changed.

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The size up to which a file is read. For a larger file, such as a model, size and modification time must do.
const READ: u64 = 4 * 1024 * 1024;

#[derive(Debug, Default)]
pub(super) struct Contents(HashMap<PathBuf, Print>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Print {
    #[default]
    Absent,
    Read(u64),
    Large(u64, Option<SystemTime>),
}

impl Contents {
    /// Records the file and tells whether it differs from the last record. A file without a record counts as absent.
    pub(super) fn look(&mut self, file: &Path) -> bool {
        let print = Print::of(file);
        self.0.insert(file.to_owned(), print).unwrap_or_default() != print
    }

    pub(super) fn has_seen(&self, file: &Path) -> bool {
        self.0.contains_key(file)
    }

    /// Returns the recorded files below this folder.
    pub(super) fn below(&self, folder: &Path) -> impl Iterator<Item = &PathBuf> {
        self.0.keys().filter(move |file| file.starts_with(folder))
    }
}

impl Print {
    fn of(file: &Path) -> Self {
        let Ok(metadata) = file.metadata() else {
            return Self::Absent;
        };
        if !metadata.is_file() {
            return Self::Absent;
        }
        if metadata.len() > READ {
            return Self::Large(metadata.len(), metadata.modified().ok());
        }
        // The compiler cannot read such a file either.
        std::fs::read(file).map_or(Self::Absent, |content| {
            let mut hasher = DefaultHasher::new();
            content.hash(&mut hasher);
            Self::Read(hasher.finish())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_another_content_is_a_change() -> std::io::Result<()> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("main.rs");
        let mut contents = Contents::default();
        assert!(!contents.look(&file));
        std::fs::write(&file, "fn main() {}")?;
        assert!(contents.look(&file));
        std::fs::write(&file, "fn main() {}")?;
        assert!(!contents.look(&file));
        std::fs::write(&file, "fn main() { }")?;
        assert!(contents.look(&file));
        std::fs::remove_file(&file)?;
        assert!(contents.look(&file));
        Ok(())
    }
}
