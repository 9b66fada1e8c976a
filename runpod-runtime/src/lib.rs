//! The runtime of [`runpod-worker`](https://docs.rs/runpod-worker): takes jobs, runs handlers and delivers their
//! results.
//!
//! Use it through that crate, which adds the attribute macros. The modules are:
//!
//! - `start`, `testing`: the entry points: the attribute, the builder, local runs, the local endpoint, `--schema` and
//!   tests;
//! - `worker`: the loop that takes jobs, runs them, delivers their results, and handles refresh and shutdown;
//! - `spool`: keeps results on disk that the platform has not accepted yet;
//! - `platform`: the requests to the platform and its answers;
//! - `handler`: the user's functions: their arguments, outputs and streams;
//! - `fitness`: the checks before the first job;
//! - `config`, `logging`: the environment, the command line, and log lines;
//! - `process`: threads, panics, signals.

#![cfg_attr(docsrs, feature(doc_cfg))]

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
mod batch;
mod config;
#[cfg(feature = "download")]
mod download;
mod error;
mod fitness;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod handler;
mod json;
pub mod logging;
#[cfg(feature = "media")]
mod media;
mod model_cache;
#[cfg(feature = "openai")]
#[cfg_attr(docsrs, doc(cfg(feature = "openai")))]
pub mod openai;
mod platform;
mod process;
pub mod signature;
mod spool;
mod start;
pub mod testing;
mod text;
mod tls;
#[cfg(not(feature = "otel"))]
#[path = "traces_off.rs"]
mod traces;
#[cfg(feature = "otel")]
#[cfg_attr(docsrs, doc(cfg(feature = "otel")))]
pub mod traces;
#[cfg(feature = "download")]
mod transfers;
#[cfg(feature = "upload")]
mod upload;
#[cfg(feature = "volume-cache")]
mod volume_cache;
mod worker;

#[cfg(feature = "download")]
pub use download::{Download, DownloadError, DownloadErrorKind, Downloaded};
pub use error::{Error, ErrorKind};
#[cfg(feature = "http")]
#[cfg_attr(docsrs, doc(cfg(feature = "http")))]
pub use handler::IntoRouter;
pub use handler::{
    AsyncFunction, BatchFunction, Batching, BlockingFunction, CancelReason, Cancelled, Checkpoint,
    Emitter, FromJob, FromJobCall, HandlerError, IntoFailure, IntoItems, IntoOutput, Job, JobCall,
    JobContext, JobFailure, JobOutput, JobResult, MissingState, Next, State, StreamFunction,
};
#[cfg(feature = "media")]
#[cfg_attr(docsrs, doc(cfg(feature = "media")))]
pub use media::{
    AnyMedia, AudioInput, AudioOnly, ImageInput, ImagesOnly, Media, MediaError, MediaErrorKind,
    MediaInput, MediaKind, MediaLoad,
};
pub use model_cache::{CachedModelError, cached_model};
pub use start::{Settings, Worker, WorkerBuilder};
#[cfg(feature = "upload")]
pub use upload::{Bucket, Upload, UploadContent, UploadError, UploadErrorKind, Uploaded};
#[cfg(feature = "volume-cache")]
#[cfg_attr(docsrs, doc(cfg(feature = "volume-cache")))]
pub use volume_cache::{VolumeCache, VolumeCacheError, VolumeCacheReport};

/// Returns the arguments of this process that are not the worker's, in order and without the program's name.
///
/// These are the arguments that the Python SDK leaves in `sys.argv`. The worker's own flags, their values and the
/// first `--` are removed. After `--`, all arguments belong to the program. `docs/reference/running.md` and `--help`
/// of any worker list the flags.
///
/// ```
/// // If the program was started as `worker --rp_log_level INFO --model tiny`, `own` is `["--model", "tiny"]`.
/// let own: Vec<std::ffi::OsString> = runpod::args();
///
/// let mut after_model = own.iter().skip_while(|argument| *argument != "--model").skip(1);
/// let model = after_model.next().map_or("small".into(), |name| name.to_string_lossy());
/// assert_eq!(model, "small");
/// ```
pub fn args() -> Vec<std::ffi::OsString> {
    config::Arguments::parse(std::env::args_os()).rest
}
