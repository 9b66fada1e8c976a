//! The body of `main`: runs once before the first job and makes the state.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;

use super::failure::Failure;
use super::state::{StateCell, StateType, cell};
use super::state_checks::StateCheck;

type SetupResult = Result<StateCell, Failure>;

/// How a worker's state is made. What type it has is known before it is made, so that a handler which asks for another
/// one is found before a long set-up, not after it.
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
    /// A worker without state.
    pub fn none() -> Self {
        Self {
            makes: None,
            run: SetupRun::Nothing,
        }
    }

    /// `fn main() -> T`.
    pub fn blocking<R, T: 'static>(
        make: impl FnOnce() -> R + 'static,
        convert: impl FnOnce(R) -> Result<SharedState<T>, Failure> + 'static,
    ) -> Self {
        Self {
            makes: Some(StateType::of::<T>()),
            run: SetupRun::Blocking(Box::new(move || convert(make()).map(|shared| shared.0))),
        }
    }

    /// `async fn main() -> T`.
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

/// A state of which the type is still known.
#[expect(missing_debug_implementations, reason = "holds a value of any type")]
pub struct SharedState<T>(StateCell, PhantomData<fn() -> T>);

/// What may be a worker's state, and is made by `#[runpod::main]` on `main`: anything that is `Send + Sync + 'static`, as
/// all jobs share it, on several threads.
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
/// With an `Rc` and a `RefCell` it does not compile:
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
    note = "use `Arc` instead of `Rc`, `Mutex` or atomics instead of `RefCell` or `Cell`, and owned values instead of borrowed ones"
)]
pub trait WorkerState: Sized {
    /// Puts the state where handlers find it.
    #[doc(hidden)]
    fn share(self) -> SharedState<Self>;
}

#[diagnostic::do_not_recommend]
impl<T: Send + Sync + 'static> WorkerState for T {
    fn share(self) -> SharedState<Self> {
        SharedState(cell(self), PhantomData)
    }
}

/// What `main` returned; a ladder like [`Returned`](super::Returned): a `Result` first, any other value after it.
#[derive(Debug)]
pub struct SetupReturned<T>(pub T);

impl<T, E, F> SetupReturned<Result<Result<T, E>, F>> {
    /// One result of two.
    pub fn __rp_flat(
        self,
        inner: fn(E) -> Failure,
        outer: fn(F) -> Failure,
    ) -> SetupReturned<Result<T, Failure>> {
        SetupReturned(self.0.map_err(outer).and_then(|it| it.map_err(inner)))
    }
}

impl<T, E> SetupReturned<Result<T, E>> {
    /// The type of the state, to be asked whether it can be one.
    pub fn __rp_asked(&self) -> StateCheck<T> {
        StateCheck::new()
    }

    /// The state, or why it could not be made.
    ///
    /// # Errors
    ///
    /// When `main` returned `Err`.
    pub fn __rp_state(
        self,
        share: fn(T) -> SharedState<T>,
        failure: fn(E) -> Failure,
    ) -> Result<SharedState<T>, Failure> {
        self.0.map(share).map_err(failure)
    }
}

/// The lower rung of the ladder: a plain value.
pub trait SetupValue {
    /// The value.
    type Value;

    /// The same: it is no result in a result.
    #[must_use]
    fn __rp_flat(self, inner: fn(Infallible) -> Failure, outer: fn(Infallible) -> Failure) -> Self
    where
        Self: Sized;

    /// The type of the state, to be asked whether it can be one.
    fn __rp_asked(&self) -> StateCheck<Self::Value>;

    /// The state.
    ///
    /// # Errors
    ///
    /// Never; it stands beside the other rung.
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
