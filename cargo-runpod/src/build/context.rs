//! The folder that an image is made of.
//!
//! ```text
//! Dockerfile
//! cargo-runpod-build.json   the files that this command wrote, with their digests
//! rootfs/                   the image's files, as they are there
//!   app/worker              the program
//!   app/…                   what it reads
//!   tmp/                    where results wait that could not be delivered yet
//! ```
//!
//! A new context is written beside its place, and takes it in one step ([`swap`]).

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::before::{Before, Other};
use super::files::Included;
use super::image::Image;
use super::place::Place;
use super::swap;
use super::written::{LIST, Of, Written, digest};
use crate::failure::Failure;
use crate::selection::Worker;

/// Where the program is in the image.
pub(super) const PROGRAM: &str = "/app/worker";

/// The same in the folder.
const ROOT_PROGRAM: &str = "rootfs/app/worker";

/// A folder that is to be made.
#[derive(Debug)]
pub(super) struct Context {
    place: Place,
    dockerfile: String,
    included: Vec<Included>,
    of: Of,
}

/// One that is complete, and not yet in its place. It goes with this value unless it gets there.
#[derive(Debug)]
pub(super) struct Complete {
    beside: TempDir,
    place: Place,
    files: Vec<File>,
    left_out: u64,
}

/// One that is in its place.
#[derive(Debug)]
pub(super) struct InPlace {
    /// The folder, as the user wrote it.
    pub(super) shown: PathBuf,
    pub(super) files: Vec<File>,
    pub(super) left_out: u64,
    pub(super) done: swap::Done,
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
    pub(super) fn put_in_place(self) -> Result<InPlace, Failure> {
        let done = swap::put_in_place(self.beside, &self.place.folder)
            .map_err(|error| not_written(&self.place, &error))?;
        Ok(InPlace {
            shown: self.place.shown,
            files: self.files,
            left_out: self.left_out,
            done,
        })
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
        let included = Included::all(&image.include, worker.folder())?;
        let context = Self {
            place: Place::of(output, worker, &included)?,
            dockerfile: format!(
                "# Made by `cargo runpod build` for {name} {version}: run it again rather than edit this.\n\
                 FROM {base}\n\
                 COPY rootfs/ /\n\
                 WORKDIR /app\n\
                 ENTRYPOINT [\"{PROGRAM}\"]\n",
                name = worker.package.name,
                version = worker.package.version,
            ),
            included,
            of: Of::worker(worker),
        };
        context.may_replace()?;
        Ok(context)
    }

    /// Whether a run may write into the folder, as it is now.
    fn may_replace(&self) -> Result<(), Failure> {
        let shown = self.place.shown.display();
        let before = Before::of(&self.place.folder).map_err(|error| {
            Failure::new(match error.kind() {
                io::ErrorKind::AlreadyExists => format!(
                    "--output: {shown} is not empty and contains no {LIST}, so its files may be yours; choose another \
                     folder, or delete this one"
                ),
                _ => format!("--output: {shown} cannot be used: {error}"),
            })
        })?;
        let Some(list) = &before.list else {
            return Ok(());
        };
        if !list.of.is_also(&self.of) {
            return Err(Failure::new(format!(
                "--output: {shown} has the image of the program {} of the package {} ({}); choose another folder, or \
                 delete this one",
                list.of.program,
                list.of.package,
                list.of.manifest.display()
            )));
        }
        let in_the_way: Vec<_> = before
            .others
            .iter()
            .filter(|other| self.writes_where(&other.path))
            .map(
                |Other {
                     path,
                     was_written_by_us,
                 }| {
                    let how = if *was_written_by_us {
                        "changed since the last run"
                    } else {
                        "not written by this command"
                    };
                    format!("  {}: {how}", path.display())
                },
            )
            .collect();
        if in_the_way.is_empty() {
            return Ok(());
        }
        Err(Failure::new(format!(
            "this run would overwrite files in {shown}; nothing was changed:\n{}\nMove them away or delete them, or choose \
             another folder with --output",
            in_the_way.join("\n")
        )))
    }

    /// Whether a file at this path and what is to be written exclude each other.
    fn writes_where(&self, file: &Path) -> bool {
        let has_fixed = ["Dockerfile", LIST, ROOT_PROGRAM].iter().any(|fixed| {
            let fixed = Path::new(fixed);
            fixed.starts_with(file) || file.starts_with(fixed)
        });
        has_fixed
            || Path::new("rootfs/tmp").starts_with(file)
            || self.included.iter().any(|included| {
                let to = Path::new("rootfs/app").join(&included.to);
                let below = file.strip_prefix(&to);
                to.starts_with(file) || below.is_ok_and(|below| included.has(below))
            })
    }

    /// Writes all of it beside its place, so that a failure leaves what was there before.
    pub(super) fn write(self, program: &Path) -> Result<Complete, Failure> {
        let not_written = |error: io::Error| not_written(&self.place, &error);
        let parent = self.place.parent();
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
            left_out += included.put_into(&app).map_err(|(from, error)| {
                Failure::new(format!(
                    "cannot copy {} into the image context: {error}{}",
                    from.display(),
                    untouched(&self.place)
                ))
            })?;
        }
        let mut files = Vec::new();
        let mut written = Written::new(self.of.clone());
        list(beside.path(), Path::new(""), &mut written, &mut files).map_err(not_written)?;
        files.sort_by(|one, other| one.path.cmp(&other.path));
        written.write(beside.path()).map_err(not_written)?;
        Ok(Complete {
            beside,
            place: self.place,
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

fn not_written(place: &Place, error: &io::Error) -> Failure {
    Failure::new(format!(
        "the image context {} could not be written: {error}{}",
        place.shown.display(),
        untouched(place)
    ))
}

fn untouched(place: &Place) -> &'static str {
    if place.folder.exists() {
        "; the folder is as it was before"
    } else {
        ""
    }
}

fn list(root: &Path, below: &Path, written: &mut Written, files: &mut Vec<File>) -> io::Result<()> {
    for entry in fs::read_dir(root.join(below))? {
        let entry = entry?;
        let path = below.join(entry.file_name());
        let about = entry.metadata()?;
        if about.is_dir() {
            written.folders.insert(path.clone());
            list(root, &path, written, files)?;
        } else {
            let digest = digest(&entry.path())?;
            written.files.insert(path.clone(), digest);
            files.push(File {
                is_program: path == Path::new(ROOT_PROGRAM),
                path,
                bytes: about.len(),
            });
        }
    }
    Ok(())
}
