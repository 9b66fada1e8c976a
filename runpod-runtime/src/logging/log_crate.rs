//! Turns the events of the crate `log` into events of `tracing`. The libraries that a handler uses may write to either.

use std::cell::Cell;

use log::{LevelFilter, Log, Metadata, Record};
use tracing::Level;

use super::levels::Levels;

#[derive(Debug)]
struct Bridge(Levels);

thread_local! {
    /// Whether this thread is forwarding an event. If something turns `tracing` events into `log` events, the
    /// forwarded event would come back here.
    static FORWARDING: Cell<bool> = const { Cell::new(false) };
}

/// Marks the end of the forwarding when it is dropped, even if the program panics while an argument is formatted.
struct ForwardingGuard;

impl Drop for ForwardingGuard {
    fn drop(&mut self) {
        FORWARDING.set(false);
    }
}

/// Makes the log also show the events of the crate `log`. A logger that the program has installed itself stays in
/// place.
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
        if !self.enabled(record.metadata()) || FORWARDING.replace(true) {
            return;
        }
        let _crossed = ForwardingGuard;
        let message = record.args();
        match record.level() {
            log::Level::Error => tracing::error!("{message}"),
            log::Level::Warn => tracing::warn!("{message}"),
            log::Level::Info => tracing::info!("{message}"),
            log::Level::Debug => tracing::debug!("{message}"),
            log::Level::Trace => tracing::trace!("{message}"),
        }
    }

    /// Called by programs that flush the log with `log::logger().flush()` before they exit.
    fn flush(&self) {
        super::outputs::flush();
    }
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

#[cfg(test)]
mod tests {
    use log::Log as _;
    use tracing::level_filters::LevelFilter;

    use super::*;
    use crate::logging::{captured, job_span};

    fn say(bridge: &Bridge, level: log::Level, target: &str, text: &str) {
        bridge.log(
            &Record::builder()
                .level(level)
                .target(target)
                .args(format_args!("{text}"))
                .build(),
        );
    }

    #[test]
    fn an_event_of_log_is_a_line_of_its_job_at_its_level() {
        let bridge = Bridge(Levels::up_to(LevelFilter::INFO));
        let text = captured(|| {
            job_span("j-1", None).in_scope(|| say(&bridge, log::Level::Info, "mine", "in"));
            say(&bridge, log::Level::Error, "mine", "out\u{1b}");
            say(&bridge, log::Level::Debug, "mine", "below the level");
            // Crates below the worker are limited in the same way as for `tracing`.
            say(&bridge, log::Level::Info, "reqwest::connect", "noise");
            say(&bridge, log::Level::Warn, "reqwest::connect", "trouble");
        });
        assert_eq!(
            text,
            "INFO   | j-1 | in\nERROR  | out\\u{1b}\nWARN   | trouble\n"
        );
    }

    #[test]
    fn an_event_that_comes_round_again_is_dropped() {
        let bridge = Bridge(Levels::up_to(LevelFilter::INFO));
        FORWARDING.set(true);
        let text = captured(|| say(&bridge, log::Level::Info, "mine", "again"));
        FORWARDING.set(false);
        assert_eq!(text, "");
    }

    #[test]
    fn an_argument_that_panics_takes_no_later_event_with_it() {
        struct Panics;
        impl std::fmt::Display for Panics {
            fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                panic!("in an argument");
            }
        }
        let bridge = Bridge(Levels::up_to(LevelFilter::INFO));
        let text = captured(|| {
            let ended = std::panic::catch_unwind(|| {
                bridge.log(&Record::builder().args(format_args!("{Panics}")).build());
            });
            assert!(ended.is_err());
            say(&bridge, log::Level::Info, "mine", "later");
        });
        assert_eq!(text, "INFO   | later\n");
    }
}
