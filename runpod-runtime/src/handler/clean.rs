//! Removes the folders that the helpers of the Python SDK leave in the current directory.

use std::env;
use std::fs;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use super::context::JobContext;

/// The folders and the file that `rp_cleanup.clean` of the Python SDK removes.
const FOLDERS: [&str; 3] = ["input_objects", "output_objects", "job_files"];
const ARCHIVE: &str = "output.zip";

impl JobContext {
    /// Removes the folders `input_objects`, `output_objects` and `job_files` and the file `output.zip` from the current
    /// directory, as `rp_cleanup.clean` of the Python SDK does.
    ///
    /// Other programs that your handler runs may create these. All jobs of a worker share the current directory, so use
    /// this method only if the worker runs one job at a time. Links are not followed. If something cannot be removed, the
    /// worker logs a warning, and the job continues. For files of a single job, `ctx.directory()` (feature `download`)
    /// is better, because it is removed without a call.
    ///
    /// ```
    /// use runpod::prelude::*;
    ///
    /// #[runpod::handler]
    /// fn convert(input: String, ctx: JobContext) -> usize {
    ///     let length = input.len();
    ///     ctx.clean();
    ///     length
    /// }
    /// # fn main() {}
    /// ```
    pub fn clean(&self) {
        self.clean_also(std::iter::empty::<&Path>());
    }

    /// Does the same as [`clean`](Self::clean), and removes these folders too.
    ///
    /// A folder that contains the current directory or the home directory is never removed. Neither is a path with `..`,
    /// a file, or a link. The worker logs a warning about such a path.
    ///
    /// ```
    /// use runpod::prelude::*;
    ///
    /// #[runpod::handler]
    /// fn convert(input: String, ctx: JobContext) -> usize {
    ///     let length = input.len();
    ///     ctx.clean_also(["frames", "/tmp/thumbnails"]);
    ///     length
    /// }
    /// # fn main() {}
    /// ```
    pub fn clean_also<P: AsRef<Path>>(&self, folders: impl IntoIterator<Item = P>) {
        for folder in FOLDERS {
            remove_folder(Path::new(folder));
        }
        remove_archive(Path::new(ARCHIVE));
        for folder in folders {
            // Without a slash at the end, which would follow a link.
            let folder: PathBuf = folder.as_ref().components().collect();
            let folder = folder.as_path();
            match refusal(folder) {
                None => remove_folder(folder),
                Some(why) => {
                    tracing::warn!("ctx.clean: {} is not removed: {why}", folder.display());
                }
            }
        }
    }
}

/// Returns why a folder must not be removed.
fn refusal(folder: &Path) -> Option<&'static str> {
    if folder.as_os_str().is_empty() {
        return Some("the path is empty");
    }
    if folder.components().any(|it| it == Component::ParentDir) {
        return Some("the path contains `..`");
    }
    // A folder that does not exist is not removed either.
    let real = folder.canonicalize().ok()?;
    let contains = |other: std::io::Result<std::path::PathBuf>| {
        let other = other.and_then(|other| other.canonicalize());
        other.is_ok_and(|other| other.starts_with(&real))
    };
    if contains(env::current_dir()) {
        return Some("it contains the current directory");
    }
    let home = env::home_dir().ok_or_else(|| ErrorKind::NotFound.into());
    contains(home).then_some("it contains the home directory")
}

fn remove_folder(folder: &Path) {
    let removed = match fs::symlink_metadata(folder) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(folder),
        Ok(_) => {
            tracing::warn!(
                "ctx.clean: {} is not removed: it is not a folder",
                folder.display()
            );
            return;
        }
        Err(error) => Err(error),
    };
    warn_of(folder, removed);
}

fn remove_archive(file: &Path) {
    warn_of(file, fs::remove_file(file));
}

fn warn_of(path: &Path, removed: std::io::Result<()>) {
    match removed {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            tracing::warn!(
                "ctx.clean: {} could not be removed: {error}",
                path.display()
            );
        }
        _ => {}
    }
}
