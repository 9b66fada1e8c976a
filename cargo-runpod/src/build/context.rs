//! The folder that an image is made of.
//!
//! ```text
//! Dockerfile
//! rootfs/             the image's files, as they are there
//!   app/worker        the program
//!   app/…             what it reads
//!   tmp/              where results wait that could not be delivered yet
//! ```

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::Image;
use super::files::Included;
use crate::failure::Failure;
use crate::selection::Worker;

/// Where the program is in the image.
pub(super) const PROGRAM: &str = "/app/worker";
/// Says that a folder is ours to replace.
const MARK: &str = "# Made by `cargo runpod build`";

/// A folder that is to be made.
#[derive(Debug)]
pub(super) struct Context {
    folder: PathBuf,
    dockerfile: String,
    included: Vec<Included>,
}

/// One that is complete, and not yet in its place. It goes with this value unless it gets there.
#[derive(Debug)]
pub(super) struct Complete {
    beside: TempDir,
    pub(super) folder: PathBuf,
    pub(super) files: Vec<File>,
    pub(super) left_out: u64,
}

#[derive(Debug)]
pub(super) struct File {
    /// Below the folder.
    pub(super) path: PathBuf,
    pub(super) bytes: u64,
    pub(super) is_program: bool,
}

impl Complete {
    /// The image's root directory.
    pub(super) fn root(&self) -> PathBuf {
        self.beside.path().join("rootfs")
    }

    /// Replaces what an earlier run has made.
    pub(super) fn put_in_place(&self) -> Result<(), Failure> {
        remove(&self.folder)
            .and_then(|()| fs::rename(self.beside.path(), &self.folder))
            .map_err(|error| not_written(&self.folder, &error))
    }
}

impl Context {
    /// Finds what is wrong before anything is built or written.
    pub(super) fn planned(
        output: Option<&Path>,
        worker: &Worker,
        image: &Image,
    ) -> Result<Self, Failure> {
        let base = image.base.as_deref().unwrap_or("scratch");
        if base.is_empty() || base.chars().any(|it| it.is_whitespace() || it.is_control()) {
            return Err(Failure::new(format!(
                "--base: found {base:?}; expected the name of an image, such as debian:bookworm-slim"
            )));
        }
        let folder = output.map_or_else(
            || worker.target_directory.join("runpod-image"),
            Path::to_owned,
        );
        if !is_ours_to_write(&folder) {
            return Err(Failure::new(format!(
                "--output: {} is there already, and was not made by this command; name another folder, or remove it",
                folder.display()
            )));
        }
        Ok(Self {
            folder,
            dockerfile: format!(
                "{MARK} for {name} {version}: run it again rather than edit this.\n\
                 FROM {base}\n\
                 COPY rootfs/ /\n\
                 WORKDIR /app\n\
                 ENTRYPOINT [\"{PROGRAM}\"]\n",
                name = worker.package.name,
                version = worker.package.version,
            ),
            included: Included::all(&image.include, worker.folder())?,
        })
    }

    /// Writes all of it beside its place, so that a failure leaves what was there before.
    pub(super) fn write(self, program: &Path) -> Result<Complete, Failure> {
        let not_written = |error: io::Error| not_written(&self.folder, &error);
        let parent = match self.folder.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        fs::create_dir_all(parent).map_err(not_written)?;
        let beside = tempfile::Builder::new()
            .prefix(".runpod-image-")
            .permissions(fs::Permissions::from_mode(0o755))
            .tempdir_in(parent)
            .map_err(not_written)?;
        let app = beside.path().join("rootfs/app");
        self.program_and_folders(beside.path(), &app, program)
            .map_err(not_written)?;
        let mut left_out = 0;
        for included in &self.included {
            left_out += included.put_into(&app)?;
        }
        let mut files = Vec::new();
        list(beside.path(), beside.path(), &mut files).map_err(not_written)?;
        files.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(Complete {
            beside,
            folder: self.folder,
            files,
            left_out,
        })
    }

    fn program_and_folders(&self, root: &Path, app: &Path, program: &Path) -> io::Result<()> {
        let temporary = root.join("rootfs/tmp");
        fs::create_dir_all(app)?;
        fs::create_dir_all(&temporary)?;
        // As on every system: anybody may write there, and only its owner remove a file.
        fs::set_permissions(&temporary, fs::Permissions::from_mode(0o1777))?;
        fs::copy(program, app.join("worker"))?;
        fs::write(root.join("Dockerfile"), &self.dockerfile)
    }
}

fn not_written(folder: &Path, error: &io::Error) -> Failure {
    Failure::new(format!(
        "the image context {} could not be written: {error}",
        folder.display()
    ))
}

/// Not there, empty, or made by an earlier run.
fn is_ours_to_write(folder: &Path) -> bool {
    match fs::read_dir(folder) {
        Err(error) => error.kind() == io::ErrorKind::NotFound,
        Ok(mut entries) => {
            entries.next().is_none()
                || fs::read_to_string(folder.join("Dockerfile"))
                    .is_ok_and(|dockerfile| dockerfile.starts_with(MARK))
        }
    }
}

fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn list(folder: &Path, root: &Path, files: &mut Vec<File>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        let about = fs::metadata(&path)?;
        if about.is_dir() {
            list(&path, root, files)?;
        } else {
            let path = path.strip_prefix(root).unwrap_or(&path).to_owned();
            files.push(File {
                is_program: path == Path::new("rootfs/app/worker"),
                path,
                bytes: about.len(),
            });
        }
    }
    Ok(())
}
