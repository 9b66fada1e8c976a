//! Keeps track of the state that a deployment leaves behind, so that an interrupted command can say it.

use std::cell::RefCell;
use std::rc::Rc;

use crate::invoke::probe::Probe;

#[derive(Debug, Default)]
pub(super) struct Stage {
    /// Whether a request that changes something was sent and not answered yet.
    pub(super) in_flight: RefCell<Option<String>>,
    pub(super) exists: RefCell<Option<Existing>>,
    /// The smoke job, until it has finished.
    pub(super) job: RefCell<Option<(Rc<Probe>, String)>>,
}

#[derive(Debug, Clone)]
pub(super) struct Existing {
    pub(super) name: String,
    pub(super) id: String,
    pub(super) min_workers: u64,
    pub(super) is_changed: bool,
}

impl Stage {
    /// Describes what exists, what is billed, and how to delete it.
    pub(super) fn told(&self) -> String {
        let exists = self.exists();
        match &*self.in_flight.borrow() {
            None => exists,
            Some(request) => format!(
                "stopped before Runpod answered: {request}; the request may have been carried out. Run the same command again to \
                 continue; `cargo runpod endpoints` shows the endpoints that exist\n{exists}"
            ),
        }
    }

    fn exists(&self) -> String {
        match &*self.exists.borrow() {
            None if self.in_flight.borrow().is_some() => {
                "no endpoint was known to exist before".to_owned()
            }
            None => "nothing was changed".to_owned(),
            Some(existing) if !existing.is_changed && self.in_flight.borrow().is_none() => {
                format!(
                    "nothing was changed; endpoint {} ({}) is as it was",
                    existing.name, existing.id
                )
            }
            Some(existing) => existing.told(),
        }
    }
}

impl Existing {
    pub(super) fn told(&self) -> String {
        let Self {
            name,
            id,
            min_workers,
            ..
        } = self;
        let billing = match min_workers {
            0 => "Workers are billed while they start and run".to_owned(),
            1 => "1 worker always runs and is billed, even without jobs".to_owned(),
            more => format!("{more} workers always run and are billed, even without jobs"),
        };
        format!(
            "endpoint {name} ({id}) exists. {billing}. To delete it, run `cargo runpod delete {id}`"
        )
    }
}
