//! The table `[package.metadata.runpod.image]`: how the worker's image is made.

use std::collections::BTreeMap;
use std::path::PathBuf;

use cargo_metadata::Package;
use serde::Deserialize;

use super::table::{self, Keys};
use crate::failure::Failure;
use crate::selection::Worker;

const KEYS: &[Keys] = &[(
    "",
    &[
        "base",
        "include",
        "env",
        "libraries",
        "bundle-libs",
        "dynamic",
        "features",
        "profile",
    ],
)];

/// The settings. Flags of the command line are put on top by the command.
#[derive(Debug, Default, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub(crate) struct Image {
    /// The base image. `None` means `scratch`.
    pub(crate) base: Option<String>,
    /// Files and folders of the package that are copied next to the program.
    pub(crate) include: Vec<PathBuf>,
    /// Environment variables of the container.
    pub(crate) env: BTreeMap<String, String>,
    /// Libraries that the worker opens at run time.
    pub(crate) libraries: Vec<String>,
    /// Whether libraries that the base lacks are packed into the image.
    pub(crate) bundle_libs: bool,
    /// Whether the program uses shared libraries. `None` means: if there is a base image.
    pub(crate) dynamic: Option<bool>,
    pub(crate) features: Vec<String>,
    pub(crate) profile: Option<String>,
}

impl Image {
    /// Reads the table of a worker's package.
    pub(crate) fn of(worker: &Worker) -> Result<Self, Failure> {
        table::read(&worker.package, "image", KEYS)
    }

    /// Returns the fault in the table of a package, if there is one.
    pub(super) fn fault(package: &Package) -> Option<String> {
        table::described::<Self>(package, "image", KEYS).err()
    }

    /// Returns the base image, unless it is the empty one.
    pub(crate) fn real_base(&self) -> Option<&str> {
        self.base.as_deref().filter(|base| *base != "scratch")
    }

    /// Tells whether the program is linked with shared libraries.
    pub(crate) fn is_dynamic(&self) -> bool {
        self.dynamic
            .unwrap_or(self.real_base().is_some() || !self.libraries.is_empty())
    }

    /// Checks everything that the settings alone show.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        if let Some(base) = &self.base
            && (base.is_empty() || base.chars().any(|it| it.is_whitespace() || it.is_control()))
        {
            return Err(Failure::new(format!(
                "--base: found {base:?}; expected the name of an image, such as debian:bookworm-slim"
            )));
        }
        if self.is_dynamic() && self.real_base().is_none() {
            return Err(Failure::new(
                "a program that uses shared libraries needs a base image with the GNU C library, and `scratch` is empty; \
                 pass --base IMAGE, such as debian:bookworm-slim, or build without `dynamic` and `libraries`",
            ));
        }
        if !self.is_dynamic() && !self.libraries.is_empty() {
            return Err(Failure::new(format!(
                "a static program cannot open libraries at run time, but `libraries` lists {}; remove --static or \
                 `dynamic = false`",
                self.libraries.join(", ")
            )));
        }
        for (name, value) in &self.env {
            check_variable(name, value)?;
        }
        for library in &self.libraries {
            if library.is_empty() || library.contains(['/', ' ']) || !library.contains(".so") {
                return Err(Failure::new(format!(
                    "libraries: found {library:?}; expected the file name of a library, such as libcuda.so.1"
                )));
            }
        }
        Ok(())
    }
}

fn check_variable(name: &str, value: &str) -> Result<(), Failure> {
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    if name.is_empty() || !name.chars().all(is_word) || value.contains('\0') {
        return Err(Failure::new(format!(
            "env: {name:?} is not the name of an environment variable; expected letters, digits and `_`"
        )));
    }
    if is_secret(name) {
        return Err(Failure::new(format!(
            "env: {name} looks like a secret, and everybody who can pull an image can read its variables; set it in the \
             settings of the endpoint"
        )));
    }
    Ok(())
}

/// Tells whether a variable of this name usually has a secret. `MAX_TOKENS` does not. This is stricter than the rule of
/// `deploy` for values that are not shown: a wrong guess there hides a value, and here it would refuse an image.
fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let has = |word| name.split('_').any(|part| part == word);
    [
        "TOKEN",
        "SECRET",
        "PASSWORD",
        "PASSWD",
        "CREDENTIALS",
        "APIKEY",
    ]
    .into_iter()
    .any(has)
        || has("KEY") && ["API", "ACCESS", "PRIVATE"].into_iter().any(has)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_told_from_a_setting() {
        for name in [
            "HF_TOKEN",
            "AWS_SECRET_ACCESS_KEY",
            "RUNPOD_API_KEY",
            "db_password",
        ] {
            assert!(is_secret(name), "{name}");
        }
        for name in [
            "MAX_TOKENS",
            "TOKENIZERS_PARALLELISM",
            "MODEL_KEY",
            "CACHE_KEY_PREFIX",
        ] {
            assert!(!is_secret(name), "{name}");
        }
    }

    #[test]
    fn an_empty_base_has_no_shared_libraries() {
        let mut image = Image {
            libraries: vec!["libcuda.so.1".to_owned()],
            ..Image::default()
        };
        assert!(image.is_dynamic());
        assert!(image.check().is_err());
        image.base = Some("debian:12".to_owned());
        assert!(image.check().is_ok());
        image.dynamic = Some(false);
        assert!(image.check().is_err());
    }
}
