//! Passes the lines of events to the local endpoint in this process, if there is one.

use std::sync::{PoisonError, RwLock};

use tracing::Level;

use super::event::WorkerEvent;
use super::line::{Line, Readers};

/// An event for the local endpoint.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EventLine<'a> {
    pub(crate) name: &'static str,
    pub(crate) level: Level,
    pub(crate) job_id: Option<&'a str>,
    pub(crate) text: &'a str,
}

type Reader = Box<dyn Fn(EventLine<'_>) + Send + Sync>;

static READER: RwLock<Option<Reader>> = RwLock::new(None);

/// Calls `read` for each event from now on that the endpoint shows. Replaces the reader of the worker before.
pub(crate) fn also_to(read: impl Fn(EventLine<'_>) + Send + Sync + 'static) {
    *READER.write().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(read));
}

/// Reports the event, if the endpoint shows it.
pub(super) fn report(event: &WorkerEvent<'_>) {
    let Some(line) = Line::of(event).filter(|line| line.readers != Readers::Log) else {
        return;
    };
    if let Some(read) = &*READER.read().unwrap_or_else(PoisonError::into_inner) {
        read(EventLine {
            name: line.name,
            level: line.level,
            job_id: line.job_id,
            text: &event.to_string(),
        });
    }
}
