//! What a handler's arguments have to be together, told by their kinds, so that type aliases hide nothing.
//!
//! Generated code asks only where names leave a doubt. It hands over the kinds that it found ([`FromJob::VIA`]): where
//! an argument has none, that is reported, and nothing is to be said of it here.
//!
//! [`FromJob::VIA`]: super::FromJob::VIA

use super::argument_kinds::{ViaEmitter, ViaInput, ViaJob, ViaWorker};

/// Asks something of the kinds of arguments. The question is a trait's function, since what is not met of a bound here
/// would be shown with this function.
pub fn ask<Kinds>(kinds: Kinds, question: fn(Kinds)) {
    question(kinds);
}

/// Asked of the later of two arguments: they are not both the job's input.
///
/// A job has one input. What it holds goes into one struct:
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
    /// Nothing is left to be done.
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
    ViaInput => ViaWorker, ViaEmitter;
    ViaJob => ViaWorker, ViaEmitter;
    ViaWorker => ViaInput, ViaJob, ViaWorker, ViaEmitter;
    ViaEmitter => ViaInput, ViaJob, ViaWorker, ViaEmitter;
}

/// Asked of all arguments of a `stream` handler that returns nothing, as `(a, (b, ()))`: one is an emitter.
///
/// Items have to leave somehow: through what the handler returns, or through an [`Emitter`](super::Emitter).
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
    /// Nothing is left to be done.
    #[doc(hidden)]
    fn check(self) {}
}

#[diagnostic::do_not_recommend]
impl<All: OneOf<ViaEmitter>> Emits for All where All::Found: Yes {}

/// A list of kinds, and whether `Wanted` is one of them.
pub trait OneOf<Wanted> {
    #[doc(hidden)]
    type Found;
}

/// It is not.
#[derive(Debug)]
pub struct No;

/// It is.
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

others!(ViaInput, ViaJob, ViaWorker);
