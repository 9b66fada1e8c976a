//! Work on many files with several threads.

use std::io;
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// Calls `work` for each item that `produce` emits, on up to `threads` threads. At most two items per thread wait.
///
/// # Errors
///
/// Returns an error if the system refuses every thread.
pub(super) fn feed<T: Send>(
    threads: usize,
    produce: impl FnOnce(&mut dyn FnMut(T)),
    work: impl Fn(T) + Sync,
) -> io::Result<()> {
    let (sender, items) = sync_channel(threads * 2);
    // Only the threads own the receiver. If all of them have panicked, sending fails instead of waiting without an end.
    let items = Arc::new(Mutex::new(items));
    let work = &work;
    thread::scope(|scope| {
        let mut started = 0;
        for _ in 0..threads {
            let builder = thread::Builder::new().name("volume-cache".to_owned());
            let items = Arc::clone(&items);
            let run = move || {
                while let Some(item) = next(&items) {
                    work(item);
                }
            };
            match builder.spawn_scoped(scope, run) {
                Ok(_) => started += 1,
                // Fewer threads do the same work.
                Err(_) if started > 0 => break,
                Err(refused) => {
                    drop(sender);
                    return Err(refused);
                }
            }
        }
        drop(items);
        // The send can fail only if all threads have panicked, which the scope reports.
        produce(&mut |item| {
            let _ = sender.send(item);
        });
        drop(sender);
        Ok(())
    })
}

fn next<T>(items: &Mutex<Receiver<T>>) -> Option<T> {
    let items = items.lock().unwrap_or_else(PoisonError::into_inner);
    items.recv().ok()
}

/// Calls `work` for each item, as [`feed`] does.
pub(super) fn each<T: Send>(
    threads: usize,
    items: Vec<T>,
    work: impl Fn(T) + Sync,
) -> io::Result<()> {
    let threads = threads.min(items.len());
    if threads == 0 {
        return Ok(());
    }
    feed(threads, |emit| items.into_iter().for_each(emit), work)
}
