//! Puts a worker in its place, all of it or nothing.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::place::Place;
use super::template::Rendered;

/// What was made.
#[derive(Debug)]
pub(crate) struct Written {
    top: PathBuf,
    /// The user's, as it was.
    was_there: bool,
}

impl Written {
    /// As if it had not been.
    pub(crate) fn remove(&self) {
        // A failure is being told already, and that something is left there can be seen.
        let _ = fs::remove_dir_all(&self.top);
        if self.was_there {
            let _ = fs::create_dir(&self.top);
        }
    }
}

/// Writes `files` into a folder beside the place, and moves it there.
pub(crate) fn write(place: &Place, files: &[Rendered]) -> Result<Written, String> {
    let base = place.base();
    let cannot_write = |error: &io::Error| {
        format!(
            "cannot write into the folder `{}`: {}. Nothing was made. Choose one that you may write into.",
            base.display(),
            // Without the name of the folder beside it, which means nothing to anybody.
            error.kind()
        )
    };
    // Removed when it goes out of scope, with all that is still in it. The folders inside it have the usual permissions.
    let staging = tempfile::Builder::new()
        .prefix(".runpod-new-")
        .tempdir_in(base)
        .map_err(|error| cannot_write(&error))?;
    let made = staging.path().join(place.rest());
    for file in files {
        write_file(&made.join(&file.path), &file.text).map_err(|error| cannot_write(&error))?;
    }
    let Some(first) = place.rest().iter().next() else {
        return Err(format!("`{}` is no folder.", place.folder().display()));
    };
    let top = base.join(first);
    let was_there = top.is_dir();
    // Takes the place of an empty folder, and of nothing else.
    fs::rename(staging.path().join(first), &top).map_err(|error| {
        format!(
            "cannot move the new worker to `{}`: {error}. Nothing was made.",
            top.display()
        )
    })?;
    Ok(Written { top, was_there })
}

fn write_file(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, text)
}
