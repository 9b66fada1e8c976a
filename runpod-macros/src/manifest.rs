//! The name under which the user's crate knows ours, where its manifest gives ours another one:
//! `worker = { package = "runpod-worker", .. }`.
//!
//! `::runpod` is not found then, and the compiler's words would blame code that nobody wrote. The manifest is only looked
//! through for our package, line by line; `crate = path` overrules it, and where it does not say for sure what we are
//! called, we are called `runpod`.

use std::path::{Path, PathBuf};
use std::{env, fs};

/// The package of the attributes' crate, as manifests name it.
const PACKAGE: &str = "runpod-worker";

/// The other name, in the manifest of the crate that is being compiled. It is read each time: an editor expands the
/// attributes of many crates in one process.
pub(crate) fn other_name() -> Option<String> {
    // Unit tests expand code of no crate.
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

/// The name that a manifest gives our package, itself or, with `workspace = true`, through that of its workspace.
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

/// The dependencies that are our package, and those that the workspace describes.
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

/// The line without blanks and without a comment.
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
