//! Builds Tokio runtimes for the programs of this project. Tokio panics if the system refuses a thread; this module
//! returns an error instead.
//!
//! The worker has a copy of this module (`runpod-runtime/src/process/threads.rs`), because it may be built without this
//! crate.

use std::io;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

/// How long an idle blocking thread is kept: longer than any command runs. The first blocking thread therefore stays,
/// and blocking calls can always use it if no other thread can be started.
const KEPT: Duration = Duration::from_hours(365 * 24);

/// The number of threads that must remain available besides those of the runtime.
const MARGIN: usize = 4;

/// Builds a runtime with `threads` worker threads and one blocking thread.
///
/// # Errors
///
/// Fails if the system refuses a thread or another resource of the runtime.
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
        .map_err(|error| format!("cannot set up the runtime: {error}"))?;
    runtime.spawn_blocking(|| ());
    Ok(runtime)
}

/// Checks that the system grants this number of threads at the same time.
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
