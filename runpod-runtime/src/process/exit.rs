//! Ends a process that does not end by itself after its last job.
//!
//! The shutdown functions and the user's values have time limits of their own. This is for everything else: a destructor
//! of the main thread, an exit function of a linked library, or a reader of the log that reads nothing. A process that
//! hangs there would be billed without doing anything.

use std::time::Duration;

use crate::logging;
use crate::traces;

/// The time for the last steps of a process that has nothing left to do: the destructors of the main thread, and the
/// exit functions of linked libraries.
pub(crate) const LONGEST: Duration = Duration::from_secs(5);
/// The time for the exit functions of linked libraries, once the limit is exceeded.
const LAST_CHANCE: Duration = Duration::from_secs(2);
/// The thread needs little memory, even if `RUST_MIN_STACK` asks for more.
const STACK: usize = 256 << 10;

/// Ends this process with a failure if it still runs after `most`. If the system refuses the thread for that, nothing
/// limits the time.
pub(crate) fn limit(most: Duration) {
    limit_with(most, LAST_CHANCE);
}

/// Exits with this code, after the last traces and log lines. Nothing else may run afterwards. If this takes longer than
/// [`LONGEST`], the process ends with a failure, 2 s later at the latest.
pub(crate) fn now(code: u8) -> ! {
    now_with(code, LONGEST, LAST_CHANCE)
}

fn now_with(code: u8, most: Duration, last_chance: Duration) -> ! {
    limit_with(most, last_chance);
    traces::flush();
    logging::flush();
    std::process::exit(code.into())
}

fn limit_with(most: Duration, last_chance: Duration) {
    let waiting = on_a_thread(move || {
        std::thread::sleep(most);
        // Neither the log nor the exit functions may hold up this thread.
        let exiting = on_a_thread(move || {
            logging::error(&format!(
                "the process did not exit within {} s after the worker stopped, so the worker ends it now. Check your \
                 destructors and the exit functions of linked libraries: one of them may hang",
                most.as_secs_f64()
            ));
            logging::flush();
            std::process::exit(1);
        });
        if exiting {
            std::thread::sleep(last_chance);
        }
        std::process::abort();
    });
    if !waiting {
        tracing::warn!("no thread is left to limit the time until the exit");
    }
}

/// Returns whether the thread was started.
fn on_a_thread(work: impl FnOnce() + Send + 'static) -> bool {
    std::thread::Builder::new()
        .name("runpod-exit".to_owned())
        .stack_size(STACK)
        .spawn(work)
        .is_ok()
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    const HANGS: &str = "TEST_OF_EXIT_HANGS";
    static IS_HANGING: AtomicBool = AtomicBool::new(false);

    /// Never ends.
    struct Hangs;

    impl Drop for Hangs {
        fn drop(&mut self) {
            IS_HANGING.store(true, Ordering::Release);
            loop {
                std::thread::park();
            }
        }
    }

    thread_local! {
        static HANGING: Hangs = const { Hangs };
    }

    /// The process that hangs. In any other process, this test does nothing.
    #[test]
    fn hanging_process() {
        let Ok(place) = std::env::var(HANGS) else {
            return;
        };
        if place == "thread" {
            // Another thread hangs in the exit, and would hold up every other exit of the process.
            std::thread::spawn(|| {
                HANGING.with(|_| ());
                std::process::exit(0);
            });
            while !IS_HANGING.load(Ordering::Acquire) {
                std::thread::yield_now();
            }
            now_with(0, Duration::ZERO, Duration::from_secs(1));
        }
        limit_with(Duration::ZERO, Duration::from_secs(1));
        if place == "destructor" {
            HANGING.with(|_| ());
            // The exit functions of this thread hang, and hold the lock of the exit.
            std::process::exit(0);
        }
        drop(Hangs);
    }

    #[test]
    fn a_process_that_hangs_after_its_last_job_is_ended() {
        for place in ["code", "destructor", "thread"] {
            let mut hanging = Command::new(std::env::current_exe().unwrap());
            hanging
                .args(["--exact", "process::exit::tests::hanging_process"])
                .env(HANGS, place);
            let ended = hanging.output().unwrap();
            // A test that panics exits with 101.
            let code = ended.status.code();
            assert!(!matches!(code, Some(0 | 101)), "{place}: {ended:?}");
        }
    }
}
