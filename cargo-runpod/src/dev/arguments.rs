//! The command-line arguments of `cargo runpod dev`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;
use runpod_local::Faults;

use super::env_file::EnvFile;
use super::profile::Profile;
use crate::selection::Selection;

/// Run the worker in this folder behind a local endpoint, and rebuild and restart it after every edit
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Serve HTTP as a load-balancing endpoint does, instead of a queue; the worker needs the feature `http`
    #[arg(long, conflicts_with_all = ["rate_limits", "faults"])]
    pub(super) http: bool,

    /// Number of worker processes
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) workers: u16,

    /// Address to listen on; use 0.0.0.0 to accept connections from other machines
    #[arg(long, default_value = "127.0.0.1")]
    pub(super) host: String,

    /// Port to listen on; 0 picks any free port
    #[arg(long, default_value_t = 8000)]
    pub(super) port: u16,

    /// Apply Runpod's rate limits: answer 429 when a client exceeds them
    #[arg(long)]
    pub(super) rate_limits: bool,

    /// Also answer requests for this host name, such as host.docker.internal or *.proxy.runpod.net; can be repeated
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(super) allow_host: Vec<String>,

    /// Let web pages from this origin (scheme, host and port) use the endpoint; can be repeated
    #[arg(long, value_name = "ORIGIN", value_delimiter = ',')]
    pub(super) allow_origin: Vec<String>,

    /// Make requests fail on purpose: {"seed": 7, "rules": [{"route": "status", "error": 0.2}]}, or the path of a
    /// file with such JSON
    #[arg(long, value_name = "JSON|FILE", value_parser = Faults::from_flag)]
    pub(super) faults: Option<Faults>,

    /// Stop the old worker before the new one starts, for a model that does not fit twice into the GPU's memory
    #[arg(long)]
    pub(super) stop_first: bool,

    /// Restart the workers when this file or folder changes, such as weights or prompts; can be repeated
    #[arg(long, value_name = "PATH")]
    pub(super) watch: Vec<PathBuf>,

    #[command(flatten)]
    pub(super) env_file: EnvFile,

    #[command(flatten)]
    pub(super) profile: Profile,

    /// Arguments for the worker, after `--`
    #[arg(last = true, value_name = "ARGS")]
    pub(super) args: Vec<OsString>,

    // This field is last because its heading applies to everything after it.
    #[command(flatten)]
    pub(super) selection: Box<Selection>,
}
