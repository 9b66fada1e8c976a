//! What `main` may not make the state of, although it is `Send + Sync + 'static`: what it returned by mistake.
//!
//! Generated code asks as for schemas: a method of [`StateCheck`] applies to the types that are a mistake, and to all others the
//! method of that name on the type that it derefs to. The answers are types, of which a trait is asked.

use std::future::Future;
use std::marker::PhantomData;
use std::ops::Deref;
use std::process::ExitCode;

/// A type that is asked whether it can be a state; there is never a value of it.
#[derive(Debug)]
pub struct StateCheck<T>(NoMistake<T>);

/// A type of which nothing speaks against a state.
#[derive(Debug)]
pub struct NoMistake<T>(PhantomData<fn() -> T>);

/// The answer: it is what it should be.
#[derive(Debug)]
pub struct Fine(());

/// The answer: it is a future.
#[derive(Debug)]
pub struct NotAwaited(());

/// The answer: it is an exit code.
#[derive(Debug)]
pub struct IsExitCode(());

impl<T> StateCheck<T> {
    pub(super) fn new() -> Self {
        Self(NoMistake(PhantomData))
    }
}

#[expect(clippy::unused_self, reason = "found by looking up a method")]
impl<F: Future> StateCheck<F> {
    /// Asks whether somebody awaits it: nobody does.
    pub fn __rp_awaited(&self) -> NotAwaited {
        NotAwaited(())
    }
}

#[expect(clippy::unused_self, reason = "found by looking up a method")]
impl StateCheck<ExitCode> {
    /// Asks whether it is no exit code: it is one.
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

#[expect(clippy::unused_self, reason = "found by looking up a method")]
impl<T> NoMistake<T> {
    /// It is no future.
    pub fn __rp_awaited(&self) -> Fine {
        Fine(())
    }

    /// It is no exit code.
    pub fn __rp_no_exit_code(&self) -> Fine {
        Fine(())
    }
}

/// Asked of what `main` returned: it is no future.
#[diagnostic::on_unimplemented(
    message = "`main` returns a future that is never awaited",
    label = "the worker would start without its state",
    note = "write `async fn main()`, let it return the future's output, and use `.await` in its body"
)]
pub trait Awaited: Sized {
    /// Nothing is left to be done.
    #[doc(hidden)]
    fn check(self) {}
}
#[diagnostic::do_not_recommend]
impl Awaited for Fine {}

/// Asked of what `main` returned: it is no exit code.
#[diagnostic::on_unimplemented(
    message = "an exit code cannot be the worker's state",
    label = "the worker would start even if this code means failure",
    note = "return a `Result` whose `Err` says what failed: the worker then exits with code 1 before it takes a job"
)]
pub trait NoExitCode: Sized {
    /// Nothing is left to be done.
    #[doc(hidden)]
    fn check(self) {}
}
#[diagnostic::do_not_recommend]
impl NoExitCode for Fine {}
