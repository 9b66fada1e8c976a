//! A client of container registries (the OCI distribution protocol).
//!
//! The client is our own because `oci-client` 0.18 neither continues an upload at the offset that the registry reports,
//! nor repeats a request that failed. It also does not accept a TLS configuration, so it would verify certificates with
//! other roots than the rest of this command. Names and manifests are `oci-spec`'s, credentials are `docker_credential`'s.

mod access;
mod client;
mod credentials;
mod name;
mod pause;
mod sessions;
mod trouble;
mod upload;

pub(crate) use client::Client;
pub(crate) use credentials::Credentials;
pub(crate) use name::Name;
pub(crate) use sessions::Sessions;
pub(crate) use trouble::Trouble;
pub(crate) use upload::{Source, Uploaded};
