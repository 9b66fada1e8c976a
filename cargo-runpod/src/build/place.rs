//! The folder that receives an image context, and the folders that it must not be.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use super::files::Included;
use crate::failure::Failure;
use crate::selection::Worker;

#[derive(Debug)]
pub(super) struct Place {
    /// The path as the user wrote it, or the default.
    pub(super) shown: PathBuf,
    /// The same folder as an absolute path without symbolic links.
    pub(super) folder: PathBuf,
}

impl Place {
    /// Refuses every folder that is meant for the user's own files, even if it is empty.
    pub(super) fn of(
        output: Option<&Path>,
        worker: &Worker,
        included: &[Included],
    ) -> Result<Self, Failure> {
        let shown = output.map_or_else(|| default_folder(worker), Path::to_owned);
        let refused = |reason: &str| {
            Failure::new(format!(
                "--output: {} {reason}; name a folder that is only for the image, such as target/image",
                shown.display()
            ))
        };
        let folder =
            without_links(&shown).map_err(|error| refused(&format!("cannot be used: {error}")))?;
        for (what, protected) in protected(worker) {
            if protected == folder {
                return Err(refused(&format!("is {what}")));
            }
            if protected.starts_with(&folder) {
                return Err(refused(&format!(
                    "contains {what}, {}",
                    protected.display()
                )));
            }
        }
        for included in included {
            let from = included.from.canonicalize();
            let from = from.unwrap_or_else(|_| included.from.clone());
            if folder.starts_with(&from) || from.starts_with(&folder) {
                return Err(refused(&format!(
                    "overlaps with {}, which is included in the image",
                    included.to.display()
                )));
            }
        }
        Ok(Self { shown, folder })
    }

    /// Returns the parent of the folder. It may not exist yet.
    pub(super) fn parent(&self) -> &Path {
        self.folder.parent().unwrap_or(&self.folder)
    }
}

fn default_folder(worker: &Worker) -> PathBuf {
    worker
        .target_directory()
        .join("runpod-image")
        .join(worker.folder_name())
}

fn protected(worker: &Worker) -> Vec<(&'static str, PathBuf)> {
    [
        (
            "the folder of the package",
            Some(worker.folder().to_owned()),
        ),
        (
            "the folder of the workspace",
            Some(worker.workspace().to_owned()),
        ),
        (
            "cargo's target folder",
            Some(worker.target_directory().to_owned()),
        ),
        ("the current folder", std::env::current_dir().ok()),
        ("your home folder", std::env::home_dir()),
        ("the root folder", Some(PathBuf::from("/"))),
    ]
    .into_iter()
    .filter_map(|(what, folder)| {
        let folder = folder.filter(|folder| !folder.as_os_str().is_empty())?;
        Some((what, folder.canonicalize().unwrap_or(folder)))
    })
    .collect()
}

/// Returns the absolute path with the links of its existing part resolved.
fn without_links(path: &Path) -> io::Result<PathBuf> {
    let path = std::path::absolute(path)?;
    for above in path.ancestors() {
        match above.canonicalize() {
            Ok(resolved) => {
                let rest = path.strip_prefix(above).unwrap_or(Path::new(""));
                if rest.components().any(|it| it == Component::ParentDir) {
                    return Err(io::Error::other(format!(
                        "it goes through `..`, and {} does not exist",
                        above.join(rest.iter().next().unwrap_or_default()).display()
                    )));
                }
                // Collecting the components drops a trailing `/`, which would make the path differ from the folder's.
                return Ok(resolved.join(rest).components().collect());
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if fs::symlink_metadata(above).is_ok_and(|it| it.is_symlink()) {
                    return Err(io::Error::other(format!(
                        "{} is a symbolic link to something that does not exist",
                        above.display()
                    )));
                }
            }
            Err(error) => return Err(error),
        }
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn links_are_resolved_also_above_a_folder_that_does_not_exist() -> io::Result<()> {
        let room = tempfile::tempdir()?;
        let room = room.path().canonicalize()?;
        fs::create_dir(room.join("real"))?;
        symlink(room.join("real"), room.join("link"))?;
        assert_eq!(without_links(&room.join("link"))?, room.join("real"));
        let below = without_links(&room.join("link/not/there"))?;
        assert_eq!(below, room.join("real/not/there"));
        assert_eq!(
            without_links(&room.join("link/../real"))?,
            room.join("real")
        );
        Ok(())
    }

    #[test]
    fn a_path_that_cannot_be_resolved_is_an_error() -> io::Result<()> {
        let room = tempfile::tempdir()?;
        symlink("nowhere", room.path().join("dangling"))?;
        for path in ["dangling", "dangling/x", "not/../there"] {
            let error = without_links(&room.path().join(path)).unwrap_err();
            assert!(error.to_string().contains("not exist"), "{path}: {error}");
        }
        Ok(())
    }
}
