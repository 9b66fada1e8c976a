//! What the tests need beside Rust, found or installed.

use std::env;
use std::path::PathBuf;

use crate::chromium;
use crate::fuzz;
use crate::node;
use crate::python;
use crate::registry;
use crate::step::Failure;
use crate::valgrind;
use crate::workspace::Workspace;

/// Python with the SDK, without which most of the tests say nothing; and what single parts need. If such a tool is missing
/// and cannot be installed, a run leaves out the part that needs it, and tells so on its last screen.
#[derive(Debug)]
pub(crate) struct Tools {
    pub(crate) python: PathBuf,
    pub(crate) chromium: Result<PathBuf, Failure>,
    pub(crate) node: Result<(), Failure>,
    pub(crate) valgrind: Result<PathBuf, Failure>,
    /// A container registry, and tools that read images.
    pub(crate) registry: Result<(), Failure>,
    /// A compiler for C++.
    pub(crate) compiler: Result<(), Failure>,
}

impl Tools {
    pub(crate) fn installed(workspace: &Workspace) -> Result<Self, Failure> {
        Ok(Self {
            python: python::with_the_sdk(workspace)?,
            chromium: chromium::installed(),
            node: node::with_packages(workspace),
            valgrind: valgrind::installed(),
            registry: registry::installed(),
            compiler: fuzz::with_a_compiler(),
        })
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
            chromium: named(chromium::VARIABLE),
            node: Ok(()),
            valgrind: named(valgrind::VARIABLE),
            registry: Ok(()),
            compiler: Ok(()),
        })
    }
}
