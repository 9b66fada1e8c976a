//! A client of Runpod's REST API, version 2: endpoints, their workers, releases and logs, and the catalogue.

mod address;
pub(crate) mod catalogue;
mod client;
pub(crate) mod endpoint;
mod error;
pub(crate) mod find;
pub(crate) mod logs;
mod rate;
mod sse;
pub(crate) mod worker;

pub(crate) use address::Api;
pub(crate) use client::Client;
pub(crate) use error::RestError;
