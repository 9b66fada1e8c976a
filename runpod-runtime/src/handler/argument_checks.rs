//! Checks a handler's arguments in combination. The checks use the kinds of the arguments, so they also work for type
//! aliases.
//!
//! Generated code runs these checks only if the type names are ambiguous. It passes the kinds that it found
//! ([`FromJob::VIA`]). If a type has no kind, the compiler reports that error elsewhere, and these checks add
//! nothing.
//!
//! [`FromJob::VIA`]: super::FromJob::VIA

use super::argument_kinds::{ViaEmitter, ViaExtractor, ViaInput, ViaJob, ViaWorker};
use super::batch::ViaEach;

/// Checks the kinds of arguments. The check is passed as a trait's function, because the compiler would show an unmet
/// bound on this function together with the function.
pub fn ask<Kinds>(kinds: Kinds, question: fn(Kinds)) {
    question(kinds);
}

/// Requires that two arguments are not both the job's input. Implemented for the kind of the later argument.
///
/// A job has one input. Put all its values into one struct:
///
/// ```
/// use runpod::prelude::*;
///
/// #[derive(Deserialize)]
/// struct Request {
///     prompt: String,
///     limit: usize,
/// }
///
/// #[runpod::handler]
/// async fn cut(request: Request) -> String {
///     request.prompt.chars().take(request.limit).collect()
/// }
/// ```
///
/// This does not compile:
///
/// ```compile_fail
/// use runpod::prelude::*;
///
/// #[runpod::handler]
/// async fn cut(prompt: String, limit: usize) -> String {
///     prompt.chars().take(limit).collect()
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "a handler takes only one input, and this is a second one",
    label = "a job has only one `input`",
    note = "put the fields of both into one struct that derives `serde::Deserialize`, and take that struct"
)]
pub trait Beside<First>: Sized {
    /// Does nothing, because the trait bound is the check.
    #[doc(hidden)]
    fn check(_: (Self, First)) {}
}

macro_rules! beside {
    ($($second:ty => $($first:ty),*;)*) => {
        $($(
            #[diagnostic::do_not_recommend]
            impl Beside<$first> for $second {}
        )*)*
    };
}

beside! {
    ViaInput => ViaWorker, ViaEmitter, ViaExtractor;
    ViaJob => ViaWorker, ViaEmitter, ViaExtractor;
    ViaWorker => ViaInput, ViaJob, ViaWorker, ViaEmitter, ViaExtractor;
    ViaEmitter => ViaInput, ViaJob, ViaWorker, ViaEmitter, ViaExtractor;
    ViaExtractor => ViaInput, ViaJob, ViaWorker, ViaEmitter, ViaExtractor;
}

#[diagnostic::do_not_recommend]
impl<First, Second: Beside<First>> Beside<ViaEach<First>> for ViaEach<Second> {}
#[diagnostic::do_not_recommend]
impl<First> Beside<ViaEach<First>> for ViaWorker {}
#[diagnostic::do_not_recommend]
impl<Second> Beside<ViaWorker> for ViaEach<Second> {}

/// Requires that one argument of a `stream` handler that returns nothing is an emitter. Implemented for the list of
/// all argument kinds, such as `(a, (b, ()))`.
///
/// A stream handler must send its items: through its return value, or through an [`Emitter`](super::Emitter).
///
/// ```
/// use runpod::prelude::*;
///
/// #[runpod::handler(stream)]
/// async fn echo(text: String, out: Emitter<String>) {
///     let _ = out.send(text).await;
/// }
/// ```
///
/// This does not compile:
///
/// ```compile_fail
/// use runpod::prelude::*;
///
/// #[runpod::handler(stream)]
/// async fn echo(text: String) {
///     println!("{text}");
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "a `stream` handler that returns nothing has no way to send items",
    label = "the function returns no items, and no argument is an `Emitter<T>`",
    note = "return `impl Stream<Item = T>` or `impl Iterator<Item = T>`, or take an `Emitter<T>`"
)]
pub trait Emits: Sized {
    /// Does nothing, because the trait bound is the check.
    #[doc(hidden)]
    fn check(self) {}
}

#[diagnostic::do_not_recommend]
impl<All: OneOf<ViaEmitter>> Emits for All where All::Found: Yes {}

/// A list of argument kinds that tells whether `Wanted` is one of them.
pub trait OneOf<Wanted> {
    #[doc(hidden)]
    type Found;
}

/// The answer that `Wanted` is not in the list.
#[derive(Debug)]
pub struct No;

/// The answer that `Wanted` is in the list.
pub trait Yes {}
impl Yes for ViaEmitter {}

impl<Wanted> OneOf<Wanted> for () {
    type Found = No;
}

impl<Others> OneOf<ViaEmitter> for (ViaEmitter, Others) {
    type Found = ViaEmitter;
}

macro_rules! others {
    ($($kind:ty),*) => {
        $(impl<Others: OneOf<ViaEmitter>> OneOf<ViaEmitter> for ($kind, Others) {
            type Found = Others::Found;
        })*
    };
}

others!(ViaInput, ViaJob, ViaWorker, ViaExtractor);
