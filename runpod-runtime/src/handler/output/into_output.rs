//! The types that a function can return, and how plain values and results are distinguished.

use std::convert::Infallible;
use std::error::Error as StdError;
use std::ops::Deref;

use serde::Serialize;

use super::{Output, Payload};
use crate::handler::failure::{Failure, IntoFailure};

/// A handler's return value before it is converted. The macros wrap the result of the user's function in it.
///
/// Method look-up distinguishes the types: `Returned<Result<T, E>>` has its own methods, and all other types use
/// those of [`ReturnedValue`]. So a `Result<T, String>`, which is itself `Serialize`, is treated as a result. A
/// `Result` in a `Result`, for example from `spawn_blocking(..).await`, is flattened to one `Result`. If a type hides
/// a `Result`, serialisation finds it.
///
/// The methods have no bounds. Generated code passes them [`HandlerValue::into_json`] and
/// [`IntoFailure::into_failure`], so the compiler names only these two traits if a type is unsuitable.
#[derive(Debug)]
pub struct Returned<T>(pub T);

impl<T, E, F> Returned<Result<Result<T, E>, F>> {
    /// Flattens two nested results into one.
    pub fn __rp_flat(
        self,
        inner: fn(E) -> Failure,
        outer: fn(F) -> Failure,
    ) -> Returned<Result<T, Failure>> {
        Returned(self.0.map_err(outer).and_then(|it| it.map_err(inner)))
    }
}

impl<T, E> Returned<Result<T, E>> {
    /// Converts the result to an output, or to a failure.
    ///
    /// # Errors
    ///
    /// Returns an error if the handler returned `Err`, or if its value does not serialise.
    pub fn __rp_output(self, json: fn(T) -> Output, failure: fn(E) -> Failure) -> Output {
        self.0.map_err(failure).and_then(json)
    }
}

/// The fallback for a plain value.
pub trait ReturnedValue {
    /// The type of the value.
    type Value;

    /// Returns the value unchanged, because it is not a nested `Result`.
    #[must_use]
    fn __rp_flat(self, inner: fn(Infallible) -> Failure, outer: fn(Infallible) -> Failure) -> Self
    where
        Self: Sized;

    /// Converts the value to JSON.
    ///
    /// # Errors
    ///
    /// Returns an error if the value does not serialise.
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

/// A value that a handler can return or send as an item: any type that is [`Serialize`].
///
/// The compiler names this trait if a handler's result, or an item of an `Emitter`, cannot be written as JSON. A
/// derive fixes it:
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
/// Without the derive, this does not compile:
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
    /// Converts the value to JSON.
    ///
    /// # Errors
    ///
    /// Returns an error if the value does not serialise.
    #[doc(hidden)]
    fn into_json(self) -> Output;
}

#[diagnostic::do_not_recommend]
impl<T: Serialize> HandlerValue for T {
    fn into_json(self) -> Output {
        Payload::of(&self)
    }
}

/// The types that a handler can return: a value that serialises, or a `Result` of one and an [`IntoFailure`] error.
/// `()` is also a value.
///
/// If the value is again a `Result`, or its type hides one (`Option<Result<T, E>>`, `impl Serialize`), the output is
/// the value in `Ok`, and an `Err` fails the job.
///
/// This bound applies to functions and closures that are passed to [`Worker::builder`](crate::Worker::builder) and to
/// [`testing`](crate::testing). You do not implement this trait, and `Via` is inferred.
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
/// If an error type implements both `std::error::Error` and `Serialize`, two implementations apply, and the compiler
/// asks for `Via`. Convert the error first (`.map_err(anyhow::Error::from)`), or use the attribute macros, which do
/// not have this limit.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a handler's result",
    label = "this type does not implement `serde::Serialize`, and is not a `Result` whose value does",
    note = "return a `T: serde::Serialize`, or a `Result<T, E>` whose error is a `std::error::Error`, `anyhow::Error`, `String` or `&str`"
)]
pub trait IntoOutput<Via> {
    /// Converts the result to an output, or to a failure.
    ///
    /// # Errors
    ///
    /// Returns an error if the handler returned `Err`, or if its value does not serialise.
    #[doc(hidden)]
    fn into_output(self) -> Output;
}

/// Marker: a plain value.
#[derive(Debug)]
pub struct ViaValue;
/// Marker: a `Result` whose error implements `Error`.
#[derive(Debug)]
pub struct ViaError;
/// Marker: a `Result` whose error contains an `Error` (`anyhow::Error`, `Box<dyn Error + Send + Sync>`).
#[derive(Debug)]
pub struct ViaHeldError;

#[diagnostic::do_not_recommend]
impl<T: Serialize> IntoOutput<ViaValue> for T {
    fn into_output(self) -> Output {
        // A `Result<T, String>` serialises, so a nested one also uses this implementation.
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

/// Marker: a `Result` in a `Result` whose inner error does not serialise. `Inner` and `Outer` are the markers of the
/// two errors.
#[derive(Debug)]
pub struct ViaNested<Inner, Outer>(Inner, Outer);
/// Marker: an error that is a string.
#[derive(Debug)]
pub struct ViaText;

/// An error that implements `Error` itself.
pub trait PlainError: StdError + Send + Sync + 'static {}
impl<E: StdError + Send + Sync + 'static> PlainError for E {}

/// An error that contains an `Error` of any type.
pub trait HeldError: IntoFailure + Deref<Target = dyn StdError + Send + Sync + 'static> {}
impl<E: IntoFailure + Deref<Target = dyn StdError + Send + Sync + 'static>> HeldError for E {}

/// An error that is a string.
pub trait TextError: IntoFailure {}
impl TextError for String {}
impl TextError for &'static str {}

// There is an impl for each pair of markers, because the compiler must see immediately which impl applies.
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
