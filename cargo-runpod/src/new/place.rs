//! The folder for a new worker.

use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use super::name;

/// A folder that can be created, with its path as typed.
#[derive(Debug)]
pub(crate) struct Place {
    name: String,
    folder: PathBuf,
    /// The part of the path that already exists.
    base: PathBuf,
}

impl Place {
    /// Returns the place of a worker whose name is the last part of `typed`.
    pub(crate) fn of(typed: &OsStr) -> Result<Self, String> {
        let folder = PathBuf::from(typed);
        let shown = folder.display();
        if folder.components().any(|part| part == Component::ParentDir) {
            return Err(format!(
                "`{shown}` contains `..`, which is not allowed in the path of a new worker. Change to the folder that should \
                 contain it, or give an absolute path."
            ));
        }
        let Some(name) = folder.file_name() else {
            return Err(format!(
                "`{shown}` does not name a worker. Add a name, as in `cargo runpod new my-worker`."
            ));
        };
        let name = name.to_string_lossy().into_owned();
        name::check(&name)?;
        is_free(&folder)?;
        let base = base(&folder)?;
        Ok(Self {
            name,
            base: if base.as_os_str().is_empty() {
                PathBuf::from(".")
            } else {
                base
            },
            folder,
        })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns the part of the path that already exists.
    pub(crate) fn base(&self) -> &Path {
        &self.base
    }

    /// Returns the parent of the worker's folder. It may not exist yet.
    pub(crate) fn parent(&self) -> &Path {
        match self.folder.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        }
    }
}

/// Checks that the folder does not exist or is empty.
fn is_free(folder: &Path) -> Result<(), String> {
    let shown = folder.display();
    let found = match fs::symlink_metadata(folder) {
        Ok(found) => found.file_type(),
        // `base` reports what is wrong with the folders above.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(());
        }
        Err(error) => return Err(format!("cannot read `{shown}`: {error}.")),
    };
    let what = if found.is_symlink() {
        "is a symbolic link"
    } else if !found.is_dir() {
        "is a file"
    } else {
        let mut entries = fs::read_dir(folder)
            .map_err(|error| format!("cannot read the folder `{shown}`: {error}."))?;
        if entries.next().is_none() {
            return Ok(());
        }
        "is a folder that is not empty"
    };
    Err(format!(
        "`{shown}` already exists and {what}. Nothing in it was changed. Choose another name, or move it away."
    ))
}

/// Returns the nearest folder above `folder` that exists.
fn base(folder: &Path) -> Result<PathBuf, String> {
    for above in folder.ancestors().skip(1) {
        // The parent of the relative path `a` is the empty path, which means the current folder.
        if above.as_os_str().is_empty() {
            break;
        }
        match fs::metadata(above) {
            Ok(found) if found.is_dir() => return Ok(above.to_owned()),
            Ok(_) => {
                return Err(format!(
                    "cannot create `{}` because `{}` is a file. Choose another path.",
                    folder.display(),
                    above.display()
                ));
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) if error.kind() == ErrorKind::NotADirectory => {}
            Err(error) => return Err(format!("cannot read `{}`: {error}.", above.display())),
        }
    }
    Ok(PathBuf::new())
}
