//! The Prometheus endpoint of a program without the feature `metrics`.

use crate::error::{Error, ErrorKind};

/// Returns an error, because the endpoint needs the feature.
pub(super) fn serve(_port: u16) -> Result<(), Error> {
    Err(Error::new(
        ErrorKind::Config,
        "RUNPOD_METRICS_PORT needs the feature `metrics` of runpod-worker, but this program was built without it. Add \
         the feature to the dependency in Cargo.toml, or unset the variable.",
    ))
}
