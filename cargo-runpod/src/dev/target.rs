//! The worker that is built again and again, and the packages that it is made of.

use super::packages::{self, Local};
use crate::failure::Failure;
use crate::selection::{Kind, Selection, Worker};

#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) worker: Worker,
    /// The package itself, and all that it depends on by a path.
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
