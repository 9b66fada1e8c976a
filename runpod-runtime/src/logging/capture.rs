//! Captures the log lines that code writes while it runs, for tests.

use std::sync::{Arc, Mutex};

use tracing::Level;
use tracing_subscriber::layer::SubscriberExt as _;

use super::layer::{LineSink, LogLayer};
use super::settings::LogSettings;
use crate::config::{LogLevel, Secrets};

/// Stores each line.
#[derive(Clone, Default)]
pub(super) struct Page(Arc<Mutex<Vec<String>>>);

impl Page {
    pub(super) fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

impl LineSink for Page {
    fn line(&self, _: Level, line: &str) {
        self.0.lock().unwrap().push(line.to_owned());
    }
}

fn everything() -> LogSettings {
    LogSettings {
        level: LogLevel::Trace,
        json: false,
        secrets: Secrets::default(),
        color: false,
        waits_for_reader: true,
    }
}

/// Returns all terminal lines that this thread logs while `act` runs, at all levels and without colours.
pub(crate) fn captured(act: impl FnOnce()) -> String {
    captured_with(&everything(), act)
}

/// Does the same with the format and the level of the settings.
pub(super) fn captured_with(settings: &LogSettings, act: impl FnOnce()) -> String {
    let page = Page::default();
    let layer = LogLayer::new(settings, page.clone());
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), act);
    page.lines().concat()
}

/// Returns all terminal lines that this thread logs until the guard is dropped, at all levels and without colours.
pub(crate) fn captured_here() -> (impl Fn() -> String, tracing::subscriber::DefaultGuard) {
    let page = Page::default();
    let layer = LogLayer::new(&everything(), page.clone());
    let guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));
    (move || page.lines().concat(), guard)
}
