//! A new worker in the folder of another workspace.
//!
//! Cargo refuses to build a package that lies in a workspace's folder without being a member. Membership depends on
//! lists with wildcards, so this module asks cargo.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use cargo_metadata::MetadataCommand;

/// The relation of a new worker to the workspace around it.
#[derive(Debug)]
pub(crate) enum Surroundings {
    /// There is no workspace around it.
    Alone,
    /// It is a member of the workspace in the folder `root`. If the template sets a profile, `has_profile` is true, and
    /// the setting has been removed: cargo ignores it in a member, with a warning.
    MemberOf { root: PathBuf, has_profile: bool },
    /// It is not a member of the workspace in this folder, and has been made a workspace of its own.
    StrangerIn(PathBuf),
}

/// The nearest Cargo.toml above a place, found before anything is created there.
#[derive(Debug)]
pub(crate) struct Around {
    manifest: PathBuf,
    /// Whether cargo can read the workspace of this manifest.
    is_sound: bool,
    /// A file lock, held until the worker is in its place. A folder that is still being filled may match a wildcard of
    /// the workspace and has no Cargo.toml for a moment. If another `cargo runpod new` ran cargo then, cargo would
    /// report an error.
    _turn: Option<File>,
}

impl Around {
    /// Returns the manifest above a worker in `base`, or in a folder below `base` that does not exist yet.
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

    /// Makes sure that cargo can build the worker in `folder`, and everything around it as before.
    pub(crate) fn settle(&self, folder: &Path) -> Result<Surroundings, String> {
        let cannot = |reason: String| {
            format!(
                "cargo could not build a worker here because of `{}`: {reason}\nNothing was created. Fix that, or create \
                 the worker somewhere else.",
                self.manifest.display()
            )
        };
        let folder = folder
            .canonicalize()
            .map_err(|error| cannot(error.to_string()))?;
        let manifest = folder.join("Cargo.toml");
        if let Ok(root) = root_of(&manifest) {
            if root == folder {
                return Ok(Surroundings::Alone);
            }
            let has_profile =
                remove_profile(&manifest).map_err(|error| cannot(error.to_string()))?;
            return Ok(Surroundings::MemberOf { root, has_profile });
        }
        make_a_workspace_of(&manifest).map_err(|error| cannot(error.to_string()))?;
        root_of(&manifest).map_err(&cannot)?;
        let root = match root_of(&self.manifest) {
            Ok(root) => root,
            // For example, two members would have the same name. One of them must be renamed.
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

/// Waits until no other command creates a worker below this manifest. Some file systems have no locks. Without a lock,
/// two commands that run at the same time may fail, but nothing is lost.
fn turn_at(manifest: &Path) -> Option<File> {
    let file = File::open(manifest).ok()?;
    file.lock().ok()?;
    Some(file)
}

/// Returns the root of the workspace that contains this package: the package's own folder if it is in no workspace.
fn root_of(manifest: &Path) -> Result<PathBuf, String> {
    MetadataCommand::new()
        .manifest_path(manifest)
        .no_deps()
        .other_options(["--offline".to_owned()])
        .exec()
        .map(|metadata| metadata.workspace_root.into_std_path_buf())
        .map_err(|error| error.to_string())
}

/// Removes the profile from a template's manifest, where it is the last table. Returns whether there was one.
fn remove_profile(manifest: &Path) -> std::io::Result<bool> {
    let text = std::fs::read_to_string(manifest)?;
    let Some((rest, _)) = text.split_once("\n[profile.") else {
        return Ok(false);
    };
    // The comment above the table goes with it.
    let rest = rest.rsplit_once("\n\n").map_or(rest, |(rest, _)| rest);
    std::fs::write(manifest, format!("{rest}\n"))?;
    Ok(true)
}

fn make_a_workspace_of(manifest: &Path) -> std::io::Result<()> {
    let mut file = OpenOptions::new().append(true).open(manifest)?;
    file.write_all(
        b"\n# This package is not a member of the workspace around it. To make it a member, remove this table and add this folder\n\
          # to the `members` of that workspace.\n\
          [workspace]\n",
    )
}
