//! Container images without a container engine: layers, configurations, layouts, archives, base images and the push to
//! a registry, in the formats of the Open Container Initiative.

pub(crate) mod archive;
pub(crate) mod base;
pub(crate) mod base_files;
pub(crate) mod configuration;
pub(crate) mod digest;
pub(crate) mod layer;
pub(crate) mod layout;
pub(crate) mod push;
pub(crate) mod registry;
mod zstd;
