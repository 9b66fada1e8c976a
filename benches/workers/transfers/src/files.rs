//! The files that are transferred.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use axum::body::Bytes;

use crate::Outcome;

/// Several files with random content of the same size.
#[derive(Debug, Clone)]
pub(crate) struct Files(pub(crate) Vec<Bytes>);

impl Files {
    pub(crate) fn new(count: usize, bytes: usize) -> Self {
        let mut random = fastrand::Rng::with_seed(7);
        let contents = (0..count).map(|_| {
            let mut content = vec![0; bytes];
            random.fill(&mut content);
            Bytes::from(content)
        });
        Self(contents.collect())
    }

    /// Writes the files into a folder, and returns their paths.
    pub(crate) fn write_to(&self, folder: &Path) -> Outcome<Vec<PathBuf>> {
        fs::create_dir_all(folder)?;
        let paths = self.0.iter().enumerate().map(|(number, content)| {
            let path = folder.join(format!("{number}.bin"));
            fs::write(&path, content)?;
            Ok(path)
        });
        paths.collect()
    }

    /// Checks that a folder and its subfolders contain exactly these contents, under any names.
    pub(crate) fn check(&self, folder: &Path) -> Outcome<()> {
        let mut missing: HashMap<&[u8], usize> = HashMap::new();
        for content in &self.0 {
            *missing.entry(content).or_default() += 1;
        }
        let paths = paths_in(folder)?;
        for path in &paths {
            let content = fs::read(path)?;
            match missing.get_mut(content.as_slice()) {
                Some(count) if *count > 0 => *count -= 1,
                _ => return Err(format!("{} has another content", path.display()).into()),
            }
        }
        if paths.len() != self.0.len() {
            let (found, expected) = (paths.len(), self.0.len());
            return Err(format!("{}: {found} of {expected} files", folder.display()).into());
        }
        Ok(())
    }
}

fn paths_in(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            paths.extend(paths_in(&entry.path())?);
        } else {
            paths.push(entry.path());
        }
    }
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_a_changed_and_an_additional_file_are_found() {
        let files = Files::new(2, 100);
        let folder = tempfile::tempdir().unwrap();
        let paths = files.write_to(&folder.path().join("inner")).unwrap();
        files.check(folder.path()).unwrap();
        fs::write(folder.path().join("more"), &files.0[0]).unwrap();
        files.check(folder.path()).unwrap_err();
        fs::remove_file(folder.path().join("more")).unwrap();
        fs::write(&paths[1], &files.0[0]).unwrap();
        files.check(folder.path()).unwrap_err();
        fs::remove_file(&paths[1]).unwrap();
        files.check(folder.path()).unwrap_err();
    }
}
