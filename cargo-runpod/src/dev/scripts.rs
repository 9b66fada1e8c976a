//! The build scripts of one build, and the files that they may have written.
//!
//! A build script may write into the source tree. Such a change is not an edit: cargo compiles a package after its build
//! script has finished, so the build in progress reads the new content anyway. The same is true of a person's edit in
//! that time, except if the build script itself reads the file.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use cargo_metadata::{Message, PackageId};

use super::packages::Local;

/// When build scripts have finished.
#[derive(Debug, Default)]
pub(super) struct Scripts(Mutex<HashMap<PackageId, SystemTime>>);

impl Scripts {
    /// Reads a line of cargo's output.
    pub(super) fn hear(&self, line: &str) {
        if let Ok(Message::BuildScriptExecuted(script)) = serde_json::from_str(line) {
            let mut finished = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            finished.insert(script.package_id, SystemTime::now());
        }
    }

    pub(super) fn finished(&self, package: &PackageId) -> Option<SystemTime> {
        let finished = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        finished.get(package).copied()
    }
}

/// Returns the package that contains the file, if its build script may write that file.
pub(super) fn may_write<'a>(packages: &'a [Local], file: &Path) -> Option<&'a Local> {
    let around = packages
        .iter()
        .filter(|package| file.starts_with(&package.folder))
        .max_by_key(|package| package.folder.as_os_str().len())?;
    let script = around.script.as_ref()?;
    let decides_the_build = file == script
        || ["Cargo.toml", "Cargo.lock"]
            .iter()
            .any(|name| file.ends_with(name))
        || file.starts_with(around.folder.join(".cargo"));
    (!decides_the_build).then_some(around)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn a_build_script_writes_only_in_its_own_package_and_not_its_own_sources() {
        let local = |folder: &str, script: Option<&str>| Local {
            id: PackageId {
                repr: folder.to_owned(),
            },
            folder: folder.into(),
            roots: Vec::new(),
            script: script.map(PathBuf::from),
        };
        let packages = [
            local("/w", Some("/w/build.rs")),
            local("/w/inner", None),
            local("/other", Some("/other/build.rs")),
        ];
        let writer = |file: &str| {
            let package = may_write(&packages, Path::new(file));
            package.map(|package| package.folder.display().to_string())
        };
        assert_eq!(writer("/w/src/made.rs").as_deref(), Some("/w"));
        assert_eq!(writer("/other/src/made.rs").as_deref(), Some("/other"));
        for file in [
            "/w/build.rs",
            "/w/Cargo.toml",
            "/w/.cargo/config.toml",
            "/w/inner/src/lib.rs",
            "/elsewhere/src/made.rs",
        ] {
            assert_eq!(writer(file), None, "{file}");
        }
    }
}
