//! Finds the name of the facade crate if the user's manifest renames it, as in `worker = { package = "runpod-worker",
//! .. }`.
//!
//! In that case `::runpod` does not exist, and the compiler's error would point at code that the user did not write.
//! This module searches the manifest line by line for our package. `crate = path` takes precedence. If the manifest
//! does not give a certain answer, the name is `runpod`.

use std::path::{Path, PathBuf};
use std::{env, fs};

/// The name of the facade crate's package in manifests.
const PACKAGE: &str = "runpod-worker";

/// Returns the new name if the manifest of the crate being compiled renames our crate. The manifest is read every
/// time because an editor expands the attributes of many crates in one process.
pub(crate) fn other_name() -> Option<String> {
    // Unit tests run outside the compiler, where there is no such manifest.
    if !proc_macro::is_available() {
        return None;
    }
    let folder = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR")?);
    let own = read(&folder)?;
    let above = folder
        .ancestors()
        .skip(1)
        .find_map(|folder| read(folder).filter(|manifest| manifest.contains("[workspace")));
    name_in(&own, &above.unwrap_or_default())
}

fn read(folder: &Path) -> Option<String> {
    fs::read_to_string(folder.join("Cargo.toml")).ok()
}

/// Returns the name that a manifest gives our package, either directly or through its workspace (`workspace = true`).
fn name_in(manifest: &str, workspace: &str) -> Option<String> {
    let (renamed, inherited) = entries(manifest);
    let (shared, _) = entries(workspace);
    let mut names = renamed
        .into_iter()
        .chain(inherited.into_iter().filter(|name| shared.contains(name)));
    let name = names.next()?;
    let only = names.all(|other| other == name);
    (only && name != PACKAGE).then(|| name.replace('-', "_"))
}

/// Returns the dependencies on our package, and the dependencies that are inherited from the workspace.
fn entries(manifest: &str) -> (Vec<String>, Vec<String>) {
    let (mut ours, mut inherited) = (Vec::new(), Vec::new());
    let mut section = String::new();
    for line in manifest.lines() {
        let line = solid(line);
        if let Some(header) = line.strip_prefix('[') {
            header.trim_end_matches(']').clone_into(&mut section);
            continue;
        }
        let Some((key, value)) = line.split_once('=') else {
            continue;
        };
        let key = key.replace('"', "");
        let (name, properties) = match section.rsplit_once("dependencies") {
            Some((_, "")) => match key.split_once('.') {
                Some((name, property)) => (name.to_owned(), format!("{property}={value}")),
                None => (key, value.to_owned()),
            },
            Some((_, named)) if named.starts_with('.') => {
                (named[1..].replace('"', ""), format!("{key}={value}"))
            }
            _ => continue,
        };
        let package = format!("package=\"{PACKAGE}\"");
        let is_other = properties.contains("package=");
        if properties.contains(&package) || name == PACKAGE && !is_other {
            ours.push(name.clone());
        }
        if properties.contains("workspace=true") {
            inherited.push(name);
        }
    }
    (ours, inherited)
}

/// Returns the line without whitespace or comments.
fn solid(line: &str) -> String {
    let code = line.split('#').next().unwrap_or_default();
    code.split_whitespace().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_renamed_package_is_found_however_it_is_written() {
        for manifest in [
            "[dependencies]\nserde = \"1\"\nrp-worker = { version = \"0.1\", package = \"runpod-worker\" } # ours",
            "[dependencies.rp-worker]\nversion = \"0.1\"\npackage = \"runpod-worker\"",
            "[target.'cfg(unix)'.dependencies]\nrp-worker = { package=\"runpod-worker\", path = \"..\" }",
            "[dependencies]\nrp-worker.package = \"runpod-worker\"\nrp-worker.path = \"..\"",
            "[dependencies]\nrp-worker = { package = \"runpod-worker\", path = \"..\" }\n\
             [dev-dependencies]\nrp-worker = { package = \"runpod-worker\", path = \"..\", features = [] }",
        ] {
            assert_eq!(
                name_in(manifest, "").as_deref(),
                Some("rp_worker"),
                "{manifest}"
            );
        }
    }

    #[test]
    fn a_package_that_the_workspace_renames_is_found() {
        let workspace = "[workspace]\n[workspace.dependencies]\nrp = { package = \"runpod-worker\", version = \"0.1\" }";
        for own in [
            "[dependencies]\nrp = { workspace = true }",
            "[dependencies]\nrp.workspace = true",
            "[dependencies.rp]\nworkspace = true",
        ] {
            assert_eq!(name_in(own, workspace).as_deref(), Some("rp"), "{own}");
        }
        assert_eq!(
            name_in("[dependencies]\nserde.workspace = true", workspace),
            None
        );
    }

    #[test]
    fn where_the_package_has_its_own_name_or_two_there_is_no_other_name() {
        for manifest in [
            "[dependencies]\nrunpod-worker = \"0.1\"",
            "[dependencies]\nrunpod-worker = { version = \"0.1\" }\nrp = { package = \"runpod-worker\", version = \"0.2\" }",
            "[dependencies.runpod-worker]\npath = \"..\"\n",
            "# rp = { package = \"runpod-worker\" }",
            "[dependencies]\nrp = { package = \"another\" }",
            "[package.metadata.other]\nrp = { package = \"runpod-worker\" }",
            "not a manifest [[",
        ] {
            assert_eq!(name_in(manifest, ""), None, "{manifest}");
        }
        let workspace = "[workspace.dependencies]\nrunpod-worker = { path = \".\" }";
        assert_eq!(
            name_in("[dependencies]\nrunpod-worker.workspace = true", workspace),
            None
        );
    }
}
