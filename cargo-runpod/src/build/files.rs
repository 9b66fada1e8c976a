//! Files of the package that go into the image.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use crate::failure::Failure;

/// A file or folder that was asked for: where it is, and where it goes, relative to the package and to the worker.
#[derive(Debug)]
pub(super) struct Included {
    pub(super) from: PathBuf,
    pub(super) to: PathBuf,
}

impl Included {
    /// All that is wrong with any of them is told together.
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
                "what is to be included:\n  {}",
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
                "the whole package is too much: name files and folders that the worker reads"
                    .to_owned(),
            );
        }
        if to == Path::new("worker") {
            return Err("that is where the program goes; give it another name".to_owned());
        }
        let from = package.join(&to);
        match fs::metadata(&from) {
            Ok(_) => Ok(Self { from, to }),
            Err(error) => Err(format!("cannot be read in {}: {error}", package.display())),
        }
    }

    /// Puts it below `folder`; how many hidden entries were left out, or what could not be copied and why.
    pub(super) fn put_into(&self, folder: &Path) -> Result<u64, (&Path, io::Error)> {
        let to = folder.join(&self.to);
        let made = to.parent().map_or(Ok(()), fs::create_dir_all);
        made.and_then(|()| copy(&self.from, &to))
            .map_err(|error| (&*self.from, error))
    }

    /// Whether something comes from this path below it, or has a file in the place of a folder there.
    pub(super) fn has(&self, below: &Path) -> bool {
        match fs::metadata(self.from.join(below)) {
            Ok(_) => true,
            Err(error) => error.kind() == io::ErrorKind::NotADirectory,
        }
    }
}

/// Folders with all that is in them, but for hidden entries: there secrets and caches are. A link is what it leads to.
fn copy(from: &Path, to: &Path) -> io::Result<u64> {
    if !fs::metadata(from)?.is_dir() {
        // Weights are large, and on the same disk.
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
