//! The folder that this command writes. In both formats, a list of the written files is at its top.
//!
//! ```text
//! cargo-runpod-build.json   the files that this command wrote, with their digests
//!
//! an image                  a build context for a container engine
//!   oci-layout                Dockerfile
//!   index.json                rootfs/        the image's files, at their places in the image
//!   blobs/sha256/…              app/worker   the program
//!                               app/lib/…    libraries that are packed
//!                               app/…        the files that it reads
//!                               tmp/         for results that could not be delivered yet
//! ```
//!
//! A new folder is written into a folder next to its final place, and then takes that place in one step ([`swap`]).

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::before::{Before, Other};
use super::files::Included;
use super::place::Place;
use super::swap;
use super::written::{LIST, Of, Written, digest};
use crate::failure::Failure;
use crate::selection::Worker;

/// The program's path in the image.
pub(super) const PROGRAM: &str = "/app/worker";

/// The folder of packed libraries in the image.
pub(super) const LIBRARIES: &str = "/app/lib";

/// The program's path in the context folder.
const ROOT_PROGRAM: &str = "rootfs/app/worker";

/// What the folder contains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Format {
    /// An image, in the OCI image layout.
    Layout,
    /// A build context with this Dockerfile.
    Dockerfile(String),
}

/// A folder that has been checked but not written.
#[derive(Debug)]
pub(super) struct Context {
    place: Place,
    format: Format,
    included: Vec<Included>,
    of: Of,
}

/// The image's files, in a folder next to the final place. Dropping this value removes them.
#[derive(Debug)]
pub(super) struct Staged {
    context: Context,
    beside: TempDir,
    left_out: u64,
}

/// A complete folder that is not in its place yet. Dropping this value removes the folder.
#[derive(Debug)]
pub(super) struct Complete {
    beside: TempDir,
    place: Place,
    files: Vec<File>,
    left_out: u64,
}

/// A context that is in its place.
#[derive(Debug)]
pub(super) struct InPlace {
    /// The folder, as the user wrote it.
    pub(super) shown: PathBuf,
    /// The folder's absolute path.
    pub(super) folder: PathBuf,
    pub(super) files: Vec<File>,
    pub(super) left_out: u64,
    pub(super) done: swap::Done,
}

#[derive(Debug)]
pub(super) struct File {
    /// The path relative to the context folder.
    pub(super) path: PathBuf,
    pub(super) bytes: u64,
    pub(super) is_program: bool,
}

impl Staged {
    /// Returns the temporary folder, which becomes the final one.
    pub(super) fn folder(&self) -> &Path {
        self.beside.path()
    }

    /// Returns the folder that becomes the image's root directory.
    pub(super) fn root(&self) -> PathBuf {
        self.beside.path().join("rootfs")
    }

    /// Completes the folder. In an image's folder, the layers have taken the place of the files.
    pub(super) fn complete(self) -> Result<Complete, Failure> {
        let Self {
            context,
            beside,
            left_out,
        } = self;
        let not_written = |error: io::Error| not_written(&context.place, &error);
        match &context.format {
            Format::Layout => fs::remove_dir_all(beside.path().join("rootfs")),
            Format::Dockerfile(text) => fs::write(beside.path().join("Dockerfile"), text),
        }
        .map_err(not_written)?;
        let mut files = Vec::new();
        let mut written = Written::new(context.of.clone());
        list(beside.path(), Path::new(""), &mut written, &mut files).map_err(not_written)?;
        files.sort_by(|one, other| one.path.cmp(&other.path));
        written.write(beside.path()).map_err(not_written)?;
        Ok(Complete {
            beside,
            place: context.place,
            files,
            left_out,
        })
    }
}

impl Complete {
    /// Puts the context in its place. Replaces the files that an earlier run wrote.
    pub(super) fn put_in_place(self) -> Result<InPlace, Failure> {
        let done = swap::put_in_place(self.beside, &self.place.folder)
            .map_err(|error| not_written(&self.place, &error))?;
        Ok(InPlace {
            shown: self.place.shown,
            folder: self.place.folder,
            files: self.files,
            left_out: self.left_out,
            done,
        })
    }
}

impl Context {
    /// Checks everything that can be checked before the build.
    pub(super) fn planned(
        output: Option<&Path>,
        worker: &Worker,
        include: &[PathBuf],
        format: Format,
    ) -> Result<Self, Failure> {
        let included = Included::all(include, worker.folder())?;
        let context = Self {
            place: Place::of(output, worker, &included)?,
            format,
            included,
            of: Of::worker(worker),
        };
        context.may_replace()?;
        Ok(context)
    }

    /// Checks that a run may write into the folder as it is now.
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
                "--output: {shown} contains the image of the program {} in the package {} ({}); choose another folder, or \
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

    /// Tells whether a file at this path is in the way of a path that the run will write.
    fn writes_where(&self, file: &Path) -> bool {
        let fixed = match self.format {
            Format::Layout => ["oci-layout", LIST, "index.json"],
            Format::Dockerfile(_) => ["Dockerfile", LIST, ROOT_PROGRAM],
        };
        let has_fixed = fixed.iter().any(|fixed| {
            let fixed = Path::new(fixed);
            fixed.starts_with(file) || file.starts_with(fixed)
        });
        if self.format == Format::Layout {
            return has_fixed || Path::new("blobs/sha256").starts_with(file);
        }
        has_fixed
            || Path::new("rootfs/tmp").starts_with(file)
            || self.included.iter().any(|included| {
                let to = Path::new("rootfs/app").join(&included.to);
                let below = file.strip_prefix(&to);
                to.starts_with(file) || below.is_ok_and(|below| included.has(below))
            })
    }

    /// Writes the image's files into a temporary folder next to the place. If this fails, the old folder is unchanged.
    pub(super) fn stage<'a>(
        self,
        program: &Path,
        libraries: impl Iterator<Item = (&'a str, &'a Path)>,
    ) -> Result<Staged, Failure> {
        let not_written = |error: io::Error| not_written(&self.place, &error);
        let parent = self.place.parent();
        fs::create_dir_all(parent).map_err(not_written)?;
        let beside = tempfile::Builder::new()
            .prefix(".runpod-image-")
            .permissions(fs::Permissions::from_mode(0o755))
            .tempdir_in(parent)
            .map_err(not_written)?;
        let root = beside.path().join("rootfs");
        program_and_folders(&root, program).map_err(not_written)?;
        let app = root.join("app");
        for (name, file) in libraries {
            let folder = app.join("lib");
            fs::create_dir_all(&folder)
                .and_then(|()| fs::copy(file, folder.join(name)))
                .map_err(not_written)?;
        }
        let mut left_out = 0;
        for included in &self.included {
            left_out += included.put_into(&app).map_err(|(from, error)| {
                Failure::new(format!(
                    "cannot copy {} into the image: {error}{}",
                    from.display(),
                    untouched(&self.place)
                ))
            })?;
        }
        Ok(Staged {
            context: self,
            beside,
            left_out,
        })
    }
}

fn program_and_folders(root: &Path, program: &Path) -> io::Result<()> {
    let (app, temporary) = (root.join("app"), root.join("tmp"));
    fs::create_dir_all(&app)?;
    fs::create_dir_all(&temporary)?;
    // As on every system, anybody may create files in /tmp, and only a file's owner may remove it.
    fs::set_permissions(&temporary, fs::Permissions::from_mode(0o1777))?;
    fs::copy(program, app.join("worker"))?;
    Ok(())
}

fn not_written(place: &Place, error: &io::Error) -> Failure {
    Failure::new(format!(
        "the image {} could not be written: {error}{}",
        place.shown.display(),
        untouched(place)
    ))
}

fn untouched(place: &Place) -> &'static str {
    if place.folder.exists() {
        "; the folder is unchanged"
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
            let digest = match path.strip_prefix("blobs/sha256") {
                // The name of a blob is its digest. A large layer is not read once more.
                Ok(name) => name.display().to_string(),
                Err(_) => digest(&entry.path())?,
            };
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
