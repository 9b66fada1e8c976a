//! What the tests need beside Rust, found or installed.

use std::path::PathBuf;

use crate::cargo_tools;
use crate::chromium;
use crate::node;
use crate::python;
use crate::step::Failure;
use crate::workspace::Workspace;

/// All of it is there.
#[derive(Debug)]
pub(crate) struct Tools {
    pub(crate) python: PathBuf,
    pub(crate) chromium: PathBuf,
    pub(crate) cargo_generate: PathBuf,
}

impl Tools {
    pub(crate) fn installed(workspace: &Workspace) -> Result<Self, Failure> {
        let python = python::with_the_sdk(workspace)?;
        node::with_packages(workspace)?;
        let chromium = chromium::installed()?;
        let cargo_generate = cargo_tools::GENERATE.installed(workspace)?;
        Ok(Self {
            python,
            chromium,
            cargo_generate,
        })
    }
}
