//! The JSON Schema of a handler's types, where they have one.
//!
//! Whether a type derives `JsonSchema` can be asked where the type is known: in the code that an attribute generates. It
//! asks by calling a method: [`Probe`] has it for the types that fit, and where it has not, the compiler goes on to
//! [`Unknown`], which `Probe` derefs to and which has it for all types. The call compiles in either case, so that a type
//! without a schema is no error, and no fault of a signature is reported once more from here.
//!
//! The methods are named as no other trait's are: a trait in the user's scope that all types implement is found on `Probe`,
//! before `Unknown` is looked at.

use std::marker::PhantomData;
use std::ops::Deref;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use super::emitter::Emitter;
use super::items::IntoItems;
use super::job::Job;

pub use crate::__schemas as schemas;

/// The schemas of a handler's types; nothing for those that have none.
#[derive(Debug)]
pub struct Schemas {
    /// One for each argument: of the input, or of what an emitter takes.
    pub arguments: Vec<Option<Value>>,
    /// Of the output, or of a stream's items.
    pub result: Option<Value>,
}

impl Schemas {
    /// An array, because `Vec::from` needs a trait of the prelude, and a crate may do without the prelude.
    pub fn new<const N: usize>(arguments: [Option<Value>; N], result: Option<Value>) -> Self {
        Self {
            arguments: arguments.into(),
            result,
        }
    }
}

/// A type that is asked for what it can do; there is never a value of it.
#[derive(Debug)]
pub struct Probe<T>(Unknown<T>);

/// A type that can do nothing: what is said of one to which no method of [`Probe`] applies.
#[derive(Debug)]
pub struct Unknown<T>(PhantomData<fn() -> T>);

impl<T> Probe<T> {
    /// Asks `T`.
    #[expect(clippy::new_without_default, reason = "only ever called by its name")]
    pub fn new() -> Self {
        Self(Unknown(PhantomData))
    }

    /// Asks the type that `call` would return. It is not called.
    pub fn of(_call: impl FnOnce() -> T) -> Self {
        Self::new()
    }

    /// Asks the items of the stream that `T` is. `Via` is inferred.
    pub fn __rp_items<Via>(&self) -> Streamed<T, Via> {
        Streamed(NoStream(()), PhantomData)
    }
}

impl<F: Future> Probe<F> {
    /// What an `async fn` returns after its `await`.
    pub fn __rp_awaited(&self) -> Probe<F::Output> {
        Probe::new()
    }
}

impl<T, E> Probe<Result<T, E>> {
    /// The value in a result; for any other type, the type.
    pub fn __rp_value(&self) -> Probe<T> {
        Probe::new()
    }
}

impl<T, E> Probe<Box<Result<T, E>>> {
    /// The value in the result.
    pub fn __rp_value(&self) -> Probe<T> {
        Probe::new()
    }
}

impl<T, E> Probe<Option<Result<T, E>>> {
    /// The value in the result, or nothing.
    pub fn __rp_value(&self) -> Probe<Option<T>> {
        Probe::new()
    }
}

impl<T, E> Probe<Emitter<Result<T, E>>> {
    /// An emitter of what leaves: the values in the results.
    pub fn __rp_emitter(&self) -> Probe<Emitter<T>> {
        Probe::new()
    }
}

impl<T: JsonSchema> Probe<T> {
    /// The schema of an argument.
    pub fn __rp_argument(&self) -> Option<Value> {
        Some(read::<T>())
    }

    /// The schema of a result.
    pub fn __rp_schema(&self) -> Option<Value> {
        Some(written::<T>())
    }
}

impl<T: JsonSchema> Probe<Job<T>> {
    /// The schema of the input in a job.
    pub fn __rp_argument(&self) -> Option<Value> {
        Some(read::<T>())
    }
}

impl<T: JsonSchema> Probe<Emitter<T>> {
    /// The schema of the items that are sent.
    pub fn __rp_argument(&self) -> Option<Value> {
        Some(written::<T>())
    }
}

impl<T> Deref for Probe<T> {
    type Target = Unknown<T>;

    fn deref(&self) -> &Unknown<T> {
        &self.0
    }
}

impl<T> Unknown<T> {
    /// The type itself.
    pub fn __rp_value(&self) -> Probe<T> {
        Probe::new()
    }

    /// The type itself.
    pub fn __rp_emitter(&self) -> Probe<T> {
        Probe::new()
    }

    /// No schema.
    pub fn __rp_argument(&self) -> Option<Value> {
        None
    }

    /// No schema.
    pub fn __rp_schema(&self) -> Option<Value> {
        None
    }
}

/// The items of what a stream handler returned.
#[derive(Debug)]
pub struct Streamed<S, Via>(NoStream, PhantomData<fn() -> (S, Via)>);

/// Something that has no items.
#[derive(Debug)]
pub struct NoStream(());

impl<S: IntoItems<Via>, Via> Streamed<S, Via> {
    /// Asks the type of an item.
    pub fn __rp_item(&self) -> Probe<S::Item> {
        Probe::new()
    }
}

impl<S, Via> Deref for Streamed<S, Via> {
    type Target = NoStream;

    fn deref(&self) -> &NoStream {
        &self.0
    }
}

impl NoStream {
    /// Asks a type that has no schema.
    pub fn __rp_item(&self) -> Probe<Self> {
        Probe::new()
    }
}

/// Stands for an argument in a call that is never made.
pub fn never<T>() -> T {
    unreachable!("the call that this stands in is only looked at for its type")
}

/// What may be sent to a worker: with `#[serde(default)]`, a key may be missing.
fn read<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().for_deserialize();
    let mut schema: Value = settings.into_generator().into_root_schema_for::<T>().into();
    // An input that holds nothing is read from an empty object, too.
    if let Some(kind) = schema.get_mut("type").filter(|kind| *kind == "null") {
        *kind = json!(["object", "null"]);
    }
    schema
}

/// What a worker sends: a key is there, default or not.
fn written<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    settings.into_generator().into_root_schema_for::<T>().into()
}

/// The schemas of a handler's types, from its kind, its name and the types of its arguments: `schemas!(Async
/// greet(Greeting, JobContext))`.
#[doc(hidden)]
#[macro_export]
macro_rules! __schemas {
    ($kind:ident $name:ident($($(#[$condition:meta])* $argument:ty),*)) => {
        ::core::option::Option::Some(|| $crate::__private::Schemas::new(
            [$(
                $(#[$condition])*
                $crate::__private::Probe::<$argument>::new().__rp_emitter().__rp_argument()
            ),*],
            $crate::__schemas!(@$kind $crate::__private::Probe::of(|| ($name)($(
                $(#[$condition])*
                $crate::__private::never::<$argument>()
            ),*))).__rp_value().__rp_value().__rp_value().__rp_schema(),
        ))
    };
    (@Async $returned:expr) => { $returned.__rp_awaited() };
    (@Blocking $returned:expr) => { $returned };
    (@Stream $returned:expr) => { $returned.__rp_items().__rp_item() };
}
