//! The image settings in the manifest.

use std::path::PathBuf;

use serde::Deserialize;

/// The table `[package.metadata.runpod.image]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Image {
    pub(super) base: Option<String>,
    #[serde(default)]
    pub(super) include: Vec<PathBuf>,
}
