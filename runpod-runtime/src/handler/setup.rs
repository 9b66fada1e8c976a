//! The body of `main`, which runs once before the first job and creates the state.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;

use super::failure::Failure;
use super::state::{StateCell, StateType, cell};
use super::state_checks::StateCheck;

type SetupResult = Result<StateCell, Failure>;

/// Creates a worker's state. The state's type is known before the state is created, so the worker can report a
/// handler that takes another type before a long set-up.
pub struct Setup {
    pub(crate) makes: Option<StateType>,
    pub(crate) run: SetupRun,
}

pub(crate) enum SetupRun {
    Nothing,
    Blocking(Box<dyn FnOnce() -> SetupResult>),
    Future(Box<dyn FnOnce() -> Pin<Box<dyn Future<Output = SetupResult>>>>),
}

impl Setup {
    /// Creates the set-up of a worker without state.
    pub fn none() -> Self {
        Self {
            makes: None,
            run: SetupRun::Nothing,
        }
    }

    /// Creates the set-up for `fn main() -> T`.
    pub fn blocking<R, T: 'static>(
        make: impl FnOnce() -> R + 'static,
        convert: impl FnOnce(R) -> Result<SharedState<T>, Failure> + 'static,
    ) -> Self {
        Self {
            makes: Some(StateType::of::<T>()),
            run: SetupRun::Blocking(Box::new(move || convert(make()).map(|shared| shared.0))),
        }
    }

    /// Creates the set-up for `async fn main() -> T`.
    pub fn future<Fut: Future, T: 'static>(
        make: impl FnOnce() -> Fut + 'static,
        convert: impl FnOnce(Fut::Output) -> Result<SharedState<T>, Failure> + 'static,
    ) -> Self {
        Self {
            makes: Some(StateType::of::<T>()),
            run: SetupRun::Future(Box::new(move || {
                Box::pin(async move { convert(make().await).map(|shared| shared.0) })
            })),
        }
    }
}

impl fmt::Debug for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Setup")
            .field("makes", &self.makes)
            .finish_non_exhaustive()
    }
}

/// The worker's state, before its type is erased.
#[expect(missing_debug_implementations, reason = "contains a value of any type")]
pub struct SharedState<T>(StateCell, PhantomData<fn() -> T>);

/// A type that can be the worker's state, which `main` returns. All jobs share the state on several threads, so it
/// must be `Send + Sync + 'static`.
///
/// ```no_run
/// use std::sync::{Arc, Mutex};
///
/// use runpod::prelude::*;
///
/// struct Cache(Arc<Mutex<Vec<String>>>);
///
/// #[runpod::main]
/// fn main() -> Cache {
///     Cache(Arc::default())
/// }
///
/// #[runpod::handler]
/// fn remember(word: String, cache: State<Cache>) -> usize {
///     let mut words = cache.0.lock().unwrap();
///     words.push(word);
///     words.len()
/// }
/// ```
///
/// With `Rc` and `RefCell`, this does not compile:
///
/// ```compile_fail
/// use std::cell::RefCell;
/// use std::rc::Rc;
///
/// struct Cache(Rc<RefCell<Vec<String>>>);
///
/// #[runpod::main]
/// fn main() -> Cache {
///     Cache(Rc::default())
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the worker's state",
    label = "all jobs share it, on several threads, so it must be `Send + Sync + 'static`",
    note = "use `Arc` instead of `Rc`, `Mutex` or atomics instead of `RefCell` or `Cell`, and owned values instead of borrowed ones",
    note = "a `Mutex` does not help if the value is not `Send`, such as a raw pointer: keep it on a thread of its own, and let handlers send requests to this thread through a channel"
)]
pub trait WorkerState: Sized {
    /// Stores the state for the handlers.
    #[doc(hidden)]
    fn share(self) -> SharedState<Self>;
}

#[diagnostic::do_not_recommend]
impl<T: Send + Sync + 'static> WorkerState for T {
    fn share(self) -> SharedState<Self> {
        SharedState(cell(self), PhantomData)
    }
}

/// The return value of `main`. Like [`Returned`](super::Returned), it has separate methods for a `Result` and for any
/// other value.
#[derive(Debug)]
pub struct SetupReturned<T>(pub T);

impl<T, E, F> SetupReturned<Result<Result<T, E>, F>> {
    /// Flattens two nested results into one.
    pub fn __rp_flat(
        self,
        inner: fn(E) -> Failure,
        outer: fn(F) -> Failure,
    ) -> SetupReturned<Result<T, Failure>> {
        SetupReturned(self.0.map_err(outer).and_then(|it| it.map_err(inner)))
    }
}

impl<T, E> SetupReturned<Result<T, E>> {
    /// Returns a check of the state's type.
    pub fn __rp_asked(&self) -> StateCheck<T> {
        StateCheck::new()
    }

    /// Returns the state, or the failure to create it.
    ///
    /// # Errors
    ///
    /// Returns an error if `main` returned `Err`.
    pub fn __rp_state(
        self,
        share: fn(T) -> SharedState<T>,
        failure: fn(E) -> Failure,
    ) -> Result<SharedState<T>, Failure> {
        self.0.map(share).map_err(failure)
    }
}

/// The fallback for a plain value.
pub trait SetupValue {
    /// The type of the value.
    type Value;

    /// Returns the value unchanged, because it is not a nested `Result`.
    #[must_use]
    fn __rp_flat(self, inner: fn(Infallible) -> Failure, outer: fn(Infallible) -> Failure) -> Self
    where
        Self: Sized;

    /// Returns a check of the state's type.
    fn __rp_asked(&self) -> StateCheck<Self::Value>;

    /// Returns the state.
    ///
    /// # Errors
    ///
    /// Never returns an error. The signature matches the method for `Result`.
    fn __rp_state(
        self,
        share: fn(Self::Value) -> SharedState<Self::Value>,
        failure: fn(Infallible) -> Failure,
    ) -> Result<SharedState<Self::Value>, Failure>;
}

impl<T> SetupValue for SetupReturned<T> {
    type Value = T;

    fn __rp_flat(self, _: fn(Infallible) -> Failure, _: fn(Infallible) -> Failure) -> Self {
        self
    }

    fn __rp_asked(&self) -> StateCheck<T> {
        StateCheck::new()
    }

    fn __rp_state(
        self,
        share: fn(T) -> SharedState<T>,
        _: fn(Infallible) -> Failure,
    ) -> Result<SharedState<T>, Failure> {
        Ok(share(self.0))
    }
}
