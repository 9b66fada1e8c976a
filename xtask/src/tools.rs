//! What the tests need beside Rust, found or installed.

use std::env;
use std::path::PathBuf;

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
}

impl Tools {
    pub(crate) fn installed(workspace: &Workspace) -> Result<Self, Failure> {
        let python = python::with_the_sdk(workspace)?;
        node::with_packages(workspace)?;
        let chromium = chromium::installed()?;
        Ok(Self { python, chromium })
    }

    /// What the variables of the tests name, without a look at it: a run has looked already, and starts this part of it.
    pub(crate) fn named() -> Result<Self, Failure> {
        let named = |variable: &str| {
            env::var_os(variable).map(PathBuf::from).ok_or_else(|| {
                Failure::new(format!("--no-build: {variable} has to name a program"))
            })
        };
        Ok(Self {
            python: named(python::VARIABLE)?,
            chromium: named(chromium::VARIABLE)?,
        })
    }
}
