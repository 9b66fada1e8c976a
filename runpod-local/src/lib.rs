//! A Runpod Serverless queue endpoint on your own machine.
//!
//! It keeps production's rules: job states, time limits, payload limits, retention, streams, webhooks, retries, workers
//! that are lost. Clients and workers in any language talk to it as they do to Runpod.
//!
//! ```
//! use runpod_local::Endpoint;
//!
//! #[tokio::main]
//! async fn main() -> Result<(), runpod_local::BindError> {
//!     let endpoint = Endpoint::new().bind("127.0.0.1", 0).await?; // 0: any free port
//!
//!     println!("open {}", endpoint.url());
//!     for (name, value) in endpoint.worker_environment(None) {
//!         println!("export {name}='{value}'");
//!     }
//!
//!     endpoint.shutdown().await;
//!     Ok(())
//! }
//! ```
//!
//! A worker that is written with `runpod-worker` has it built in (`--rp_serve_api`). This crate is for tests of clients and
//! of workers in other languages; its program `runpod-local` (feature `cli`) is the same on the command line.
//! `docs/reference/local-endpoint.md` in the repository tells the rules.
//!
//! | | |
//! | --- | --- |
//! | [`Endpoint`] | an endpoint that is to be started |
//! | [`Running`], [`OpenJobs`], [`BindError`] | one that runs, the jobs that it has, and why it could not |
//! | [`check_api_key`], [`ApiKeyError`], [`AllowError`] | keys, host names and origins that cannot be used |
//! | [`Limits`], [`Timing`] | every number of the rules |
//! | [`Faults`], [`FaultsError`] | errors, delays and outages on purpose |
//! | [`HandlerInfo`] | a worker's handler, for the page and `/openapi.json` |
//! | [`JobLogs`] | log lines for the pages of jobs |

#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(not(unix))]
compile_error!(
    "runpod-local, the endpoint on your own machine, builds on Linux and macOS. On Windows, build in WSL. A worker needs it \
     for --rp_serve_api only: `default-features = false` on the dependency runpod-worker leaves it out."
);

mod access;
mod api_key;
mod bind_error;
mod context;
mod endpoint;
mod fallback;
mod faults;
mod job_body;
mod openapi;
mod operation;
mod owner;
mod page;
mod parameters;
mod public_api;
mod queue;
mod request_body;
mod response;
mod running;
mod serve;
mod settings;
mod text;
#[doc(hidden)]
pub mod threads;
mod webhook;
mod worker_api;

pub use access::AllowError;
pub use api_key::{ApiKeyError, check_api_key};
pub use bind_error::BindError;
pub use context::HandlerInfo;
pub use endpoint::Endpoint;
pub use faults::{Faults, FaultsError};
pub use queue::JobLogs;
pub use running::{OpenJobs, Running};
pub use settings::{Limits, Timing};
