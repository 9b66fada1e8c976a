//! Reports the message of a panic in the failure of its job, or otherwise in the log.
//!
//! By default, Rust prints panics to standard error unchanged, including any client data or keys in their messages.
//! The worker's hook replaces that output: it redacts keys, and its log lines escape all characters that a terminal
//! or a log collector would misread. If the program has already installed a hook, that hook stays in place, and the
//! worker does not log the panic as well.

use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::cell::{Cell, RefCell};
use std::fmt::Write as _;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook, take_hook};
use std::sync::Once;
use std::task::Poll;

use crate::config::Secrets;
use crate::logging;

type Hook = Box<dyn Fn(&PanicHookInfo<'_>) + Send + Sync + 'static>;

/// A caught panic.
#[derive(Debug, Clone)]
pub(crate) struct Panic {
    pub(crate) message: String,
    /// The file, line and column of the panic.
    pub(crate) place: Option<String>,
}

/// What the hook recorded about a panic.
#[derive(Debug)]
struct PanicReport {
    place: Option<String>,
    /// The log line without secrets, or `None` if another hook has reported the panic.
    line: Option<String>,
    backtrace: Option<String>,
}

thread_local! {
    /// Whether this thread runs code whose panics are caught here and reported by the caller.
    static CATCHING: Cell<bool> = const { Cell::new(false) };
    /// Whether a panic of this thread is expected, so that its backtrace is not needed.
    static EXPECTING: Cell<bool> = const { Cell::new(false) };
    /// The last panic of this thread that has not been reported yet.
    static LAST: RefCell<Option<PanicReport>> = const { RefCell::new(None) };
}

/// Logs all panics from now on, without `secrets`, unless the program has installed its own hook.
pub(crate) fn log_from_now_on(secrets: &Secrets) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let (hook, is_rusts_own) = current_hook();
        if is_rusts_own {
            let secrets = secrets.clone();
            set_hook(Box::new(move |info| {
                let report = PanicReport::of(info, Some(&secrets));
                // If panics abort the process, nothing catches and reports them later.
                if CATCHING.get() && cfg!(panic = "unwind") {
                    log(replace_last(Some(report)));
                } else {
                    log(Some(report));
                }
                flush_if_last();
            }));
        } else {
            set_hook(Box::new(move |info| {
                hook(info);
                flush_if_last();
            }));
        }
    });
}

/// Installs no hook from now on, unless [`log_from_now_on`] is called: the process belongs to another program.
pub(crate) fn leave_the_hook() {
    REMEMBERS_PLACES.call_once(|| {});
}

static REMEMBERS_PLACES: Once = Once::new();

/// Installs a hook that wraps the current one and records the place of each panic, so that a failed job can name it
/// whichever hook is installed.
fn remember_places() {
    REMEMBERS_PLACES.call_once(|| {
        let hook = take_hook();
        set_hook(Box::new(move |info| {
            let before = replace_last(None);
            hook(info);
            log(before);
            if CATCHING.get() {
                let report = replace_last(None).unwrap_or_else(|| PanicReport::of(info, None));
                replace_last(Some(report));
            }
        }));
    });
}

/// Returns the current hook, and whether it is Rust's default hook. Afterwards, the default hook is installed.
fn current_hook() -> (Hook, bool) {
    let hook = take_hook();
    // No custom hook is installed now, so this is Rust's default hook.
    let rusts_own = take_hook();
    let is_rusts_own = std::ptr::eq(&raw const *hook, &raw const *rusts_own);
    (hook, is_rusts_own)
}

/// Flushes the log if this panic ends the process.
fn flush_if_last() {
    if cfg!(panic = "abort") || may_end_main() {
        logging::flush();
    }
}

/// Returns whether a panic of this thread may end `main`. If the main thread is a worker's control thread, it must
/// not wait for the log, and the worker catches its panics.
fn may_end_main() -> bool {
    !CATCHING.get() && !logging::never_waits() && std::thread::current().name() == Some("main")
}

/// Replaces the thread's last report. While a thread ends, its report is no longer accessible.
fn replace_last(report: Option<PanicReport>) -> Option<PanicReport> {
    LAST.try_with(|last| last.replace(report)).ok().flatten()
}

impl PanicReport {
    /// Creates a report. It includes a log line only if `secrets` is given.
    fn of(info: &PanicHookInfo<'_>, secrets: Option<&Secrets>) -> Self {
        let place = info.location().map(ToString::to_string);
        // Capturing a backtrace and resolving its symbols is slow.
        let backtrace = if secrets.is_none() || EXPECTING.get() {
            Backtrace::disabled()
        } else {
            Backtrace::capture()
        };
        let line = secrets.map(|secrets| {
            let thread = std::thread::current();
            let mut line = format!("thread '{}' panicked", thread.name().unwrap_or("<unnamed>"));
            if let Some(place) = &place {
                let _ = write!(line, " at {place}");
            }
            let _ = write!(line, ": {}", text(info.payload()));
            secrets.redact(&line).into_owned()
        });
        Self {
            backtrace: (backtrace.status() == BacktraceStatus::Captured)
                .then(|| backtrace.to_string()),
            place,
            line,
        }
    }
}

fn log(report: Option<PanicReport>) {
    let Some(PanicReport {
        line: Some(line),
        backtrace,
        ..
    }) = report
    else {
        return;
    };
    logging::error(&line);
    if let Some(backtrace) = backtrace {
        logging::error(&format!("backtrace of the panic:\n{backtrace}"));
    }
}

fn text(payload: &(dyn Any + Send)) -> String {
    payload
        .downcast_ref::<&str>()
        .map(ToString::to_string)
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "(the panic payload is not a string)".to_owned())
}

/// Polls `future` and returns a panic to the caller, who must report it.
pub(crate) async fn caught<T>(future: impl Future<Output = T>) -> Result<T, Panic> {
    tokio::pin!(future);
    poll_fn(|cx| match caught_now(|| future.as_mut().poll(cx)) {
        Ok(polled) => polled.map(Ok),
        Err(panic) => Poll::Ready(Err(panic)),
    })
    .await
}

/// Calls `call` and returns a panic to the caller, who must report it.
pub(crate) fn caught_now<T>(call: impl FnOnce() -> T) -> Result<T, Panic> {
    remember_places();
    let was_catching = CATCHING.replace(true);
    let ended = catch_unwind(AssertUnwindSafe(call));
    CATCHING.set(was_catching);
    let last = replace_last(None);
    match ended {
        Ok(value) => {
            // The program caught this panic inside `call`.
            log(last);
            Ok(value)
        }
        Err(payload) => {
            let message = text(&*payload);
            // Dropping the payload may run code of the program, which may panic too.
            let _ = catch_unwind(AssertUnwindSafe(|| drop(payload)));
            let (place, backtrace) = last.map_or((None, None), |it| (it.place, it.backtrace));
            if let Some(backtrace) = backtrace {
                logging::error(&format!("backtrace of the panic:\n{backtrace}"));
            }
            Err(Panic { message, place })
        }
    }
}

/// Like [`caught_now`], but captures no backtrace. Used for calls that panic instead of returning an error.
pub(crate) fn expected_now<T>(call: impl FnOnce() -> T) -> Result<T, Panic> {
    let was_expecting = EXPECTING.replace(true);
    let ended = caught_now(call);
    EXPECTING.set(was_expecting);
    ended
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caught_panic_has_its_message_and_its_place() {
        let panic = caught_now(|| panic!("no GPU {}", 7)).unwrap_err();
        assert_eq!(panic.message, "no GPU 7");
        assert!(panic.place.unwrap().starts_with(file!()));
        let panic = caught_now(|| std::panic::panic_any(7)).unwrap_err();
        assert_eq!(panic.message, "(the panic payload is not a string)");
        assert_eq!(caught_now(|| 7).unwrap(), 7);
    }

    #[test]
    fn a_panic_inside_of_one_that_is_caught_does_not_hide_it() {
        let panic = caught_now::<()>(|| {
            let _ = caught_now(|| panic!("inner"));
            panic!("outer")
        })
        .unwrap_err();
        assert_eq!(panic.message, "outer");
    }

    #[test]
    fn only_a_panic_that_may_end_the_process_waits_for_the_log() {
        let main = std::thread::Builder::new().name("main".to_owned());
        let main = main.spawn(|| {
            assert!(may_end_main());
            assert!(!caught_now(may_end_main).unwrap(), "the panic is caught");
            assert!(
                !logging::never_waiting(may_end_main),
                "this is the control thread"
            );
            assert!(may_end_main(), "the worker has ended");
        });
        main.unwrap().join().unwrap();
        let other = std::thread::spawn(may_end_main);
        assert!(!other.join().unwrap());
    }

    #[test]
    fn a_panic_that_is_an_answer_has_no_backtrace() {
        let has_backtrace = || !EXPECTING.get();
        assert!(!expected_now(has_backtrace).unwrap());
        assert!(expected_now(|| panic!("no thread")).is_err());
        assert!(has_backtrace());
    }
}
