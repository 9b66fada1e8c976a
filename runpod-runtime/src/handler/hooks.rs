//! Hooks: the user's functions that run before the first job and after the last one, with `#[fitness_check]` and
//! `#[on_shutdown]`.
//!
//! Like a handler, a hook comes from an attribute ([`HookRegistration`]) or from the builder
//! ([`HookFunction`](super::HookFunction)).

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::failure::{Failure, IntoFailure};
use super::hook_run::{HookOutcome, HookRun};
use super::state::{State, StateCell, StateType};

/// When a hook runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HookKind {
    /// Before the first job: the worker takes jobs only if it succeeds.
    FitnessCheck,
    /// After the last job, or after a start that failed.
    Shutdown,
}

impl HookKind {
    /// Returns the term for the hook in messages.
    fn noun(self) -> &'static str {
        match self {
            Self::FitnessCheck => "fitness check",
            Self::Shutdown => "shutdown hook",
        }
    }
}

type CallFn = fn(&HookCall) -> Result<HookRun, Failure>;

/// The registration that an attribute creates. `inventory` collects the registrations in no particular order.
#[derive(Debug)]
pub struct HookRegistration {
    kind: HookKind,
    name: &'static str,
    file: &'static str,
    line: u32,
    timeout_s: Option<usize>,
    /// Returns the types of the states that the function takes: one at most.
    states: &'static [fn() -> HookState],
    call: CallFn,
}

inventory::collect!(HookRegistration);

impl HookRegistration {
    /// Registers a function with `#[fitness_check]`.
    pub const fn fitness_check(
        name: &'static str,
        file: &'static str,
        line: u32,
        states: &'static [fn() -> HookState],
        call: CallFn,
    ) -> Self {
        Self::new(HookKind::FitnessCheck, name, file, line, states, call)
    }

    /// Registers a function with `#[on_shutdown]`.
    pub const fn on_shutdown(
        name: &'static str,
        file: &'static str,
        line: u32,
        states: &'static [fn() -> HookState],
        call: CallFn,
    ) -> Self {
        Self::new(HookKind::Shutdown, name, file, line, states, call)
    }

    const fn new(
        kind: HookKind,
        name: &'static str,
        file: &'static str,
        line: u32,
        states: &'static [fn() -> HookState],
        call: CallFn,
    ) -> Self {
        Self {
            kind,
            name,
            file,
            line,
            timeout_s: None,
            states,
            call,
        }
    }

    /// Sets the time limit.
    #[must_use]
    pub const fn timeout_s(mut self, seconds: usize) -> Self {
        self.timeout_s = Some(seconds);
        self
    }
}

/// The values from which a hook's argument is created. Opaque outside the runtime.
pub struct HookCall {
    state: Option<StateCell>,
}

impl fmt::Debug for HookCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HookCall").finish_non_exhaustive()
    }
}

/// The type of the state that a hook takes. Opaque outside the runtime.
#[derive(Debug, Clone, Copy)]
pub struct HookState(StateType);

/// The argument of a fitness check or a shutdown hook: a [`State<T>`](State).
///
/// Before the first job and after the last one, there is no job, so these functions take no input and no context:
///
/// ```
/// use runpod::prelude::*;
///
/// struct Model {
///     layers: usize,
/// }
///
/// #[runpod::fitness_check]
/// fn has_layers(model: State<Model>) -> Result<(), String> {
///     if model.layers == 0 { Err("the model has no layers".to_owned()) } else { Ok(()) }
/// }
/// ```
///
/// This does not compile:
///
/// ```compile_fail
/// use runpod::prelude::*;
///
/// #[runpod::fitness_check]
/// fn has_layers(ctx: JobContext) -> Result<(), String> {
///     ctx.progress("checking");
///     Ok(())
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the argument of a fitness check or a shutdown hook",
    label = "not a `State<T>`",
    note = "take no argument, or take the value that `main` returns, as `State<T>`: there is no job when this function runs"
)]
pub trait HookArgument: Sized {
    /// Describes the argument for the checks at startup.
    #[doc(hidden)]
    fn describe() -> HookState;

    /// Creates the argument.
    ///
    /// # Errors
    ///
    /// Returns an error if the worker has no such state.
    #[doc(hidden)]
    fn of_call(call: &HookCall) -> Result<Self, Failure>;
}

#[diagnostic::do_not_recommend]
impl<T: Send + Sync + 'static> HookArgument for State<T> {
    fn describe() -> HookState {
        HookState(StateType::of::<T>())
    }

    fn of_call(call: &HookCall) -> Result<Self, Failure> {
        // The type was checked at startup, so this failure should not happen.
        Self::of_cell(call.state.as_ref()).ok_or_else(|| {
            Failure::new(
                "StateError",
                "this worker has no state of the type that the function takes; this is a bug in runpod-worker",
            )
        })
    }
}

/// The result of a fitness check or a shutdown hook: `()`, or a `Result<(), E>`. `E` is a `std::error::Error`,
/// `anyhow::Error`, `String` or `&'static str`, as for handlers.
///
/// ```
/// use runpod::prelude::*;
///
/// #[runpod::fitness_check]
/// fn weights_exist() -> Result<(), std::io::Error> {
///     std::fs::metadata("/models/model.safetensors")?;
///     Ok(())
/// }
/// ```
///
/// This does not compile, because it does not say why the check fails:
///
/// ```compile_fail
/// use runpod::prelude::*;
///
/// #[runpod::fitness_check]
/// fn weights_exist() -> bool {
///     std::path::Path::new("/models/model.safetensors").exists()
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the result of a fitness check or a shutdown hook",
    label = "neither `()` nor a `Result<(), E>`",
    note = "return `Result<(), E>`: `Err` says what is wrong. `E` implements `std::error::Error + Send + Sync`, or is `anyhow::Error`, `String` or `&'static str`",
    note = "if the function returns a future, write `async fn`"
)]
pub trait HookResult: Sized {
    /// Converts the result to what the worker reports.
    ///
    /// # Errors
    ///
    /// Returns an error if the result is one.
    #[doc(hidden)]
    fn outcome(self) -> HookOutcome;
}

#[diagnostic::do_not_recommend]
impl HookResult for () {
    fn outcome(self) -> HookOutcome {
        Ok(String::new())
    }
}

#[diagnostic::do_not_recommend]
impl<E: IntoFailure> HookResult for Result<(), E> {
    fn outcome(self) -> HookOutcome {
        self.map(|()| String::new())
            .map_err(IntoFailure::into_failure)
    }
}

type HookFn = dyn Fn(&HookCall) -> Result<HookRun, Failure> + Send + Sync;

/// A fitness check or a shutdown hook, from an attribute or from the builder.
#[derive(Clone)]
pub(crate) struct Hook {
    pub(super) kind: HookKind,
    pub(crate) name: String,
    /// The file and line of its source. `None` for a function without an attribute.
    pub(crate) place: Option<String>,
    /// The time limit that the user chose.
    pub(crate) limit: Option<Duration>,
    pub(crate) state: Option<StateType>,
    call: Arc<HookFn>,
}

impl Hook {
    fn of(registration: &HookRegistration) -> Self {
        Self {
            kind: registration.kind,
            name: registration.name.to_owned(),
            place: Some(format!("{}:{}", registration.file, registration.line)),
            limit: registration
                .timeout_s
                .map(|seconds| Duration::from_secs(seconds as u64)),
            state: registration.states.first().map(|state| state().0),
            call: Arc::new(registration.call),
        }
    }

    /// Creates a hook from a function that the builder is given.
    pub(crate) fn of_function(
        kind: HookKind,
        name: String,
        state: Option<HookState>,
        call: Arc<HookFn>,
    ) -> Self {
        Self {
            kind,
            name,
            place: None,
            limit: None,
            state: state.map(|state| state.0),
            call,
        }
    }

    pub(crate) fn is_for_shutdown(&self) -> bool {
        self.kind == HookKind::Shutdown
    }

    /// Prepares the call of the function.
    ///
    /// # Errors
    ///
    /// Returns an error if the worker has no state of the type that the function takes.
    pub(crate) fn call(&self, state: Option<&StateCell>) -> Result<HookRun, Failure> {
        (self.call)(&HookCall {
            state: state.cloned(),
        })
    }

    /// Returns the error if the function takes another state than the worker has.
    pub(crate) fn fault(&self, made: &[StateType]) -> Option<String> {
        let taker = format!("{} {self}", self.kind.noun());
        self.state?.missing_from(made, &taker)
    }
}

impl fmt::Display for Hook {
    /// Shows the hook as users know it: `gpu_is_free` (src/main.rs:7).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some(place) => write!(f, "`{}` ({place})", self.name),
            None => write!(f, "`{}`", self.name),
        }
    }
}

impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hook")
            .field("kind", &self.kind)
            .field("name", &self.name)
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

/// Returns all hooks that attributes registered in this binary, in the order of file and line.
pub(crate) fn registered_hooks() -> Vec<Hook> {
    let mut all: Vec<_> = inventory::iter::<HookRegistration>.into_iter().collect();
    all.sort_by_key(|it| (it.file, it.line));
    all.into_iter().map(Hook::of).collect()
}
