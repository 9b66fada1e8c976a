//! The user's values that live as long as the worker: the worker's states, and the values that handlers and other
//! functions captured.
//!
//! Dropping such a value may block and may panic. For example, a `tokio::runtime::Runtime` waits for its threads and
//! panics in asynchronous code. So this module is the last owner of each value and drops it after the worker has
//! ended, on a thread that may block.

use std::future::Future;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::mpsc::{self, RecvTimeoutError, TryRecvError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::runtime::{Handle, Runtime};
use tokio::sync::oneshot;

use super::failure::Failure;
use super::state::StateCell;

/// The maximum time that the process waits for the values to be dropped. A worker that has finished must not run
/// forever.
pub(crate) const LONGEST_DROP: Duration = Duration::from_secs(10);

/// A user's `concurrency_modifier`: a function from the current concurrency to the next one.
pub(crate) type Modifier = Arc<dyn Fn(usize) -> usize + Send + Sync>;

/// Owns the user's values until the worker has ended.
pub(crate) struct UserValues(Option<Values>);

/// A state of the worker.
pub(crate) enum StateSource {
    Made(StateCell),
    /// The state is created when the worker starts. The mutex only makes the future `Sync`, like all other values here.
    Later(Mutex<StateFuture>),
}

/// A future that creates a state.
pub(crate) type StateFuture = Pin<Box<dyn Future<Output = Result<StateCell, Failure>> + Send>>;

struct Values {
    states: Vec<StateSource>,
    /// The handlers and other functions, with the values that they captured.
    functions: Vec<Box<dyn Send + Sync>>,
    /// The runtime on which the state was created. It is entered while the values are dropped, and shut down after
    /// that.
    runtime: Option<(Handle, Option<Runtime>)>,
}

impl UserValues {
    pub(crate) fn new(state: Option<StateCell>) -> Self {
        Self(Some(Values {
            states: state.into_iter().map(StateSource::Made).collect(),
            functions: Vec::new(),
            runtime: None,
        }))
    }

    /// Adds a state. If there are several states of one type, the last one counts.
    pub(crate) fn add_state(&mut self, state: StateSource) {
        if let Some(values) = &mut self.0 {
            values.states.push(state);
        }
    }

    /// Removes all states, to create those that do not exist yet.
    pub(crate) fn take_states(&mut self) -> Vec<StateSource> {
        let states = self.0.as_mut().map(|values| &mut values.states);
        states.map(std::mem::take).unwrap_or_default()
    }

    /// Keeps a function and its captured values. The worker uses a clone of the same `Arc`.
    pub(crate) fn keep(&mut self, function: impl Send + Sync + 'static) {
        if let Some(values) = &mut self.0 {
            values.functions.push(Box::new(function));
        }
    }

    /// Keeps a handle on the handlers' runtime as well. If `own` is given, that runtime is shut down after the values
    /// are dropped.
    pub(crate) fn with_runtime(mut self, handle: Handle, own: Option<Runtime>) -> Self {
        if let Some(values) = &mut self.0 {
            values.runtime = Some((handle, own));
        }
        self
    }

    /// Returns the states, for the worker.
    pub(crate) fn state(&self) -> Option<StateCell> {
        let made = self.0.iter().flat_map(|values| &values.states);
        made.filter_map(|state| match state {
            StateSource::Made(state) => Some(state.clone()),
            StateSource::Later(_) => None,
        })
        .reduce(|states, state| states.and(&state))
    }

    /// Drops the values and waits until they are dropped, unless a worker still uses them. Must be called on a thread
    /// that may block.
    pub(crate) fn drop_blocking(self: Arc<Self>) {
        self.drop_within(LONGEST_DROP);
    }

    fn drop_within(self: Arc<Self>, most: Duration) {
        if let Some(mut values) = Arc::into_inner(self) {
            wait_for(&values.drop_on_a_thread(), most);
        }
    }

    /// Drops the values and waits until they are dropped, unless a worker still uses them.
    pub(crate) async fn dropped(self: Arc<Self>) {
        let Some(mut values) = Arc::into_inner(self) else {
            return;
        };
        let dropping = values.drop_on_a_thread();
        if dropping.try_recv() == Err(TryRecvError::Disconnected) {
            return;
        }
        let (sender, waited) = oneshot::channel::<()>();
        // The wait runs on a thread, because any executor may poll this future, and not every executor has timers. If
        // the system refuses the thread, the future does not wait.
        let _ = on_a_thread(move || {
            wait_for(&dropping, LONGEST_DROP);
            drop(sender);
        });
        // An error means that the sender was dropped, and so the values are.
        let _ = waited.await;
    }

    /// Drops the values on a thread. The returned channel is disconnected when they have been dropped.
    fn drop_on_a_thread(&mut self) -> mpsc::Receiver<()> {
        let (sender, dropped) = mpsc::channel();
        let Some(values) = self.0.take() else {
            return dropped;
        };
        if !values.has_any() {
            values.drop_here();
            return dropped;
        }
        // If the system refuses the thread, the closure is dropped right here, so it must not own the values.
        let shared = Arc::new(Mutex::new(Some(values)));
        let on_thread = Arc::clone(&shared);
        let thread = on_a_thread(move || {
            if let Some(values) = take(&on_thread) {
                values.drop_here();
            }
            drop(sender);
        });
        if let Err(error) = thread {
            tracing::warn!(
                "the worker's state was not dropped, because the system refused to start a thread for that: {error}"
            );
            std::mem::forget(take(&shared));
        }
        dropped
    }
}

impl Drop for UserValues {
    fn drop(&mut self) {
        drop(self.drop_on_a_thread());
    }
}

impl Values {
    /// Returns whether there is a user's value. If there is none, the runtime can be shut down on any thread.
    fn has_any(&self) -> bool {
        !(self.states.is_empty() && self.functions.is_empty())
    }

    fn drop_here(self) {
        let Self {
            states,
            functions,
            runtime,
        } = self;
        let entered = runtime.as_ref().map(|(handle, _)| handle.enter());
        let values = AssertUnwindSafe(|| drop((states, functions)));
        if catch_unwind(values).is_err() {
            tracing::error!("the worker's state panicked when it was dropped, after the last job");
        }
        drop(entered);
        if let Some((_, Some(own))) = runtime {
            // A handler that never returns must not keep the process running.
            own.shutdown_background();
        }
    }
}

fn on_a_thread(work: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    std::thread::Builder::new()
        .name("runpod-drop".to_owned())
        .spawn(work)
}

fn take(values: &Mutex<Option<Values>>) -> Option<Values> {
    values.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// Waits until the channel is disconnected, for at most `most`.
fn wait_for(dropped: &mpsc::Receiver<()>, most: Duration) {
    if dropped.recv_timeout(most) == Err(RecvTimeoutError::Timeout) {
        tracing::warn!(
            "dropping the worker's state took longer than {} s; the process exits without waiting for it",
            most.as_secs()
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handler::cell;
    use crate::logging::captured;

    /// Reports that it was dropped, and panics if its thread may not block.
    struct Blocks {
        runtime: Option<tokio::runtime::Runtime>,
        dropped: mpsc::Sender<&'static str>,
    }

    impl Drop for Blocks {
        fn drop(&mut self) {
            drop(self.runtime.take());
            let _ = self.dropped.send("dropped");
        }
    }

    fn blocks() -> (StateCell, mpsc::Receiver<&'static str>) {
        let (dropped, receiver) = mpsc::channel();
        let runtime = Some(tokio::runtime::Runtime::new().unwrap());
        (cell(Blocks { runtime, dropped }), receiver)
    }

    fn of_state(state: StateCell) -> Arc<UserValues> {
        Arc::new(UserValues::new(Some(state)))
    }

    #[tokio::test]
    async fn a_value_whose_drop_blocks_can_be_dropped_from_asynchronous_code() {
        let (state, dropped) = blocks();
        of_state(state).dropped().await;
        assert_eq!(dropped.try_recv(), Ok("dropped"));

        let (state, dropped) = blocks();
        // This is the drop that happens when the worker's future is dropped.
        drop(of_state(state));
        assert_eq!(dropped.recv(), Ok("dropped"));
    }

    #[tokio::test]
    async fn a_state_that_was_replaced_or_whose_worker_never_ran_is_dropped_where_that_may_block() {
        let (first, first_dropped) = blocks();
        let (second, second_dropped) = blocks();
        let worker = || crate::Worker::builder().handler(async || ());
        let mut values = UserValues::new(Some(first));
        values.add_state(StateSource::Made(second));
        drop(values);
        assert_eq!(first_dropped.recv(), Ok("dropped"));
        assert_eq!(second_dropped.recv(), Ok("dropped"));

        let (dropped, receiver) = mpsc::channel();
        let state = |dropped| Blocks {
            runtime: Some(tokio::runtime::Runtime::new().unwrap()),
            dropped,
        };
        let replaced = worker().state(state(dropped.clone()));
        let run = replaced.state(state(dropped.clone())).run();
        // The future was never polled.
        drop(run);
        drop(worker().state(state(dropped)));
        assert_eq!(receiver.iter().count(), 3);
    }

    #[test]
    fn a_value_is_dropped_with_the_handlers_runtime_at_hand() {
        struct Looks(mpsc::Sender<bool>);
        impl Drop for Looks {
            fn drop(&mut self) {
                let _ = self.0.send(Handle::try_current().is_ok());
            }
        }
        let (sender, receiver) = mpsc::channel();
        let runtime = Runtime::new().unwrap();
        let values = UserValues::new(Some(cell(Looks(sender))));
        let values = values.with_runtime(runtime.handle().clone(), Some(runtime));
        Arc::new(values).drop_blocking();
        assert_eq!(receiver.try_recv(), Ok(true));
    }

    #[test]
    fn a_value_that_panics_when_it_is_dropped_ends_nothing() {
        struct Panics;
        impl Drop for Panics {
            fn drop(&mut self) {
                panic!("in drop");
            }
        }
        // This runs on the test's thread, which a panic would end.
        let mut values = UserValues::new(Some(cell(Panics)));
        let text = captured(|| values.0.take().unwrap().drop_here());
        assert_eq!(
            text,
            "ERROR  | the worker's state panicked when it was dropped, after the last job\n"
        );
        of_state(cell(Panics)).drop_blocking();
    }

    #[test]
    fn a_value_that_is_dropped_for_ever_does_not_hold_the_process() {
        struct Waits(Mutex<mpsc::Receiver<()>>);
        impl Drop for Waits {
            fn drop(&mut self) {
                let _ = self.0.lock().unwrap().recv();
            }
        }
        // The drop does not finish while the sender exists.
        let (sender, receiver) = mpsc::channel();
        let values = of_state(cell(Waits(Mutex::new(receiver))));
        let text = captured(|| values.drop_within(Duration::ZERO));
        assert_eq!(
            text,
            "WARN   | dropping the worker's state took longer than 0 s; the process exits without waiting for it\n"
        );
        drop(sender);
    }
}
