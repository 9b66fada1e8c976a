//! Local directories that are kept on a network volume, in the format of the Python SDK's `rp_volume_cache`.
//!
//! `hydrate` copies from the volume and `sync` to it. `layout` knows the places of files and which paths are safe,
//! `manifest` and `archive` are the two formats, and every file is written as a `draft`, so that no half file has a
//! name. `docs/how-to/keep-a-model-on-a-volume.md` describes the format.

mod archive;
mod draft;
mod error;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod hydrate;
mod layout;
mod lock;
mod manifest;
mod operation;
mod pack;
mod parallel;
mod plan;
mod prune;
mod report;
mod scan;
mod stamp;
mod sync;

use std::collections::BTreeMap;
use std::env;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use tokio::sync::oneshot;

use error::Trouble;
use layout::Layout;
use operation::Operation;
use report::Recorder;
use stamp::Stamp;

pub use error::VolumeCacheError;
pub use report::VolumeCacheReport;

/// The place of a network volume on Runpod.
const VOLUME: &str = "/runpod-volume";

/// The variable that names the endpoint, which is the default namespace.
const ENDPOINT: &str = "RUNPOD_ENDPOINT_ID";

/// Keeps local directories on a network volume, so that new workers find the files there.
///
/// [`hydrate`](Self::hydrate) copies files from the volume that are missing here or newer there.
/// [`sync`](Self::sync) copies files to the volume that are missing there or newer here. Both compare sizes and times,
/// and copy in parallel. The files are at `/runpod-volume/.cache/<endpoint>`, in the format of the Python SDK 1.12.0:
/// workers in Python and in Rust can share them.
///
/// By default, a failure is logged and counted in the report, and the worker continues without the files.
/// [`strict`](Self::strict) makes every failure an error. Without a volume, the methods do nothing. Needs the feature
/// `volume-cache`.
///
/// ```no_run
/// use runpod::VolumeCache;
/// use runpod::prelude::*;
///
/// struct Model {
///     weights: Vec<u8>,
///     cache: VolumeCache,
/// }
///
/// # async fn download_if_missing(directory: &str) -> std::io::Result<Vec<u8>> { std::fs::read(directory) }
/// #[runpod::main]
/// async fn main() -> Result<Model, Box<dyn std::error::Error + Send + Sync>> {
///     let cache = VolumeCache::new(["/models"]);
///     cache.hydrate().await?;
///     let weights = download_if_missing("/models").await?;
///     cache.sync().await?;
///     Ok(Model { weights, cache })
/// }
///
/// #[runpod::handler]
/// fn size(_input: Value, model: State<Model>) -> usize {
///     model.weights.len()
/// }
///
/// #[runpod::on_shutdown]
/// async fn keep(model: State<Model>) -> Result<(), runpod::VolumeCacheError> {
///     model.cache.sync().await?;
///     Ok(())
/// }
/// ```
#[derive(Debug, Clone)]
pub struct VolumeCache {
    directories: Vec<PathBuf>,
    volume: PathBuf,
    namespace: Option<String>,
    is_strict: bool,
    threads: usize,
    memory: Arc<Mutex<Memory>>,
}

/// What earlier operations of a cache found.
#[derive(Debug, Default)]
struct Memory {
    /// The files that the local directories and the mirror had in common.
    seen: BTreeMap<PathBuf, Stamp>,
    is_archive_damaged: bool,
}

impl VolumeCache {
    /// Creates a cache for these local directories. They need not exist.
    ///
    /// ```
    /// let cache = runpod::VolumeCache::new(["/models", "/root/.cache/huggingface"]).namespace("models-v2");
    /// ```
    pub fn new<P: Into<PathBuf>>(directories: impl IntoIterator<Item = P>) -> Self {
        let processors = thread::available_parallelism().map_or(4, usize::from);
        Self {
            directories: directories.into_iter().map(Into::into).collect(),
            volume: VOLUME.into(),
            namespace: None,
            is_strict: false,
            // As in the Python SDK. The threads mostly wait for the volume.
            threads: (processors * 4).min(32),
            memory: Arc::default(),
        }
    }

    /// Sets the name that separates this cache from others on the same volume. The default is the endpoint's id
    /// (`RUNPOD_ENDPOINT_ID`). The name must be one part of a path.
    ///
    /// ```
    /// let cache = runpod::VolumeCache::new(["/models"]).namespace("shared-models");
    /// ```
    #[must_use]
    pub fn namespace(mut self, name: impl Into<String>) -> Self {
        self.namespace = Some(name.into());
        self
    }

    /// Sets the directory of the network volume. The default is `/runpod-volume`.
    ///
    /// ```
    /// let cache = runpod::VolumeCache::new(["/models"]).volume("/workspace");
    /// ```
    #[must_use]
    pub fn volume(mut self, directory: impl Into<PathBuf>) -> Self {
        self.volume = directory.into();
        self
    }

    /// Makes every failure an error, also if it concerns only one file. The other files are still copied.
    ///
    /// ```
    /// let cache = runpod::VolumeCache::new(["/models"]).strict();
    /// ```
    #[must_use]
    pub fn strict(mut self) -> Self {
        self.is_strict = true;
        self
    }

    /// Sets the number of threads that copy files. The default is four per processor, and at most 32.
    ///
    /// ```
    /// let cache = runpod::VolumeCache::new(["/models"]).threads(2);
    /// ```
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads.clamp(1, 256);
        self
    }

    /// Returns whether the volume exists and the cache has a namespace. Otherwise, the other methods do nothing.
    ///
    /// ```
    /// let cache = runpod::VolumeCache::new(["/models"]).volume("/no-such-volume");
    /// assert!(!cache.is_available());
    /// ```
    pub fn is_available(&self) -> bool {
        self.volume.is_dir() && !self.chosen_namespace().is_empty()
    }

    /// Copies files from the volume that are missing here, or newer there.
    ///
    /// A file appears under its name only when it is complete. Paths outside the cache's directories are ignored.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), runpod::VolumeCacheError> {
    /// let cache = runpod::VolumeCache::new(["/models"]).namespace("example");
    /// let report = cache.hydrate().await?;
    /// println!("{} files came from the volume", report.copied);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if the namespace is not valid. If the cache is [strict](Self::strict), every failure is an error.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the copying continues on its own threads.
    pub async fn hydrate(&self) -> Result<VolumeCacheReport, VolumeCacheError> {
        self.run(Operation::Hydrate).await
    }

    /// Copies files to the volume that are missing there, or newer here.
    ///
    /// Several workers can sync at the same time: no worker removes the files of another. A file that this cache has
    /// copied before, and that was deleted here since, is removed from the volume. Links, `*.lock`, and the folders
    /// `refs` and `.no_exist` of Hugging Face's cache are left out, as in the Python SDK.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), runpod::VolumeCacheError> {
    /// let cache = runpod::VolumeCache::new(["/models"]).namespace("example");
    /// let report = cache.sync().await?;
    /// println!("{} files went to the volume", report.copied);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if the namespace is not valid. If the cache is [strict](Self::strict), every failure is an error.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the copying continues on its own threads. If the process ends before, the volume keeps
    /// its previous files.
    pub async fn sync(&self) -> Result<VolumeCacheReport, VolumeCacheError> {
        self.run(Operation::Sync).await
    }

    /// Removes files from the volume that the cache does not name any more, such as the copies of killed workers.
    ///
    /// Do not call this method while workers with the Python SDK sync the same namespace, because they do not lock it.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), runpod::VolumeCacheError> {
    /// let cache = runpod::VolumeCache::new(["/models"]).namespace("example");
    /// let report = cache.prune().await?;
    /// println!("{} files were removed", report.removed);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if the namespace is not valid. If the cache is [strict](Self::strict), every failure is an error.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the operation continues on its own thread.
    pub async fn prune(&self) -> Result<VolumeCacheReport, VolumeCacheError> {
        self.run(Operation::Prune).await
    }

    /// Does the same as [`hydrate`](Self::hydrate) in a plain `fn`.
    ///
    /// ```
    /// # fn main() -> Result<(), runpod::VolumeCacheError> {
    /// let cache = runpod::VolumeCache::new(["/models"]).volume("/no-such-volume");
    /// assert_eq!(cache.blocking_hydrate()?.copied, 0);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`hydrate`](Self::hydrate).
    pub fn blocking_hydrate(&self) -> Result<VolumeCacheReport, VolumeCacheError> {
        self.perform(Operation::Hydrate)
    }

    /// Does the same as [`sync`](Self::sync) in a plain `fn`.
    ///
    /// ```
    /// # fn main() -> Result<(), runpod::VolumeCacheError> {
    /// let cache = runpod::VolumeCache::new(["/models"]).volume("/no-such-volume");
    /// assert_eq!(cache.blocking_sync()?.copied, 0);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`sync`](Self::sync).
    pub fn blocking_sync(&self) -> Result<VolumeCacheReport, VolumeCacheError> {
        self.perform(Operation::Sync)
    }

    /// Does the same as [`prune`](Self::prune) in a plain `fn`.
    ///
    /// ```
    /// # fn main() -> Result<(), runpod::VolumeCacheError> {
    /// let cache = runpod::VolumeCache::new(["/models"]).volume("/no-such-volume");
    /// assert_eq!(cache.blocking_prune()?.removed, 0);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`prune`](Self::prune).
    pub fn blocking_prune(&self) -> Result<VolumeCacheReport, VolumeCacheError> {
        self.perform(Operation::Prune)
    }
}

impl VolumeCache {
    fn chosen_namespace(&self) -> String {
        let given = self.namespace.clone().filter(|it| !it.is_empty());
        given.unwrap_or_else(|| env::var(ENDPOINT).unwrap_or_default())
    }

    /// Runs an operation on a thread of its own, which needs no runtime.
    async fn run(&self, operation: Operation) -> Result<VolumeCacheReport, VolumeCacheError> {
        let cache = self.clone();
        let (sender, ended) = oneshot::channel();
        let started = thread::Builder::new()
            .name("volume-cache".to_owned())
            .spawn(move || {
                let _ = sender.send(cache.perform(operation));
            });
        match started {
            Ok(_) => ended
                .await
                .unwrap_or_else(|_| operation.end(self.is_strict, Err(Trouble::Stopped))),
            Err(refused) => operation.end(self.is_strict, Err(Trouble::Thread(refused))),
        }
    }

    fn perform(&self, operation: Operation) -> Result<VolumeCacheReport, VolumeCacheError> {
        let namespace = self.chosen_namespace();
        if namespace.contains(['/', '\\', '\0']) || namespace == "." || namespace == ".." {
            return Err(Trouble::Namespace(namespace).into());
        }
        if !self.is_available() {
            tracing::info!(
                "volume cache: no volume at {}, or no namespace; nothing is copied",
                self.volume.display()
            );
            return Ok(VolumeCacheReport::default());
        }
        let layout = Layout::new(&self.directories, &self.volume, &namespace);
        let recorder = Recorder::default();
        let done = self.perform_on(&layout, operation, &recorder);
        let report = recorder.finish();
        operation.end(self.is_strict, done.map(|()| report))
    }

    fn perform_on(
        &self,
        layout: &Layout,
        operation: Operation,
        recorder: &Recorder,
    ) -> Result<(), Trouble> {
        // Operations of one cache run one after the other.
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        match operation {
            Operation::Hydrate => {
                let hydrated = hydrate::hydrate(layout, self.threads, recorder)?;
                memory.seen.extend(hydrated.seen);
                memory.is_archive_damaged |= hydrated.is_archive_damaged;
            }
            Operation::Sync => {
                let Memory {
                    seen,
                    is_archive_damaged,
                } = &*memory;
                let (seen, is_archive_damaged) =
                    sync::sync(layout, self.threads, seen, *is_archive_damaged, recorder)?;
                *memory = Memory {
                    seen,
                    is_archive_damaged,
                };
            }
            Operation::Prune => prune::prune(layout, recorder)?,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
