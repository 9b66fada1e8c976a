//! Rejects values that `main` returned by mistake, although they are `Send + Sync + 'static`: futures and exit codes.
//!
//! This works like the schemas: [`StateCheck`] has a method for the rejected types, and the type to which it derefs
//! has the same method for all other types. The methods return marker types, on which a trait is required.

use std::future::Future;
use std::marker::PhantomData;
use std::ops::Deref;
use std::process::ExitCode;

/// Checks whether a type can be a state. It never holds a value of the type.
#[derive(Debug)]
pub struct StateCheck<T>(NoMistake<T>);

/// The fallback for types that can be a state.
#[derive(Debug)]
pub struct NoMistake<T>(PhantomData<fn() -> T>);

/// The answer that the type can be a state.
#[derive(Debug)]
pub struct Fine(());

/// The answer that the type is a future.
#[derive(Debug)]
pub struct NotAwaited(());

/// The answer that the type is an exit code.
#[derive(Debug)]
pub struct IsExitCode(());

impl<T> StateCheck<T> {
    pub(super) fn new() -> Self {
        Self(NoMistake(PhantomData))
    }
}

#[expect(clippy::unused_self, reason = "method look-up needs a receiver")]
impl<F: Future> StateCheck<F> {
    /// Returns the answer for a future, which nothing awaits.
    pub fn __rp_awaited(&self) -> NotAwaited {
        NotAwaited(())
    }
}

#[expect(clippy::unused_self, reason = "method look-up needs a receiver")]
impl StateCheck<ExitCode> {
    /// Returns the answer for an exit code.
    pub fn __rp_no_exit_code(&self) -> IsExitCode {
        IsExitCode(())
    }
}

impl<T> Deref for StateCheck<T> {
    type Target = NoMistake<T>;

    fn deref(&self) -> &NoMistake<T> {
        &self.0
    }
}

#[expect(clippy::unused_self, reason = "method look-up needs a receiver")]
impl<T> NoMistake<T> {
    /// Returns the answer for a type that is not a future.
    pub fn __rp_awaited(&self) -> Fine {
        Fine(())
    }

    /// Returns the answer for a type that is not an exit code.
    pub fn __rp_no_exit_code(&self) -> Fine {
        Fine(())
    }
}

/// Requires that `main` does not return a future.
#[diagnostic::on_unimplemented(
    message = "`main` returns a future that is never awaited",
    label = "the worker would start without its state",
    note = "write `async fn main()`, let it return the future's output, and use `.await` in its body"
)]
pub trait Awaited: Sized {
    /// Does nothing, because the trait bound is the check.
    #[doc(hidden)]
    fn check(self) {}
}
#[diagnostic::do_not_recommend]
impl Awaited for Fine {}

/// Requires that `main` does not return an exit code.
#[diagnostic::on_unimplemented(
    message = "an exit code cannot be the worker's state",
    label = "the worker would start even if this code means failure",
    note = "return a `Result` whose `Err` says what failed: the worker then exits with code 1 before it takes a job"
)]
pub trait NoExitCode: Sized {
    /// Does nothing, because the trait bound is the check.
    #[doc(hidden)]
    fn check(self) {}
}
#[diagnostic::do_not_recommend]
impl NoExitCode for Fine {}
