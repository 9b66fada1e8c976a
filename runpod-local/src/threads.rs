//! Runtimes for the programs of this project. tokio panics if the system refuses a thread; here that is an error.
//!
//! The worker has the same for itself (`runpod-runtime/src/process/threads.rs`): it may be built without this crate.

use std::io;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

/// Longer than any command runs: the blocking thread that is started first stays, and calls that get no thread of their own
/// wait for it.
const KEPT: Duration = Duration::from_hours(365 * 24);

/// Room that has to be left beside the threads of the runtime.
const MARGIN: usize = 4;

/// The runtime with `threads` threads, and a blocking one.
///
/// # Errors
///
/// If the system refuses a thread, or what a runtime needs beside threads.
pub fn runtime(builder: &mut Builder, threads: usize) -> Result<Runtime, String> {
    let refused = |error: io::Error| {
        format!(
            "cannot start a thread: {error}. A limit on processes and threads (`ulimit -u`, `pids.max` of a container) or on \
             memory (`ulimit -v`) is reached: raise the limit, or stop other programs"
        )
    };
    grants(threads + 1 + MARGIN).map_err(refused)?;
    let runtime = builder
        .enable_all()
        .thread_keep_alive(KEPT)
        .build()
        .map_err(|error| format!("the runtime could not be set up: {error}"))?;
    runtime.spawn_blocking(|| ());
    Ok(runtime)
}

/// Whether the system grants so many threads at once.
fn grants(threads: usize) -> io::Result<()> {
    let gate = Arc::new(Mutex::new(()));
    let closed = gate.lock();
    let mut waiting = Vec::with_capacity(threads);
    let mut granted = Ok(());
    for _ in 0..threads {
        let gate = Arc::clone(&gate);
        match thread::Builder::new().spawn(move || drop(gate.lock())) {
            Ok(thread) => waiting.push(thread),
            Err(error) => {
                granted = Err(error);
                break;
            }
        }
    }
    drop(closed);
    for thread in waiting {
        let _ = thread.join();
    }
    granted
}
