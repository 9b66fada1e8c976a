//! What is logged while something runs, for tests.

use std::io;
use std::sync::{Arc, Mutex};

use tracing_subscriber::layer::SubscriberExt as _;

use super::LogSettings;
use super::layer::LogLayer;
use crate::config::{LogLevel, Secrets};

/// A writer that keeps each write and each flush.
#[derive(Clone, Default)]
pub(super) struct Page {
    writes: Arc<Mutex<Vec<String>>>,
}

/// Stands in [`Page::writes`] where the writer was flushed.
pub(super) const FLUSHED: &str = "<flushed>";

impl Page {
    pub(super) fn writes(&self) -> Vec<String> {
        self.writes.lock().unwrap().clone()
    }
}

impl io::Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        self.writes.lock().unwrap().push(text);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writes.lock().unwrap().push(FLUSHED.to_owned());
        Ok(())
    }
}

/// Every terminal line that this thread logs while `act` runs, at all levels and without colours.
pub(crate) fn captured(act: impl FnOnce()) -> String {
    let settings = LogSettings {
        level: LogLevel::Trace,
        json: false,
        secrets: Secrets::default(),
        color: false,
    };
    captured_with(&settings, act)
}

/// The same in the format and at the level of the settings.
pub(super) fn captured_with(settings: &LogSettings, act: impl FnOnce()) -> String {
    let page = Page::default();
    let writer = page.clone();
    let layer = LogLayer::new(settings, move || writer.clone());
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), act);
    let mut lines = page.writes();
    lines.retain(|line| line != FLUSHED);
    lines.concat()
}

/// Every terminal line that this thread logs until the guard is dropped, at all levels and without colours.
pub(crate) fn captured_here() -> (impl Fn() -> String, tracing::subscriber::DefaultGuard) {
    let settings = LogSettings {
        level: LogLevel::Trace,
        json: false,
        secrets: Secrets::default(),
        color: false,
    };
    let page = Page::default();
    let writer = page.clone();
    let layer = LogLayer::new(&settings, move || writer.clone());
    let guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));
    let read = move || {
        let mut lines = page.writes();
        lines.retain(|line| line != FLUSHED);
        lines.concat()
    };
    (read, guard)
}
