//! The files of `--watch` and `--env-file`. A change restarts the workers without a build.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::failure::Failure;

#[derive(Debug, Clone, Default)]
pub(super) struct Extras {
    pub(super) files: BTreeSet<PathBuf>,
    pub(super) folders: BTreeSet<PathBuf>,
}

impl Extras {
    /// Finds the paths of `--watch`. `env_file` is the file of `--env-file`. `built` is cargo's target folder.
    pub(super) fn find(
        watch: &[PathBuf],
        env_file: Option<&Path>,
        built: &Path,
    ) -> Result<Self, Failure> {
        let mut extras = Self::default();
        extras.files.extend(env_file.map(in_its_folder));
        let built = built.canonicalize();
        for path in watch {
            let shown = path.display();
            let real = path.canonicalize().map_err(|error| {
                Failure::new(format!(
                    "--watch: cannot find {shown}: {error}; pass the path of a file or folder that exists"
                ))
            })?;
            if built.as_ref().is_ok_and(|built| real.starts_with(built)) {
                return Err(Failure::new(format!(
                    "--watch: {shown} is in cargo's target folder, which changes with every build; pass another path"
                )));
            }
            if real.is_dir() {
                extras.folders.insert(real);
            } else {
                // Programs replace a link or its target, so both count.
                extras.files.insert(in_its_folder(path));
                extras.files.insert(real);
            }
        }
        Ok(extras)
    }

    pub(super) fn have(&self, path: &Path) -> bool {
        self.files.contains(path) || self.folders.iter().any(|folder| path.starts_with(folder))
    }
}

/// Returns the path as the watcher of its folder reports it.
pub(super) fn in_its_folder(file: &Path) -> PathBuf {
    let folder = match file.parent() {
        Some(folder) if folder.as_os_str().is_empty() => Path::new("."),
        Some(folder) => folder,
        None => return file.to_owned(),
    };
    match (folder.canonicalize(), file.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => file.to_owned(),
    }
}
