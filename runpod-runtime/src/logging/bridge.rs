//! The events of the crate `log`, as events of `tracing`: libraries that a handler uses write with either.

use std::cell::Cell;

use log::{LevelFilter, Log, Metadata, Record};
use tracing::Level;

use super::layer::Levels;

#[derive(Debug)]
struct Bridge(Levels);

thread_local! {
    /// An event is on its way. Where somebody turns the events of `tracing` into ones of `log`, it would come round again.
    static CROSSING: Cell<bool> = const { Cell::new(false) };
}

/// Has the log show the events of `log` too. A logger that the program has installed itself stays.
pub(super) fn install(levels: Levels) {
    if log::set_boxed_logger(Box::new(Bridge(levels))).is_ok() {
        log::set_max_level(match levels.most().into_level() {
            None => LevelFilter::Off,
            Some(Level::ERROR) => LevelFilter::Error,
            Some(Level::WARN) => LevelFilter::Warn,
            Some(Level::INFO) => LevelFilter::Info,
            Some(Level::DEBUG) => LevelFilter::Debug,
            Some(Level::TRACE) => LevelFilter::Trace,
        });
    }
}

impl Log for Bridge {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.0.shows(level_of(metadata.level()), metadata.target())
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) || CROSSING.replace(true) {
            return;
        }
        let message = record.args();
        match record.level() {
            log::Level::Error => tracing::error!("{message}"),
            log::Level::Warn => tracing::warn!("{message}"),
            log::Level::Info => tracing::info!("{message}"),
            log::Level::Debug => tracing::debug!("{message}"),
            log::Level::Trace => tracing::trace!("{message}"),
        }
        CROSSING.set(false);
    }

    fn flush(&self) {}
}

fn level_of(level: log::Level) -> Level {
    match level {
        log::Level::Error => Level::ERROR,
        log::Level::Warn => Level::WARN,
        log::Level::Info => Level::INFO,
        log::Level::Debug => Level::DEBUG,
        log::Level::Trace => Level::TRACE,
    }
}
