//! The state that `main` returned, shared by all jobs.

use std::any::{Any, TypeId};
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// The worker's states, of any types, in the order in which they were added. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct StateCell(Arc<[Arc<dyn Any + Send + Sync>]>);

impl StateCell {
    /// Adds the states of `later`. For each type, the last state counts.
    pub(super) fn and(&self, later: &Self) -> Self {
        Self(self.0.iter().chain(later.0.iter()).cloned().collect())
    }

    /// Returns the last state that is a `T` or an `Arc<T>`.
    fn get<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        self.0.iter().rev().find_map(|state| {
            if let Some(shared) = state.downcast_ref::<Arc<T>>() {
                return Some(Arc::clone(shared));
            }
            Arc::downcast(Arc::clone(state)).ok()
        })
    }
}

/// Stores a state for the handlers.
pub(crate) fn cell<T: Send + Sync + 'static>(state: T) -> StateCell {
    StateCell(Arc::new([Arc::new(state)]))
}

/// A handle on the state that `main` returned for all jobs, such as a model, a pool or a client. It is cheap to
/// clone.
///
/// It derefs to `T`, so `state.field` and `state.method()` refer to the shared value. Jobs may run at the same time,
/// so mutable parts need a `Mutex` or an atomic.
///
/// If `main` returns an `Arc<T>`, a handler can take `State<T>` as well, and shares that `Arc`.
///
/// The state comes from the body of `#[runpod::main]`, from [`WorkerBuilder::state`](crate::WorkerBuilder::state), or
/// in tests from [`testing::Job::state`](crate::testing::Job::state). The builder and the tests accept several states
/// of different types. If a handler takes a `State<T>` that does not
/// fit the worker's state, the worker reports an error at startup. The error names the handler, its file and line,
/// and both types. `docs/how-to/load-a-model-once.md` explains more.
///
/// ```
/// use runpod::prelude::*;
///
/// struct Model {
///     scale: f64,
/// }
///
/// #[runpod::handler]
/// async fn predict(input: f64, model: State<Model>) -> f64 {
///     input * model.scale
/// }
///
/// # #[tokio::main]
/// # async fn main() {
/// // In a test, call the handler as a function, or run it as a job:
/// let model = State::new(Model { scale: 2.0 });
/// assert_eq!(predict(21.0, model.clone()).await, 42.0);
///
/// let job = runpod::testing::Job::new(json!(21.0)).state(Model { scale: 2.0 });
/// assert_eq!(job.run(predict).await.output, Some(json!(42.0)));
/// # }
/// ```
pub struct State<T: ?Sized>(Arc<T>);

impl<T> State<T> {
    /// Creates a state for a test that calls a handler.
    pub fn new(value: T) -> Self {
        Self(Arc::new(value))
    }

    /// Returns the worker's state that is a `T` or an `Arc<T>`.
    pub(super) fn of_cell(cell: Option<&StateCell>) -> Option<Self>
    where
        T: Send + Sync + 'static,
    {
        cell?.get().map(Self)
    }
}

impl<T: ?Sized> State<T> {
    /// Returns the shared value, for code that needs an `Arc`.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use runpod::prelude::*;
    ///
    /// let numbers: Arc<Vec<u8>> = State::new(vec![1, 2]).into_inner();
    /// assert_eq!(*numbers, [1, 2]);
    /// ```
    pub fn into_inner(self) -> Arc<T> {
        self.0
    }
}

impl<T: ?Sized> Deref for State<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: ?Sized> Clone for State<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for State<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("State").field(&&*self.0).finish()
    }
}

/// The type of a state that a handler takes or that the worker has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StateType {
    id: TypeId,
    /// The id of an `Arc` of the type.
    shared: TypeId,
    pub(crate) name: &'static str,
}

impl StateType {
    pub(crate) fn of<T: 'static>() -> Self {
        Self {
            id: TypeId::of::<T>(),
            shared: TypeId::of::<Arc<T>>(),
            name: std::any::type_name::<T>(),
        }
    }

    /// Returns whether a handler that takes this type can use the state `made`.
    pub(super) fn fits(self, made: Self) -> bool {
        made.id == self.id || made.id == self.shared
    }

    /// Returns the error of `taker`, which takes this type, if none of the worker's states fits.
    pub(crate) fn missing_from(self, made: &[Self], taker: &str) -> Option<String> {
        let asked = self.name;
        match made {
            _ if made.iter().any(|made| self.fits(*made)) => None,
            [made] => Some(format!(
                "{taker} takes `State<{asked}>`, but the state of this worker is a `{0}`. Take `State<{0}>`, or return a \
                 `{asked}` from `main`.",
                made.name
            )),
            [_, ..] => {
                let names: Vec<_> = made.iter().map(|it| format!("`{}`", it.name)).collect();
                Some(format!(
                    "{taker} takes `State<{asked}>`, but the states of this worker are {}. Take one of these, or add a \
                     `{asked}` with `Worker::builder().state(..)`.",
                    names.join(", ")
                ))
            }
            [] => Some(format!(
                "{taker} takes `State<{asked}>`, but this worker has no state. Return a `{asked}` from `#[runpod::main] \
                 fn main()`, or pass it to `Worker::builder().state(..)`."
            )),
        }
    }

    pub(crate) fn is<T: 'static>(self) -> bool {
        self.id == TypeId::of::<T>()
    }
}

impl PartialEq for StateType {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arc_is_the_state_of_what_it_holds_without_a_second_arc() {
        let made = Arc::new(String::from("model"));
        let cell = cell(Arc::clone(&made));
        let state = State::<String>::of_cell(Some(&cell)).unwrap();
        assert!(Arc::ptr_eq(&state.into_inner(), &made));
        // A handler can also take the `Arc` itself.
        assert!(State::<Arc<String>>::of_cell(Some(&cell)).is_some());
        assert!(State::<&str>::of_cell(Some(&cell)).is_none());
        assert!(State::<String>::of_cell(None).is_none());
    }

    #[test]
    fn each_type_has_its_own_state_and_the_last_one_of_a_type_counts() {
        let states = cell("first").and(&cell(7_u8)).and(&cell("last"));
        assert_eq!(*State::<&str>::of_cell(Some(&states)).unwrap(), "last");
        assert_eq!(*State::<u8>::of_cell(Some(&states)).unwrap(), 7);
        assert!(State::<u16>::of_cell(Some(&states)).is_none());
    }
}
