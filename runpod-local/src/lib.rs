//! A Runpod Serverless queue endpoint on your own machine.
//!
//! It keeps production's rules: job states, time limits, payload limits, retention, streams, webhooks, retries, workers
//! that are lost. Clients and workers in any language talk to it as they do to Runpod.
//!
//! ```no_run
//! # async fn example() -> Result<(), runpod_local::BindError> {
//! let endpoint = runpod_local::Endpoint::new().bind("127.0.0.1", 8000).await?;
//! println!("open {}", endpoint.url());
//! for (name, value) in endpoint.worker_environment(None) {
//!     println!("export {name}='{value}'");
//! }
//! # Ok(()) }
//! ```

mod answer;
mod endpoint;
mod faults;
mod openapi;
mod page;
mod path;
mod public_api;
mod queue;
mod running;
mod serve;
mod settings;
mod unknown;
mod webhook;
mod worker_api;

pub use endpoint::{BindError, Endpoint, HandlerInfo};
pub use faults::{Faults, FaultsError};
pub use queue::JobLogs;
pub use running::{OpenJobs, Running};
pub use settings::{Limits, Timing};
