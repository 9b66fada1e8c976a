//! The user's own routes, which a worker serves next to its handlers.

use std::fmt;
use std::sync::Arc;

use axum::Router;

use super::state::{State, StateCell, StateType};

type MakeRouter = dyn Fn(Option<&StateCell>) -> Option<Router> + Send + Sync;

/// Creates the user's routes when the worker's state is known.
#[derive(Clone)]
pub struct UserRouter {
    /// The type of the state that the routes take.
    takes: Option<StateType>,
    make: Arc<MakeRouter>,
}

impl UserRouter {
    fn new(
        takes: Option<StateType>,
        make: impl Fn(Option<&StateCell>) -> Option<Router> + Send + Sync + 'static,
    ) -> Self {
        Self {
            takes,
            make: Arc::new(make),
        }
    }

    /// Checks that the routes take the type of state that the worker has.
    ///
    /// # Errors
    ///
    /// Returns the message for the user if they take another type.
    pub(crate) fn check(&self, made: &[StateType]) -> Result<(), String> {
        let fault = self
            .takes
            .and_then(|asked| asked.missing_from(made, "the worker's `router`"));
        fault.map_or(Ok(()), Err)
    }

    /// Returns the routes, or `None` if the state has another type. This calls the user's function.
    pub(crate) fn make(&self, state: Option<&StateCell>) -> Option<Router> {
        (self.make)(state)
    }
}

impl fmt::Debug for UserRouter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserRouter")
            .field("takes", &self.takes)
            .finish_non_exhaustive()
    }
}

/// Routes for [`WorkerBuilder::router`](crate::WorkerBuilder::router) and `#[runpod::main(router = path)]`: a
/// `fn() -> axum::Router`, or a `fn(State<T>) -> axum::Router` that takes the worker's state.
///
/// You do not implement this trait. `Via` is inferred.
///
/// ```
/// use runpod::IntoRouter;
/// use runpod::axum::Router;
/// use runpod::axum::routing::get;
/// use runpod::prelude::*;
///
/// struct Model(&'static str);
///
/// fn routes(model: State<Model>) -> Router {
///     Router::new().route("/model", get(async move || model.0))
/// }
///
/// fn takes_routes<Via>(_: impl IntoRouter<Via>) {}
///
/// takes_routes(routes);
/// takes_routes(|| Router::new().route("/version", get(async || "1.0")));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a worker's routes",
    label = "not a function that returns an `axum::Router`",
    note = "write `fn routes() -> runpod::axum::Router`, or `fn routes(state: runpod::State<T>) -> runpod::axum::Router`, \
            where `T` is the type that `main` returns"
)]
pub trait IntoRouter<Via> {
    /// Returns the function in the form in which the worker stores it.
    #[doc(hidden)]
    fn into_user_router(self) -> UserRouter;
}

impl<F> IntoRouter<fn() -> Router> for F
where
    F: Fn() -> Router + Send + Sync + 'static,
{
    fn into_user_router(self) -> UserRouter {
        UserRouter::new(None, move |_| Some(self()))
    }
}

impl<F, T> IntoRouter<fn(State<T>) -> Router> for F
where
    F: Fn(State<T>) -> Router + Send + Sync + 'static,
    T: Send + Sync + 'static,
{
    fn into_user_router(self) -> UserRouter {
        UserRouter::new(Some(StateType::of::<T>()), move |state| {
            State::of_cell(state).map(&self)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes(_: State<String>) -> Router {
        Router::new()
    }

    #[test]
    fn routes_that_take_another_state_are_reported_before_the_start() {
        let router = routes.into_user_router();
        assert_eq!(router.check(&[StateType::of::<String>()]), Ok(()));
        let other = router.check(&[StateType::of::<u8>()]).unwrap_err();
        assert!(
            other.contains("takes `State<alloc::string::String>`"),
            "{other}"
        );
        assert!(other.contains("is a `u8`"), "{other}");
        assert!(router.check(&[]).unwrap_err().contains("has no state"));
        assert_eq!(Router::new.into_user_router().check(&[]), Ok(()));
    }
}
