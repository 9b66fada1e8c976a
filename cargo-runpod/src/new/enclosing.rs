//! A new worker in the folder of another workspace.
//!
//! Cargo refuses to build a package that stands in a workspace's folder without being its member. Which of the two it is
//! depends on lists with wildcards, so that cargo is asked.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use cargo_metadata::MetadataCommand;

/// What a worker has to do with what is around it.
#[derive(Debug)]
pub(crate) enum Surroundings {
    /// Nothing.
    Alone,
    /// It is a member of the workspace there.
    MemberOf(PathBuf),
    /// It is not, and was made a workspace of its own.
    StrangerIn(PathBuf),
}

/// The nearest Cargo.toml above a place, before anything is made there.
#[derive(Debug)]
pub(crate) struct Around {
    manifest: PathBuf,
    /// Cargo can read the workspace that it is of.
    is_sound: bool,
    /// Held until the worker is in its place. A folder that is being filled beside it may match a wildcard of the workspace,
    /// and has no Cargo.toml for a moment: cargo, asked by another command of this kind, would refuse the workspace.
    _turn: Option<File>,
}

impl Around {
    /// What is above a worker in `base`, or further down in folders that are not there yet.
    pub(crate) fn of(base: &Path) -> Result<Option<Self>, String> {
        let base = base
            .canonicalize()
            .map_err(|error| format!("cannot find the folder `{}`: {error}.", base.display()))?;
        let nearest = base
            .ancestors()
            .map(|above| above.join("Cargo.toml"))
            .find(|manifest| manifest.is_file());
        Ok(nearest.map(|manifest| {
            let turn = turn_at(&manifest);
            Self {
                is_sound: root_of(&manifest).is_ok(),
                manifest,
                _turn: turn,
            }
        }))
    }

    /// Sees to it that cargo can build the worker in `folder`, and all else as before.
    pub(crate) fn settle(&self, folder: &Path) -> Result<Surroundings, String> {
        let cannot = |reason: String| {
            format!(
                "cargo could not build a worker here, because of `{}`: {reason}\nNothing was made. Set that right, or make \
                 the worker somewhere else.",
                self.manifest.display()
            )
        };
        let folder = folder
            .canonicalize()
            .map_err(|error| cannot(error.to_string()))?;
        let manifest = folder.join("Cargo.toml");
        if let Ok(root) = root_of(&manifest) {
            return Ok(if root == folder {
                Surroundings::Alone
            } else {
                Surroundings::MemberOf(root)
            });
        }
        make_a_workspace_of(&manifest).map_err(|error| cannot(error.to_string()))?;
        root_of(&manifest).map_err(&cannot)?;
        let root = match root_of(&self.manifest) {
            Ok(root) => root,
            // As where two members would have one name: one of the two has to give way.
            Err(reason) if self.is_sound => return Err(cannot(reason)),
            Err(_) => self
                .manifest
                .parent()
                .map(Path::to_owned)
                .unwrap_or_default(),
        };
        Ok(Surroundings::StrangerIn(root))
    }
}

/// Waits until no other command makes a worker below this manifest. Some file systems know no locks: without one, two
/// commands at the same time may fail, and nothing else is lost.
fn turn_at(manifest: &Path) -> Option<File> {
    let file = File::open(manifest).ok()?;
    file.lock().ok()?;
    Some(file)
}

/// The root of the workspace that this package is in: its own folder, where it is in no other.
fn root_of(manifest: &Path) -> Result<PathBuf, String> {
    MetadataCommand::new()
        .manifest_path(manifest)
        .no_deps()
        .other_options(["--offline".to_owned()])
        .exec()
        .map(|metadata| metadata.workspace_root.into_std_path_buf())
        .map_err(|error| error.to_string())
}

fn make_a_workspace_of(manifest: &Path) -> std::io::Result<()> {
    let mut file = OpenOptions::new().append(true).open(manifest)?;
    file.write_all(
        b"\n# Not a member of the workspace in whose folder it is. To make it one, take this table away, and name this folder in\n\
          # the `members` there.\n\
          [workspace]\n",
    )
}
