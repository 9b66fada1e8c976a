//! A Runpod Serverless queue endpoint on your own machine.
//!
//! The endpoint follows the rules of production: job states, time limits, payload limits, retention, streams,
//! webhooks, retries and lost workers. Clients and workers in any language use the endpoint in the same way as they
//! use Runpod.
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
//! Workers that use `runpod-worker` have this endpoint built in (`--rp_serve_api`). Use this crate directly to test
//! clients, or workers in other languages. Its program `runpod-local` (feature `cli`) offers the same on the command
//! line. The rules are described in `docs/reference/local-endpoint.md` in the repository.
//!
//! | items | purpose |
//! | --- | --- |
//! | [`Endpoint`] | The options of an endpoint, and the method that starts it. |
//! | [`Running`], [`OpenJobs`], [`BindError`] | A running endpoint, the number of its jobs, and why it cannot start. |
//! | [`check_api_key`], [`ApiKeyError`], [`AllowError`] | Checks for keys, host names and origins. |
//! | [`Limits`], [`Timing`] | All sizes and times of the rules. |
//! | [`Faults`], [`FaultsError`] | Errors, delays and outages to inject. |
//! | [`HandlerInfo`] | A worker's handler, for the page and `/openapi.json`. |
//! | [`JobLogs`] | Log lines for the pages of jobs. |
//! | [`WorkerEvents`], [`WorkerEvent`] | Events that workers report about themselves, for the page. |

#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(not(unix))]
compile_error!(
    "runpod-local, the local endpoint, builds only on Linux and macOS. On Windows, build in WSL. A worker needs this crate \
     only for --rp_serve_api; to leave it out, set `default-features = false` on the dependency runpod-worker."
);

mod access;
mod api_key;
#[doc(hidden)]
pub mod balancer;
mod bind_error;
mod channel_body;
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
pub use queue::{JobLogs, WorkerEvent, WorkerEvents};
#[doc(hidden)]
pub use queue::{VirtualPost, VirtualQueue};
pub use running::{OpenJobs, Running};
pub use settings::{Limits, Timing};

/// The package's README, included so that the documentation tests compile its code.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
