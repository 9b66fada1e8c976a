//! The source from which a new worker gets the package `runpod-worker`.

use std::path::{Path, PathBuf};

use cargo_metadata::MetadataCommand;
use clap::Args;

/// The facade crate, on which every worker depends.
const PACKAGE: &str = "runpod-worker";

/// The public address of the repository. It is empty until the repository has one.
const REPOSITORY: &str = env!("CARGO_PKG_REPOSITORY");

/// The sources that this program was built from. They may no longer exist.
const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

#[derive(Debug, Args)]
pub(crate) struct Source {
    /// Use the package `runpod-worker` in this folder
    #[arg(long = "runpod-path", value_name = "PATH", conflicts_with = "git")]
    path: Option<PathBuf>,

    /// Use `runpod-worker` from this git repository
    #[arg(long = "runpod-git", value_name = "URL")]
    git: Option<String>,

    /// The commit, tag or branch of the git repository [default: the newest commit]
    #[arg(long = "runpod-rev", value_name = "REV", requires = "git")]
    rev: Option<String>,
}

/// A dependency on `runpod-worker`.
#[derive(Debug)]
pub(crate) struct Dependency {
    toml: String,
    /// The folder in a path dependency.
    path: Option<PathBuf>,
    /// Whether the folder is the default, because the user named none.
    is_fallback: bool,
}

impl Dependency {
    pub(crate) fn of(source: &Source) -> Result<Self, String> {
        match (&source.path, &source.git) {
            (Some(path), _) => {
                Self::by_path(path).map_err(|fault| format!("--runpod-path: {fault}"))
            }
            (None, Some(url)) => Self::by_git(url, source.rev.as_deref()),
            (None, None) => Self::by_default(REPOSITORY, Path::new(SOURCES)),
        }
    }

    /// The right side of `runpod-worker = …` in a Cargo.toml.
    pub(crate) fn toml(&self) -> &str {
        &self.toml
    }

    /// Returns the folder of a path dependency.
    pub(crate) fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Returns whether the folder is the default, because the user named none.
    pub(crate) fn is_fallback(&self) -> bool {
        self.is_fallback
    }

    fn by_default(repository: &str, sources: &Path) -> Result<Self, String> {
        if !repository.is_empty() {
            return Self::by_git(repository, None);
        }
        let mut dependency = Self::by_path(sources).map_err(|fault| {
            format!(
                "{PACKAGE} is not published yet, and its sources are no longer where this command was built: {fault}\nPass \
                 `--runpod-path PATH` for a folder with its sources, or `--runpod-git URL` for a git repository."
            )
        })?;
        dependency.is_fallback = true;
        Ok(dependency)
    }

    fn by_path(path: &Path) -> Result<Self, String> {
        let shown = path.display();
        let folder = path
            .canonicalize()
            .map_err(|error| format!("cannot find `{shown}`: {error}."))?;
        let manifest = folder.join("Cargo.toml");
        if !manifest.is_file() {
            return Err(format!(
                "`{shown}` contains no Cargo.toml; name the folder of the package {PACKAGE}."
            ));
        }
        let metadata = MetadataCommand::new()
            .manifest_path(&manifest)
            .no_deps()
            .other_options(["--offline".to_owned()])
            .exec()
            .map_err(|error| format!("cargo could not read `{shown}`: {error}"))?;
        let package = metadata
            .packages
            .iter()
            .find(|package| package.manifest_path == manifest);
        match package {
            Some(package) if package.name == PACKAGE => {}
            Some(package) => {
                return Err(format!(
                    "`{shown}` contains the package {}; name the folder of the package {PACKAGE}.",
                    package.name
                ));
            }
            None => {
                return Err(format!(
                    "`{shown}` contains a workspace but no package; name the folder of the package {PACKAGE}."
                ));
            }
        }
        let Some(text) = folder.to_str() else {
            return Err(format!(
                "the path `{shown}` is not UTF-8, but a Cargo.toml must be; move the package to another path."
            ));
        };
        Ok(Self {
            toml: format!("{{ path = {} }}", quoted(text)?),
            path: Some(folder),
            is_fallback: false,
        })
    }

    fn by_git(url: &str, rev: Option<&str>) -> Result<Self, String> {
        // The message does not repeat the address, which may contain a secret by mistake.
        let Some((scheme, rest)) = url.split_once("://") else {
            return Err(
                "--runpod-git: cargo cannot read this address; use one that begins like `https://`, `ssh://git@host/path` or \
                 `file:///path`."
                    .to_owned(),
            );
        };
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let is_secret = match host.rsplit_once('@') {
            None => false,
            Some((user, _)) => user.contains(':') || scheme.starts_with("http"),
        };
        if is_secret {
            return Err(
                "--runpod-git: the address contains a user name or a password, which everybody could read in Cargo.toml. \
                 Remove it, and let git's credential helper supply it."
                    .to_owned(),
            );
        }
        let url = quoted(url).map_err(|fault| format!("--runpod-git: {fault}"))?;
        let rev = match rev {
            None => String::new(),
            Some(rev) => {
                let rev = quoted(rev).map_err(|fault| format!("--runpod-rev: {fault}"))?;
                format!(", rev = {rev}")
            }
        };
        Ok(Self {
            toml: format!("{{ git = {url}{rev} }}"),
            path: None,
            is_fallback: false,
        })
    }
}

/// Returns the text as a TOML string. Without control characters, a JSON string is also a TOML string.
fn quoted(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Err("the value is empty.".to_owned());
    }
    if text.contains(char::is_control) {
        return Err("the value contains a control character.".to_owned());
    }
    Ok(serde_json::Value::from(text).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_with_an_address_is_what_a_worker_depends_on() {
        let dependency =
            Dependency::by_default("https://example.invalid/runpod", Path::new("/nowhere"))
                .unwrap();
        assert_eq!(
            dependency.toml(),
            r#"{ git = "https://example.invalid/runpod" }"#
        );
        assert_eq!(dependency.path(), None);
    }

    #[test]
    fn without_an_address_the_sources_of_this_command_do() {
        let dependency = Dependency::by_default("", Path::new(SOURCES)).unwrap();
        let sources = Path::new(SOURCES).canonicalize().unwrap();
        assert_eq!(dependency.path(), Some(&*sources));
        assert!(dependency.is_fallback());
    }

    #[test]
    fn without_either_the_error_names_both_flags() {
        let fault = Dependency::by_default("", Path::new("/nowhere/at/all")).unwrap_err();
        for part in ["/nowhere/at/all", "--runpod-path", "--runpod-git"] {
            assert!(fault.contains(part), "{fault}");
        }
    }

    #[test]
    fn a_secret_in_an_address_is_refused_and_not_repeated() {
        for url in [
            "https://token@example.invalid/runpod",
            "https://me:hunter2@example.invalid/runpod",
            "ssh://me:hunter2@example.invalid/runpod",
        ] {
            let fault = Dependency::by_git(url, None).unwrap_err();
            assert!(fault.contains("credential helper"), "{fault}");
            assert!(
                !fault.contains("token@") && !fault.contains("hunter2"),
                "{fault}"
            );
        }
        Dependency::by_git("ssh://git@example.invalid/runpod", None).unwrap();
        Dependency::by_git("https://example.invalid/@scope/runpod", None).unwrap();
    }

    #[test]
    fn quotes_and_backslashes_stay_what_they_are() {
        assert_eq!(quoted(r#"a "b" \c"#).unwrap(), r#""a \"b\" \\c""#);
        assert!(quoted("a\nb").is_err());
    }
}
