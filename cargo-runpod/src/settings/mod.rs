//! The settings of `[package.metadata.runpod]` in a worker's `Cargo.toml`.

pub(crate) mod deploy;
pub(crate) mod image;
pub(crate) mod nearest;
mod table;

use cargo_metadata::Package;

/// Returns the first fault in the settings of a package, with the path of its manifest.
pub(crate) fn fault(package: &Package) -> Option<String> {
    image::Image::fault(package).or_else(|| deploy::Deploy::fault(package))
}
