//! What the command is given.

use std::ffi::OsString;

use clap::Args;
use runpod_local::Faults;

use crate::selection::Selection;

/// Run the worker of this folder behind a local endpoint, and again after every edit
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// So many worker processes
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) workers: u16,

    /// Where to listen; 0.0.0.0 lets other machines in
    #[arg(long, default_value = "127.0.0.1")]
    pub(super) host: String,

    /// The port; 0 is any free one
    #[arg(long, default_value_t = 8000)]
    pub(super) port: u16,

    /// Answer 429 where Runpod would
    #[arg(long)]
    pub(super) rate_limits: bool,

    /// Answer requests for this host name too: host.docker.internal, *.proxy.runpod.net; may be given several times
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(super) allow_host: Vec<String>,

    /// Let web pages of this origin (scheme, host and port) use the endpoint; may be given several times
    #[arg(long, value_name = "ORIGIN", value_delimiter = ',')]
    pub(super) allow_origin: Vec<String>,

    /// Make requests fail: {"seed": 7, "rules": [{"route": "status", "error": 0.2}]}, or the path of a file with it
    #[arg(long, value_name = "JSON|FILE", value_parser = Faults::from_flag)]
    pub(super) faults: Option<Faults>,

    /// Build with optimisations
    #[arg(short, long)]
    pub(super) release: bool,

    /// For the worker, after `--`
    #[arg(last = true, value_name = "ARGS")]
    pub(super) args: Vec<OsString>,

    // Last, since its heading is for all that follows.
    #[command(flatten)]
    pub(super) selection: Box<Selection>,
}
