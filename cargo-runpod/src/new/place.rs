//! Where the worker goes.

use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use super::name;

/// A folder that can be made, as it was typed.
#[derive(Debug)]
pub(crate) struct Place {
    name: String,
    folder: PathBuf,
    /// The part of it that is there already.
    base: PathBuf,
}

impl Place {
    /// That of a worker whose name is the last part of `typed`.
    pub(crate) fn of(typed: &OsStr) -> Result<Self, String> {
        let folder = PathBuf::from(typed);
        let shown = folder.display();
        if folder.components().any(|part| part == Component::ParentDir) {
            return Err(format!(
                "`{shown}` goes through `..`, and a worker is made below where you are. Change into the folder that it \
                 should be in, or give the path from `/`."
            ));
        }
        let Some(name) = folder.file_name() else {
            return Err(format!(
                "`{shown}` names no worker. Give it a name, as in `cargo runpod new my-worker`."
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

    /// The part of it that is there already.
    pub(crate) fn base(&self) -> &Path {
        &self.base
    }

    /// The folder that it goes into. It may have to be made.
    pub(crate) fn parent(&self) -> &Path {
        match self.folder.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        }
    }
}

/// Nothing is there, or an empty folder.
fn is_free(folder: &Path) -> Result<(), String> {
    let shown = folder.display();
    let found = match fs::symlink_metadata(folder) {
        Ok(found) => found.file_type(),
        // What is wrong with the folders above is told when they are looked at.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(());
        }
        Err(error) => return Err(format!("cannot look at `{shown}`: {error}.")),
    };
    let what = if found.is_symlink() {
        "is a symbolic link"
    } else if !found.is_dir() {
        "is a file"
    } else {
        let mut entries = fs::read_dir(folder)
            .map_err(|error| format!("cannot look into the folder `{shown}`: {error}."))?;
        if entries.next().is_none() {
            return Ok(());
        }
        "is a folder that is not empty"
    };
    Err(format!(
        "`{shown}` is there already, and {what}. Nothing in it was changed. Take another name, or move it away."
    ))
}

/// The folder nearest to `folder`, above it, that is there.
fn base(folder: &Path) -> Result<PathBuf, String> {
    for above in folder.ancestors().skip(1) {
        // Above `a` in a relative path is the current folder, which has no name there.
        if above.as_os_str().is_empty() {
            break;
        }
        match fs::metadata(above) {
            Ok(found) if found.is_dir() => return Ok(above.to_owned()),
            Ok(_) => {
                return Err(format!(
                    "`{}` cannot be made, since `{}` is a file. Take another path.",
                    folder.display(),
                    above.display()
                ));
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) if error.kind() == ErrorKind::NotADirectory => {}
            Err(error) => return Err(format!("cannot look at `{}`: {error}.", above.display())),
        }
    }
    Ok(PathBuf::new())
}
