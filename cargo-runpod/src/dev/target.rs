//! The worker that is built again after each edit, and its local packages.

use super::packages::{self, Local};
use crate::failure::Failure;
use crate::selection::{Kind, Selection, Worker};

#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) worker: Worker,
    /// The worker's package and its path dependencies.
    pub(super) packages: Vec<Local>,
}

impl Target {
    pub(super) fn find(selection: &Selection) -> Result<Self, Failure> {
        let worker = selection.worker()?;
        let with_dev = worker.kind == Kind::Example;
        Ok(Self {
            packages: packages::local(&worker.metadata, &worker.package, with_dev),
            worker,
        })
    }
}
