//! Finds a model that Runpod has cached on the machine.

mod complete;

use std::env;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use complete::missing_from;

/// The cache for the model that an endpoint names, in the layout of Hugging Face's cache.
const PLATFORM_CACHE: &str = "/runpod-volume/huggingface-cache/hub";

/// The directory in which the Python SDK's helper looks: `/runpod/cache/<model>/<revision>`.
const SDK_CACHE: &str = "/runpod/cache";

/// Returns the directory with the files of a cached model, for example for `Qwen/Qwen3-0.6B`.
///
/// Runpod can cache one model of Hugging Face for each endpoint (*Cached model* in the endpoint's settings). Workers then
/// find it on the machine, and no worker downloads it. This function looks at these places, in this order:
///
/// 1. `/runpod-volume/huggingface-cache/hub`, the cache of the platform;
/// 2. `/runpod/cache/<model>/<revision>`, where the Python SDK 1.12.0 looks;
/// 3. the cache of Hugging Face's own tools on your machine, for development: `HF_HUB_CACHE`, `HF_HOME/hub`, or
///    `~/.cache/huggingface/hub`.
///
/// A revision follows the name after a colon: `Qwen/Qwen3-0.6B:refs/pr/1`, or a commit. The default is `main`.
///
/// The model must be complete: all files that an index (`*.index.json`) names must exist, and no file may be a link to
/// nothing or a pointer of Git LFS. The places on Runpod were not tried on Runpod itself.
///
/// ```no_run
/// use runpod::prelude::*;
///
/// struct Model {
///     config: Vec<u8>,
/// }
///
/// #[runpod::main]
/// fn main() -> Result<Model, Box<dyn std::error::Error + Send + Sync>> {
///     let files = runpod::cached_model("Qwen/Qwen3-0.6B")?;
///     Ok(Model { config: std::fs::read(files.join("config.json"))? })
/// }
///
/// #[runpod::handler]
/// fn size(_input: Value, model: State<Model>) -> usize {
///     model.config.len()
/// }
/// ```
///
/// # Errors
///
/// Returns an error if the name is not valid, if the model is in none of the places, or if files are missing. The message
/// lists the places, or the files.
pub fn cached_model(model: &str) -> Result<PathBuf, CachedModelError> {
    find(model, &Places::of_process())
}

/// The reason why [`cached_model`] found no usable model.
///
/// ```
/// let error = runpod::cached_model("nobody/no-such-model").unwrap_err();
/// assert!(error.to_string().contains("/runpod-volume/huggingface-cache/hub/models--nobody--no-such-model"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CachedModelError {
    model: String,
    cause: Cause,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Cause {
    Name,
    Nowhere(Vec<PathBuf>),
    Incomplete {
        directory: PathBuf,
        missing: Vec<String>,
    },
}

/// The directories to search.
struct Places {
    /// Caches in the layout of Hugging Face: `models--ORG--NAME/{refs,snapshots}`.
    hubs: Vec<PathBuf>,
    /// The cache with a directory for each model and revision. It is searched after the first hub.
    sdk: PathBuf,
}

impl Places {
    fn of_process() -> Self {
        let variable = |name| {
            env::var_os(name)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from)
        };
        let own = variable("HF_HUB_CACHE")
            .or_else(|| variable("HF_HOME").map(|home| home.join("hub")))
            .or_else(|| env::home_dir().map(|home| home.join(".cache/huggingface/hub")));
        Self {
            hubs: [PathBuf::from(PLATFORM_CACHE)]
                .into_iter()
                .chain(own)
                .collect(),
            sdk: PathBuf::from(SDK_CACHE),
        }
    }
}

fn find(model: &str, places: &Places) -> Result<PathBuf, CachedModelError> {
    let error = |cause| CachedModelError {
        model: model.to_owned(),
        cause,
    };
    let (name, revision) = model.split_once(':').unwrap_or((model, "main"));
    if !is_name(name) || !revision.split('/').all(is_part) {
        return Err(error(Cause::Name));
    }
    let folder = format!("models--{}", name.replace('/', "--"));
    let mut hubs = places.hubs.iter().map(|hub| hub.join(&folder));
    let platform = hubs.next();
    let sdk = places.sdk.join(name).join(revision);
    let candidates = platform
        .iter()
        .map(|model| (model.clone(), snapshot(model, revision)))
        .chain([(sdk.clone(), sdk.is_dir().then(|| sdk.clone()))])
        .chain(hubs.map(|model| (model.clone(), snapshot(&model, revision))));
    let mut searched = Vec::new();
    for (place, found) in candidates {
        let Some(directory) = found else {
            searched.push(place);
            continue;
        };
        let missing = missing_from(&directory);
        if missing.is_empty() {
            return Ok(directory);
        }
        return Err(error(Cause::Incomplete { directory, missing }));
    }
    Err(error(Cause::Nowhere(searched)))
}

/// Returns the directory of a revision: `refs/<revision>` contains the name of a directory in `snapshots`. A commit is
/// that name itself.
fn snapshot(model: &Path, revision: &str) -> Option<PathBuf> {
    let commit = fs::read_to_string(model.join("refs").join(revision));
    let commit = commit.as_deref().map_or(revision, str::trim);
    let directory = model.join("snapshots").join(commit);
    (is_part(commit) && directory.is_dir()).then_some(directory)
}

/// Returns whether a text is the name of a model: `NAME` or `ORG/NAME`.
fn is_name(text: &str) -> bool {
    text.split('/').count() <= 2 && text.split('/').all(is_part)
}

/// Returns whether a text is one part of a path, and nothing that leads elsewhere.
fn is_part(text: &str) -> bool {
    let is_plain = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'-' | b'_' | b'.');
    !text.is_empty() && text.bytes().all(is_plain) && !text.bytes().all(|it| it == b'.')
}

impl fmt::Display for CachedModelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            Cause::Name => write!(
                f,
                "{:?} is not the name of a model: expected `ORG/NAME` or `ORG/NAME:REVISION`, with letters, digits, `-`, \
                 `_` and `.`",
                self.model
            ),
            Cause::Nowhere(places) => {
                write!(
                    f,
                    "the model {} is not cached. These places were searched:",
                    self.model
                )?;
                for place in places {
                    write!(f, "\n  {}", place.display())?;
                }
                f.write_str(
                    "\nOn Runpod, name the model in the endpoint's settings (Cached model). On your machine, download it \
                     with `hf download`.",
                )
            }
            Cause::Incomplete { directory, missing } => {
                write!(
                    f,
                    "the cached model {} in {} is incomplete:",
                    self.model,
                    directory.display()
                )?;
                for file in missing {
                    write!(f, "\n  {file}")?;
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for CachedModelError {}

#[cfg(test)]
mod tests;
