//! A new worker in the folder of another workspace.
//!
//! Cargo refuses to build a package that stands in a workspace's folder without being its member. Which of the two it is
//! depends on lists with wildcards, so that cargo is asked.

use std::fs::OpenOptions;
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

/// Sees to it that cargo can build the worker in `folder`.
pub(crate) fn settle(folder: &Path) -> Result<Surroundings, String> {
    let folder = folder
        .canonicalize()
        .map_err(|error| format!("cannot find `{}` again: {error}.", folder.display()))?;
    let Some(nearest) = folder
        .ancestors()
        .skip(1)
        .map(|above| above.join("Cargo.toml"))
        .find(|manifest| manifest.is_file())
    else {
        return Ok(Surroundings::Alone);
    };
    let manifest = folder.join("Cargo.toml");
    if let Ok(root) = root_of(&manifest) {
        return Ok(if root == folder {
            Surroundings::Alone
        } else {
            Surroundings::MemberOf(root)
        });
    }
    let around = root_of(&nearest)
        .ok()
        .or_else(|| nearest.parent().map(Path::to_owned))
        .unwrap_or_default();
    let cannot = |reason: String| {
        format!(
            "cargo could not say whether it can build a worker below `{}`: {reason}\nNothing was made. Set that right, or \
             make the worker somewhere else.",
            nearest.display()
        )
    };
    make_a_workspace_of(&manifest).map_err(|error| cannot(error.to_string()))?;
    root_of(&manifest).map_err(cannot)?;
    Ok(Surroundings::StrangerIn(around))
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
