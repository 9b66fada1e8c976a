//! What a function may return: the return-value ladder, which tells values and results apart.

use std::convert::Infallible;
use std::error::Error as StdError;
use std::ops::Deref;

use serde::Serialize;

use super::{Output, Payload};
use crate::handler::failure::{Failure, IntoFailure};

/// A handler's result before it is looked at; the macros wrap what the user's function returned.
///
/// Method look-up is the ladder: `Returned<Result<T, E>>` has methods of its own, everything else has those of
/// [`ReturnedValue`]. So `Result<T, String>`, which is itself `Serialize`, is taken as a result, and a `Result` in a
/// `Result`, which `spawn_blocking(..).await` gives, is one `Result` for what comes after. A `Result` that the type hides
/// is found when the value is written.
///
/// The methods ask nothing of the types: generated code gives them [`HandlerValue::into_json`] and
/// [`IntoFailure::into_failure`], and what is amiss is then a matter of those alone.
#[derive(Debug)]
pub struct Returned<T>(pub T);

impl<T, E, F> Returned<Result<Result<T, E>, F>> {
    /// One result of two.
    pub fn __rp_flat(
        self,
        inner: fn(E) -> Failure,
        outer: fn(F) -> Failure,
    ) -> Returned<Result<T, Failure>> {
        Returned(self.0.map_err(outer).and_then(|it| it.map_err(inner)))
    }
}

impl<T, E> Returned<Result<T, E>> {
    /// The value, or the failure.
    ///
    /// # Errors
    ///
    /// When the handler returned `Err`, or its value does not serialise.
    pub fn __rp_output(self, json: fn(T) -> Output, failure: fn(E) -> Failure) -> Output {
        self.0.map_err(failure).and_then(json)
    }
}

/// The lower rung of the ladder: a plain value.
pub trait ReturnedValue {
    /// The value.
    type Value;

    /// The same: it is no result in a result.
    #[must_use]
    fn __rp_flat(self, inner: fn(Infallible) -> Failure, outer: fn(Infallible) -> Failure) -> Self
    where
        Self: Sized;

    /// The value as JSON.
    ///
    /// # Errors
    ///
    /// When the value does not serialise.
    fn __rp_output(
        self,
        json: fn(Self::Value) -> Output,
        failure: fn(Infallible) -> Failure,
    ) -> Output;
}

impl<T> ReturnedValue for Returned<T> {
    type Value = T;

    fn __rp_flat(self, _: fn(Infallible) -> Failure, _: fn(Infallible) -> Failure) -> Self {
        self
    }

    fn __rp_output(self, json: fn(T) -> Output, _: fn(Infallible) -> Failure) -> Output {
        json(self.0)
    }
}

/// A value that a handler may return or send as an item: anything that is [`Serialize`].
///
/// The compiler names this trait where a handler's result, or what an `Emitter` sends, cannot be written as JSON. The
/// remedy is a derive:
///
/// ```
/// use runpod::prelude::*;
///
/// #[derive(Serialize)]
/// struct Answer {
///     text: String,
/// }
///
/// #[runpod::handler]
/// async fn answer(prompt: String) -> Answer {
///     Answer { text: prompt }
/// }
/// ```
///
/// Without it this does not compile:
///
/// ```compile_fail
/// use runpod::prelude::*;
///
/// struct Answer {
///     text: String,
/// }
///
/// #[runpod::handler]
/// async fn answer(prompt: String) -> Answer {
///     Answer { text: prompt }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a handler's output",
    label = "this value cannot be written as JSON",
    note = "add `#[derive(serde::Serialize)]` to the type and to the types it contains",
    note = "if it is a stream or an iterator, add the option `stream` to the attribute; if it is a future, write `async fn`"
)]
pub trait HandlerValue {
    /// The value as JSON.
    ///
    /// # Errors
    ///
    /// When the value does not serialise.
    #[doc(hidden)]
    fn into_json(self) -> Output;
}

#[diagnostic::do_not_recommend]
impl<T: Serialize> HandlerValue for T {
    fn into_json(self) -> Output {
        Payload::of(&self)
    }
}

/// What a handler may return: a value that serialises, or a `Result` of one and an [`IntoFailure`] error. `()` is fine.
///
/// If the value is a `Result` again, or its type hides one (`Option<Result<T, E>>`, `impl Serialize`), the output is what the
/// `Ok` holds, and an `Err` fails the job.
///
/// It is asked of functions and closures that are given to [`Worker::builder`](crate::Worker::builder) and to
/// [`testing`](crate::testing). There is nothing to implement, and `Via` is inferred.
///
/// ```
/// use runpod::prelude::*;
/// use runpod::testing;
///
/// fn half(input: u32) -> Result<u32, std::num::TryFromIntError> {
///     u8::try_from(input).map(|small| u32::from(small) / 2)
/// }
///
/// # #[tokio::main]
/// # async fn main() {
/// let report = testing::Job::new(json!(8)).blocking(half).await;
/// assert_eq!(report.output, Some(json!(4)));
///
/// let report = testing::Job::new(json!(800)).blocking(half).await;
/// assert!(report.error.unwrap().contains("out of range"));
///
/// let report = testing::Job::new(json!(8)).blocking(|_input: u32| ()).await;
/// assert_eq!(report.output, Some(Value::Null));
/// # }
/// ```
///
/// An error type that is both `std::error::Error` and `Serialize` fits twice, so that the compiler asks for `Via`: convert
/// it first (`.map_err(anyhow::Error::from)`), or use the attribute macros, which have no such limit.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a handler's result",
    label = "this type does not implement `serde::Serialize`, and is not a `Result` whose value does",
    note = "return a `T: serde::Serialize`, or a `Result<T, E>` whose error is a `std::error::Error`, `anyhow::Error`, `String` or `&str`"
)]
pub trait IntoOutput<Via> {
    /// The value, or the failure.
    ///
    /// # Errors
    ///
    /// When the handler returned `Err`, or its value does not serialise.
    #[doc(hidden)]
    fn into_output(self) -> Output;
}

/// Marker: a plain value.
#[derive(Debug)]
pub struct ViaValue;
/// Marker: a `Result` whose error is an `Error`.
#[derive(Debug)]
pub struct ViaError;
/// Marker: a `Result` whose error holds an `Error` (`anyhow::Error`, `Box<dyn Error + Send + Sync>`).
#[derive(Debug)]
pub struct ViaHeldError;

#[diagnostic::do_not_recommend]
impl<T: Serialize> IntoOutput<ViaValue> for T {
    fn into_output(self) -> Output {
        // `Result<T, String>` serialises, so it arrives here.
        Payload::of(&self)
    }
}

#[diagnostic::do_not_recommend]
impl<T: Serialize, E: StdError + Send + Sync + 'static> IntoOutput<ViaError> for Result<T, E> {
    fn into_output(self) -> Output {
        Returned(self).__rp_output(T::into_json, E::into_failure)
    }
}

#[diagnostic::do_not_recommend]
impl<T, E> IntoOutput<ViaHeldError> for Result<T, E>
where
    T: Serialize,
    E: IntoFailure + Deref<Target = dyn StdError + Send + Sync + 'static>,
{
    fn into_output(self) -> Output {
        Returned(self).__rp_output(T::into_json, E::into_failure)
    }
}

/// Marker: a `Result` in a `Result`, of which the inner error does not serialise: `Inner` and `Outer` are the markers of
/// the two errors.
#[derive(Debug)]
pub struct ViaNested<Inner, Outer>(Inner, Outer);
/// Marker: an error that is text.
#[derive(Debug)]
pub struct ViaText;

/// An error of its own type.
pub trait PlainError: StdError + Send + Sync + 'static {}
impl<E: StdError + Send + Sync + 'static> PlainError for E {}

/// An error that holds one of any type.
pub trait HeldError: IntoFailure + Deref<Target = dyn StdError + Send + Sync + 'static> {}
impl<E: IntoFailure + Deref<Target = dyn StdError + Send + Sync + 'static>> HeldError for E {}

/// An error that is text.
pub trait TextError: IntoFailure {}
impl TextError for String {}
impl TextError for &'static str {}

// An impl for each pair: the compiler must see at once which of them fits.
macro_rules! nested {
    ($(Result<Result<T, $inner:ident $inner_via:ident>, $outer:ident $outer_via:ident>;)*) => {$(
        #[diagnostic::do_not_recommend]
        impl<T: Serialize, E: $inner, F: $outer> IntoOutput<ViaNested<$inner_via, $outer_via>>
            for Result<Result<T, E>, F>
        {
            fn into_output(self) -> Output {
                Returned(self)
                    .__rp_flat(E::into_failure, F::into_failure)
                    .__rp_output(T::into_json, Failure::into_failure)
            }
        }
    )*};
}

nested! {
    Result<Result<T, PlainError ViaError>, PlainError ViaError>;
    Result<Result<T, PlainError ViaError>, HeldError ViaHeldError>;
    Result<Result<T, PlainError ViaError>, TextError ViaText>;
    Result<Result<T, HeldError ViaHeldError>, PlainError ViaError>;
    Result<Result<T, HeldError ViaHeldError>, HeldError ViaHeldError>;
    Result<Result<T, HeldError ViaHeldError>, TextError ViaText>;
}

#[cfg(test)]
#[path = "into_output_tests.rs"]
mod tests;
