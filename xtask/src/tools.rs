//! Finds or installs the tools that the tests need in addition to Rust.

use std::env;
use std::path::PathBuf;

use crate::cargo_tools;
use crate::chromium;
use crate::fuzz;
use crate::node;
use crate::python;
use crate::registry;
use crate::step::Failure;
use crate::valgrind;
use crate::workspace::Workspace;

/// The tools that the tests need. Most tests need Python with the SDK, so a run fails without it. Each of the other
/// tools is needed only by an individual part of the tests. If such a tool is missing and cannot be installed, the run
/// leaves out its part and lists it
/// on the last screen.
#[derive(Debug)]
pub(crate) struct Tools {
    pub(crate) python: PathBuf,
    pub(crate) chromium: Result<PathBuf, Failure>,
    pub(crate) node: Result<(), Failure>,
    pub(crate) valgrind: Result<PathBuf, Failure>,
    /// An S3 server.
    pub(crate) s3: Result<PathBuf, Failure>,
    /// A container registry, and tools that read images.
    pub(crate) registry: Result<(), Failure>,
    /// A C++ compiler.
    pub(crate) compiler: Result<(), Failure>,
}

impl Tools {
    pub(crate) fn installed(workspace: &Workspace) -> Result<Self, Failure> {
        Ok(Self {
            python: python::with_the_sdk(workspace)?,
            chromium: chromium::installed(),
            node: node::with_packages(workspace),
            valgrind: valgrind::installed(),
            s3: cargo_tools::S3.installed(workspace),
            registry: registry::installed(),
            compiler: fuzz::with_a_compiler(),
        })
    }

    /// Returns the tools that the environment variables name, without a check. The run that starts this program as
    /// one of its parts has already checked the tools.
    pub(crate) fn named() -> Result<Self, Failure> {
        let named = |variable: &str| {
            env::var_os(variable).map(PathBuf::from).ok_or_else(|| {
                Failure::new(format!(
                    "--no-build: {variable} is not set; set it to the path of a program"
                ))
            })
        };
        Ok(Self {
            python: named(python::VARIABLE)?,
            chromium: named(chromium::VARIABLE),
            node: Ok(()),
            valgrind: named(valgrind::VARIABLE),
            s3: named(cargo_tools::S3_VARIABLE),
            registry: Ok(()),
            compiler: Ok(()),
        })
    }
}
