//! Files and folders of the package that are copied into the image.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use crate::failure::Failure;

/// An included file or folder: its source path, and its path in the image relative to the program's folder.
#[derive(Debug)]
pub(super) struct Included {
    pub(super) from: PathBuf,
    pub(super) to: PathBuf,
}

impl Included {
    /// Checks all paths. The error reports everything that is wrong with any of them.
    pub(super) fn all(paths: &[PathBuf], package: &Path) -> Result<Vec<Self>, Failure> {
        let mut faults = Vec::new();
        let mut all = Vec::new();
        for path in paths {
            match Self::of(path, package) {
                Ok(included) => all.push(included),
                Err(fault) => faults.push(format!("{}: {fault}", path.display())),
            }
        }
        if faults.is_empty() {
            Ok(all)
        } else {
            Err(Failure::new(format!(
                "cannot include these paths:\n  {}",
                faults.join("\n  ")
            )))
        }
    }

    fn of(path: &Path, package: &Path) -> Result<Self, String> {
        let is_plain = |part| matches!(part, Component::Normal(_) | Component::CurDir);
        if !path.components().all(is_plain) {
            return Err("expected a path inside the package, relative to its folder".to_owned());
        }
        let to: PathBuf = path
            .components()
            .filter(|part| matches!(part, Component::Normal(_)))
            .collect();
        if to.as_os_str().is_empty() {
            return Err(
                "this is the whole package; name the files and folders that the worker reads"
                    .to_owned(),
            );
        }
        if to == Path::new("worker") {
            return Err(
                "the image has its program at this path; rename the file or folder".to_owned(),
            );
        }
        let from = package.join(&to);
        match fs::metadata(&from) {
            Ok(_) => Ok(Self { from, to }),
            Err(error) => Err(format!("cannot be read in {}: {error}", package.display())),
        }
    }

    /// Copies it into `folder`. Returns the number of hidden entries left out, or the path that failed and why.
    pub(super) fn put_into(&self, folder: &Path) -> Result<u64, (&Path, io::Error)> {
        let to = folder.join(&self.to);
        let made = to.parent().map_or(Ok(()), fs::create_dir_all);
        made.and_then(|()| copy(&self.from, &to))
            .map_err(|error| (&*self.from, error))
    }

    /// Tells whether copying this entry writes to `below`, or needs a folder where `below` is a file.
    pub(super) fn has(&self, below: &Path) -> bool {
        match fs::metadata(self.from.join(below)) {
            Ok(_) => true,
            Err(error) => error.kind() == io::ErrorKind::NotADirectory,
        }
    }
}

/// Copies a file, or a folder without its hidden entries, which often contain secrets and caches. Follows symbolic
/// links.
fn copy(from: &Path, to: &Path) -> io::Result<u64> {
    if !fs::metadata(from)?.is_dir() {
        // Model weights are large. If they are on the same disk, a hard link avoids the copy.
        if fs::hard_link(fs::canonicalize(from)?, to).is_err() {
            fs::copy(from, to)?;
        }
        return Ok(0);
    }
    fs::create_dir_all(to)?;
    let mut left_out = 0;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        if name.as_encoded_bytes().starts_with(b".") {
            left_out += 1;
        } else {
            left_out += copy(&entry.path(), &to.join(name))?;
        }
    }
    Ok(left_out)
}
