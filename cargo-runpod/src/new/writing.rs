//! Creates a worker's folder completely, or not at all.
//!
//! Other commands may do the same next to it at the same time, and create or remove the folders above. Therefore the
//! worker's own folder is moved into place as a whole, and only folders that this command created are removed again.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::place::Place;
use super::template::Rendered;

/// How often the folders above the worker are created again after another command has removed them.
const ATTEMPTS: usize = 16;

/// The files and folders that were created.
#[derive(Debug)]
pub(crate) struct Written {
    folder: PathBuf,
    /// The worker's files, relative to its folder.
    files: Vec<PathBuf>,
    /// Whether the folder existed before, empty.
    was_there: bool,
    above: Above,
}

impl Written {
    /// Removes everything that was created. Files that others have added meanwhile stay.
    pub(crate) fn remove(&self) {
        // Errors are ignored: the caller already reports a failure, and the user can see what is left.
        for file in &self.files {
            let _ = fs::remove_file(self.folder.join(file));
        }
        for folder in folders_of(&self.files) {
            let _ = fs::remove_dir(self.folder.join(folder));
        }
        if !self.was_there {
            let _ = fs::remove_dir(&self.folder);
        }
        self.above.remove();
    }
}

/// Writes `files` into a temporary folder next to the place, and moves that folder to the place.
pub(crate) fn write(place: &Place, files: &[Rendered]) -> Result<Written, String> {
    let cannot_write = |error: &io::Error| {
        format!(
            "cannot write to the folder `{}`: {}. Nothing was created. Choose a folder that you may write to.",
            place.base().display(),
            // `error` itself would name the temporary folder, which means nothing to the user.
            error.kind()
        )
    };
    let (above, staging) = stage(place).map_err(|error| cannot_write(&error))?;
    let made = staging.path().join(place.name());
    let moved = files
        .iter()
        .try_for_each(|file| write_file(&made.join(&file.path), &file.text))
        .map_err(|error| cannot_write(&error))
        .and_then(|()| {
            let was_there = place.folder().is_dir();
            // `rename` replaces an empty folder and nothing else.
            fs::rename(&made, place.folder()).map_err(|error| cannot_move(place, &error))?;
            Ok(was_there)
        });
    drop(staging);
    match moved {
        Ok(was_there) => Ok(Written {
            folder: place.folder().to_owned(),
            files: files.iter().map(|file| file.path.clone()).collect(),
            was_there,
            above,
        }),
        Err(fault) => {
            above.remove();
            Err(fault)
        }
    }
}

fn cannot_move(place: &Place, error: &io::Error) -> String {
    let shown = place.folder().display();
    match error.kind() {
        ErrorKind::DirectoryNotEmpty | ErrorKind::AlreadyExists | ErrorKind::NotADirectory => {
            format!(
                "another program has just created `{shown}`. Nothing in it was changed. Choose another name, or move it away."
            )
        }
        _ => format!("cannot move the new worker to `{shown}`: {error}. Nothing was created."),
    }
}

/// The folders above the worker that this command created, outermost first.
#[derive(Debug, Default)]
struct Above(Vec<PathBuf>);

impl Above {
    /// Creates `folder` and all missing folders above it.
    fn make(&mut self, folder: &Path) -> io::Result<()> {
        let mut outermost_first: Vec<_> = folder.ancestors().collect();
        outermost_first.reverse();
        for folder in outermost_first {
            if folder.as_os_str().is_empty() || folder.is_dir() {
                continue;
            }
            match fs::create_dir(folder) {
                Ok(()) => self.0.push(folder.to_owned()),
                // Another command has created it since the check above.
                Err(error) if error.kind() == ErrorKind::AlreadyExists && folder.is_dir() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Removes the folders that nobody else uses.
    fn remove(&self) {
        for folder in self.0.iter().rev() {
            // A folder that is not empty stays, because another command uses it now.
            let _ = fs::remove_dir(folder);
        }
    }
}

/// Creates a temporary folder next to the place. It is removed with its content when it goes out of scope. The folders
/// inside it have the usual permissions.
fn stage(place: &Place) -> io::Result<(Above, TempDir)> {
    let mut above = Above::default();
    let mut attempt = 1;
    loop {
        let staged = above.make(place.parent()).and_then(|()| {
            tempfile::Builder::new()
                .prefix(".runpod-new-")
                .tempdir_in(place.parent())
        });
        match staged {
            Ok(staging) => return Ok((above, staging)),
            // Another command failed and removed a folder that it had created and that this command relied on.
            Err(error) if error.kind() == ErrorKind::NotFound && attempt < ATTEMPTS => {
                attempt += 1;
            }
            Err(error) => {
                above.remove();
                return Err(error);
            }
        }
    }
}

fn write_file(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, text)
}

/// Returns the folders of the worker's files inside the worker's folder, innermost first.
fn folders_of(files: &[PathBuf]) -> Vec<&Path> {
    let mut folders: Vec<_> = files
        .iter()
        .flat_map(|file| file.ancestors().skip(1))
        .filter(|folder| !folder.as_os_str().is_empty())
        .collect();
    folders.sort_unstable();
    folders.dedup();
    folders.reverse();
    folders
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::{Rendered, write};
    use crate::new::place::Place;

    fn place(folder: &Path) -> Place {
        Place::of(folder.as_os_str()).unwrap()
    }

    fn files() -> Vec<Rendered> {
        ["Cargo.toml", "src/main.rs", "src/bin/more.rs"]
            .map(|path| Rendered {
                path: PathBuf::from(path),
                text: path.to_owned(),
            })
            .into()
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_worker_that_is_removed_takes_the_folders_above_with_it() {
        let room = tempfile::tempdir().unwrap();
        let worker = room.path().join("some/where/my-worker");
        let written = write(&place(&worker), &files()).unwrap();
        assert_eq!(names(&worker), ["Cargo.toml", "src"]);
        assert_eq!(names(&room.path().join("some/where")), ["my-worker"]);
        written.remove();
        assert_eq!(names(room.path()), [""; 0]);
    }

    #[test]
    fn what_others_have_put_beside_a_worker_that_is_removed_stays() {
        let room = tempfile::tempdir().unwrap();
        let worker = room.path().join("some/where/my-worker");
        let written = write(&place(&worker), &files()).unwrap();
        fs::write(worker.join("src/theirs.rs"), "").unwrap();
        fs::create_dir(room.path().join("some/other")).unwrap();
        written.remove();
        assert_eq!(names(&room.path().join("some")), ["other", "where"]);
        assert_eq!(names(&worker.join("src")), ["theirs.rs"]);
    }

    #[test]
    fn an_empty_folder_that_was_there_is_there_again() {
        let room = tempfile::tempdir().unwrap();
        let worker = room.path().join("my-worker");
        fs::create_dir(&worker).unwrap();
        write(&place(&worker), &files()).unwrap().remove();
        assert_eq!(names(room.path()), ["my-worker"]);
        assert_eq!(names(&worker), [""; 0]);
    }

    /// Two commands create the same place. The second finds it free, but the first is faster.
    #[test]
    fn a_place_that_was_taken_meanwhile_is_left_as_it_is() {
        let room = tempfile::tempdir().unwrap();
        let worker = room.path().join("some/my-worker");
        let (first, second) = (place(&worker), place(&worker));
        write(&first, &files()).unwrap();
        let fault = write(&second, &files()).unwrap_err();
        assert!(
            fault.contains("another program has just created"),
            "{fault}"
        );
        assert_eq!(names(&worker), ["Cargo.toml", "src"]);
        assert_eq!(names(&room.path().join("some")), ["my-worker"]);
    }

    /// Another command fails and removes a folder above the worker that it had created.
    #[test]
    fn a_folder_above_that_another_command_removed_is_made_again() {
        let room = tempfile::tempdir().unwrap();
        let above = room.path().join("some");
        fs::create_dir(&above).unwrap();
        let worker = above.join("my-worker");
        let place = place(&worker);
        fs::remove_dir(&above).unwrap();
        write(&place, &files()).unwrap();
        assert_eq!(names(&worker), ["Cargo.toml", "src"]);
    }
}
