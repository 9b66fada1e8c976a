//! Catches the signals that ask the process to stop, on a thread of its own.
//!
//! The thread starts with the first call and lives as long as the process, so no signal is lost between the phases of
//! a start, whatever the program's own threads do. While nothing handles the signals, a process that belongs to the
//! worker exits at the first one, as it would by default. The kernel has no default action for PID 1 of a container.

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use super::threads::single;
use super::{exit, orphans};

/// The thread needs little memory, even if `RUST_MIN_STACK` asks for more.
const STACK: usize = 256 << 10;

/// Whether the whole process is a worker (`#[runpod::main]`), so that a signal may end it.
static IS_WORKERS_PROCESS: AtomicBool = AtomicBool::new(false);
/// The number of [`Signals`] that exist. While there are none, nothing handles the signals.
static HANDLING: AtomicUsize = AtomicUsize::new(0);
/// The signals that the thread has caught. `None` until the thread starts.
static CAUGHT: Mutex<Option<watch::Receiver<Caught>>> = Mutex::new(None);

/// A signal that asks the process to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StopSignal {
    Terminate,
    Interrupt,
    #[cfg(unix)]
    HangUp,
}

impl StopSignal {
    /// The exit code of a shell for a process that was killed by this signal.
    pub(crate) fn exit_code(self) -> u8 {
        match self {
            Self::Terminate => 143,
            Self::Interrupt => 130,
            #[cfg(unix)]
            Self::HangUp => 129,
        }
    }
}

impl fmt::Display for StopSignal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Terminate => "SIGTERM",
            Self::Interrupt if cfg!(unix) => "SIGINT",
            Self::Interrupt => "Ctrl-C",
            #[cfg(unix)]
            Self::HangUp => "SIGHUP",
        })
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Caught {
    number: usize,
    last: Option<StopSignal>,
}

/// Catches the signals for a process that is a worker and nothing else. From now on, a signal that nothing handles
/// makes the process exit, and PID 1 of a container reaps orphaned processes.
///
/// # Errors
///
/// Returns an error if the system refuses the thread or does not allow the process to catch the signals.
pub(crate) fn catch_in_workers_process() -> io::Result<()> {
    IS_WORKERS_PROCESS.store(true, Ordering::Release);
    caught().map(drop)
}

/// Handles the signals from the moment of its creation on. As long as it exists, no signal ends the process.
#[derive(Debug)]
pub(crate) struct Signals {
    caught: watch::Receiver<Caught>,
    seen: usize,
}

impl Signals {
    /// Starts to handle the signals.
    ///
    /// # Errors
    ///
    /// Returns an error if the system refuses a thread or does not allow the process to catch the signals.
    pub(crate) fn handle() -> io::Result<Self> {
        let caught = caught()?;
        HANDLING.fetch_add(1, Ordering::AcqRel);
        let seen = caught.borrow().number;
        Ok(Self { caught, seen })
    }

    /// Waits for the next signal.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, no signal is lost.
    pub(crate) async fn next(&mut self) -> StopSignal {
        let seen = self.seen;
        let last = match self.caught.wait_for(|caught| caught.number > seen).await {
            Ok(caught) => caught.last,
            Err(_) => None,
        };
        match last {
            Some(signal) => {
                self.seen += 1;
                signal
            }
            // The thread never ends, so this does not happen.
            None => std::future::pending().await,
        }
    }
}

/// Waits for the next of `signals`. If there are none, waits forever.
pub(crate) async fn next(signals: &mut Option<Signals>) -> StopSignal {
    match signals {
        Some(signals) => signals.next().await,
        None => std::future::pending().await,
    }
}

impl Clone for Signals {
    /// The copy returns the same signals as the original from here on.
    fn clone(&self) -> Self {
        HANDLING.fetch_add(1, Ordering::AcqRel);
        Self {
            caught: self.caught.clone(),
            seen: self.seen,
        }
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        HANDLING.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Returns what the thread catches. The first call starts the thread.
fn caught() -> io::Result<watch::Receiver<Caught>> {
    let mut started = CAUGHT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(caught) = &*started {
        return Ok(caught.clone());
    }
    let (sender, caught) = watch::channel(Caught::default());
    let (starting, ready) = mpsc::channel();
    thread::Builder::new()
        .name("runpod-signals".to_owned())
        .stack_size(STACK)
        .spawn(move || catch(&sender, &starting))?;
    ready.recv().map_err(io::Error::other)??;
    *started = Some(caught.clone());
    Ok(caught)
}

/// The main function of the thread. It tells `starting` whether it catches the signals now.
fn catch(sender: &watch::Sender<Caught>, starting: &mpsc::Sender<io::Result<()>>) {
    let runtime = match single("the runtime that watches signals") {
        Ok(runtime) => runtime,
        Err(error) => {
            let _ = starting.send(Err(io::Error::other(format!("{error:?}"))));
            return;
        }
    };
    runtime.block_on(async {
        let mut streams = match Streams::open() {
            Ok(streams) => streams,
            Err(error) => {
                let _ = starting.send(Err(error));
                return;
            }
        };
        if IS_WORKERS_PROCESS.load(Ordering::Acquire) {
            tokio::spawn(orphans::reap());
        }
        let _ = starting.send(Ok(()));
        loop {
            let signal = streams.next().await;
            sender.send_modify(|caught| {
                caught.number += 1;
                caught.last = Some(signal);
            });
            if HANDLING.load(Ordering::Acquire) == 0 && IS_WORKERS_PROCESS.load(Ordering::Acquire) {
                exit::now(signal.exit_code());
            }
        }
    });
}

#[cfg(unix)]
struct Streams {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Option<Signal>,
}

#[cfg(unix)]
impl Streams {
    fn open() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            // `nohup` starts a program that must outlive its terminal.
            hang_up: (!hang_up_is_ignored())
                .then(|| signal(SignalKind::hangup()))
                .transpose()?,
        })
    }

    async fn next(&mut self) -> StopSignal {
        let hang_up = async {
            match &mut self.hang_up {
                Some(signal) => signal.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.terminate.recv() => StopSignal::Terminate,
            _ = self.interrupt.recv() => StopSignal::Interrupt,
            _ = hang_up => StopSignal::HangUp,
        }
    }
}

/// Returns whether this process was started with SIGHUP ignored, as `nohup` does. Only Linux tells.
#[cfg(unix)]
fn hang_up_is_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    ignored_signals(&status) & 1 == 1
}

/// Returns the mask of ignored signals from a process's status. Its lowest bit is signal 1, SIGHUP.
#[cfg(unix)]
fn ignored_signals(status: &str) -> u64 {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or_default()
}

#[cfg(not(unix))]
struct Streams;

#[cfg(not(unix))]
impl Streams {
    #[expect(clippy::unnecessary_wraps, reason = "the version for Unix can fail")]
    fn open() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> StopSignal {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        StopSignal::Interrupt
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn the_status_of_a_process_says_whether_it_ignores_a_hang_up() {
        let status = "Name:\tworker\nSigBlk:\t0000000000000001\nSigIgn:\t0000000000001001\n";
        assert_eq!(ignored_signals(status), 0x1001);
        assert_eq!(ignored_signals("SigIgn:\t0000000000001000\n"), 0x1000);
        assert_eq!(ignored_signals("SigIgn:\tnonsense\n"), 0);
        assert_eq!(ignored_signals(""), 0);
    }

    #[tokio::test]
    async fn signals_that_came_before_somebody_asked_are_returned_one_by_one() {
        let (sender, caught) = watch::channel(Caught::default());
        HANDLING.fetch_add(1, Ordering::AcqRel);
        let mut signals = Signals { caught, seen: 0 };
        sender.send_replace(Caught {
            number: 2,
            last: Some(StopSignal::HangUp),
        });
        let mut copy = signals.clone();
        assert_eq!(signals.next().await.to_string(), "SIGHUP");
        assert_eq!(signals.next().await, StopSignal::HangUp);
        assert_eq!(copy.next().await, StopSignal::HangUp);
        let third = tokio::time::timeout(std::time::Duration::ZERO, signals.next());
        assert!(third.await.is_err());
    }
}
