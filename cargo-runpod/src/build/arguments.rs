//! The flags of `cargo runpod build`.

use std::path::PathBuf;

use clap::Args;

use crate::failure::Failure;
use crate::selection::{Selection, Worker};
use crate::settings::image::Image;

/// Pack the worker in this folder as a container image
///
/// Builds a stripped program for x86-64 Linux and writes an image with it into a folder, in the OCI image layout. No
/// container engine is needed. Without `--base`, the program is static and the image contains nothing else. With a base
/// image, the program uses shared libraries, and the command checks that the base has them. The command starts the worker
/// as far as its state, and pushes the image if you pass `--push`. If you omit a flag, the setting in
/// `[package.metadata.runpod.image]` of Cargo.toml applies.
#[derive(Debug, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line"
)]
pub(crate) struct Arguments {
    /// The base image [default: scratch, which is empty]
    #[arg(long, value_name = "IMAGE")]
    base: Option<String>,

    /// A file or folder of the package that the worker reads, copied next to the program; can be repeated
    #[arg(long, value_name = "PATH")]
    include: Vec<PathBuf>,

    /// An environment variable of the container; can be repeated
    #[arg(long, value_name = "NAME=VALUE")]
    env: Vec<String>,

    /// A library that the worker opens at run time, such as libcuda.so.1; can be repeated
    #[arg(long, value_name = "NAME")]
    library: Vec<String>,

    /// Pack the libraries that the base image lacks
    #[arg(long)]
    bundle_libs: bool,

    /// Build a program that uses shared libraries [default: only with a base image]
    #[arg(long, conflicts_with = "static")]
    dynamic: bool,

    /// Build a static program, also with a base image
    #[arg(long = "static", id = "static")]
    is_static: bool,

    /// The cargo profile to build with [default: release]
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,

    /// The folder to write [default: runpod-image/PACKAGE in cargo's target folder]
    #[arg(long, short, value_name = "FOLDER")]
    pub(super) output: Option<PathBuf>,

    /// Push the image to a registry
    #[arg(long, value_name = "REGISTRY/NAME:TAG")]
    pub(super) push: Option<String>,

    /// Also write the image as one file for `docker load`
    #[arg(long, value_name = "FILE")]
    pub(super) tar: Option<PathBuf>,

    /// Write a Dockerfile and the image's files instead of an image
    #[arg(long, conflicts_with_all = ["push", "tar"])]
    pub(super) dockerfile: bool,

    /// Use plain HTTP for registries on other machines, too
    #[arg(long)]
    pub(super) insecure: bool,

    /// Only check that the worker answers --help, and do not run `main`
    #[arg(long)]
    pub(super) no_state_check: bool,

    // This field is last because its heading applies to everything after it.
    #[command(flatten)]
    pub(super) selection: Selection,
}

impl Arguments {
    /// Returns the settings of the manifest with the flags on top.
    pub(super) fn settings(&self, worker: &Worker) -> Result<Image, Failure> {
        let mut image = Image::of(worker)?;
        if let Some(base) = &self.base {
            image.base = Some(base.clone());
        }
        if !self.include.is_empty() {
            image.include.clone_from(&self.include);
        }
        if !self.library.is_empty() {
            image.libraries.clone_from(&self.library);
        }
        for pair in &self.env {
            let Some((name, value)) = pair.split_once('=') else {
                return Err(Failure::new(format!(
                    "--env: found {pair:?}; expected NAME=VALUE"
                )));
            };
            image.env.insert(name.to_owned(), value.to_owned());
        }
        image.bundle_libs |= self.bundle_libs;
        if self.dynamic {
            image.dynamic = Some(true);
        }
        if self.is_static {
            image.dynamic = Some(false);
        }
        if let Some(profile) = &self.profile {
            image.profile = Some(profile.clone());
        }
        image.check()?;
        Ok(image)
    }
}
