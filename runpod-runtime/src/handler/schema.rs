//! The JSON Schemas of a handler's types.
//!
//! Only code that knows the concrete type can check whether it derives `JsonSchema`, so the generated code does this.
//! It calls a method that [`Probe`] has only for suitable types. For all other types, the compiler continues with
//! [`Unknown`], to which `Probe` derefs and which has the method for every type. So the call always compiles: a type
//! without a schema is not an error, and an error in a signature is not reported a second time.
//!
//! The methods have names that no other trait uses. Otherwise, a trait in the user's scope that is implemented for
//! all types would be found on `Probe` before `Unknown`.

use std::marker::PhantomData;
use std::ops::Deref;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use super::emitter::Emitter;
use super::items::IntoItems;
use super::job::Job;

pub use crate::__schemas as schemas;

/// The schemas of a handler's types, or `None` for types without a schema.
#[derive(Debug)]
pub struct Schemas {
    /// One schema for each argument: of the input, or of the items that an emitter sends.
    pub arguments: Vec<Option<Value>>,
    /// The schema of the output, or of a stream's items.
    pub result: Option<Value>,
}

impl Schemas {
    /// Creates the schemas. It takes an array, because `Vec::from` needs a trait from the prelude, and a crate may
    /// disable the prelude.
    pub fn new<const N: usize>(arguments: [Option<Value>; N], result: Option<Value>) -> Self {
        Self {
            arguments: arguments.into(),
            result,
        }
    }
}

/// Checks the capabilities of a type at compile time. It never holds a value of the type.
#[derive(Debug)]
pub struct Probe<T>(Unknown<T>);

/// The fallback for types to which none of [`Probe`]'s methods applies.
#[derive(Debug)]
pub struct Unknown<T>(PhantomData<fn() -> T>);

impl<T> Probe<T> {
    /// Creates a probe of `T`.
    #[expect(
        clippy::new_without_default,
        reason = "generated code calls it by name"
    )]
    pub fn new() -> Self {
        Self(Unknown(PhantomData))
    }

    /// Creates a probe of the return type of `call`, without calling it.
    pub fn of(_call: impl FnOnce() -> T) -> Self {
        Self::new()
    }

    /// Probes the items of the stream `T`. `Via` is inferred.
    pub fn __rp_items<Via>(&self) -> Streamed<T, Via> {
        Streamed(NoStream(()), PhantomData)
    }
}

impl<F: Future> Probe<F> {
    /// Probes the output of an `async fn`'s future.
    pub fn __rp_awaited(&self) -> Probe<F::Output> {
        Probe::new()
    }
}

impl<T, E> Probe<Result<T, E>> {
    /// Probes the value in a `Result`. For other types, the fallback probes the type itself.
    pub fn __rp_value(&self) -> Probe<T> {
        Probe::new()
    }
}

impl<T, E> Probe<Box<Result<T, E>>> {
    /// Probes the value in the boxed `Result`.
    pub fn __rp_value(&self) -> Probe<T> {
        Probe::new()
    }
}

impl<T, E> Probe<Option<Result<T, E>>> {
    /// Probes the value in the `Result`, as an `Option`.
    pub fn __rp_value(&self) -> Probe<Option<T>> {
        Probe::new()
    }
}

impl<T> Probe<Vec<T>> {
    /// Probes one value of a list. For other types, the fallback probes the type itself.
    pub fn __rp_each(&self) -> Probe<T> {
        Probe::new()
    }
}

impl<T, E> Probe<Emitter<Result<T, E>>> {
    /// Probes an emitter of results. The items that are sent are the values in the results.
    pub fn __rp_emitter(&self) -> Probe<Emitter<T>> {
        Probe::new()
    }
}

impl<T: JsonSchema> Probe<T> {
    /// Returns the schema of an argument.
    pub fn __rp_argument(&self) -> Option<Value> {
        Some(read::<T>())
    }

    /// Returns the schema of a result.
    pub fn __rp_schema(&self) -> Option<Value> {
        Some(written::<T>())
    }
}

impl<T: JsonSchema> Probe<Job<T>> {
    /// Returns the schema of the input in a job.
    pub fn __rp_argument(&self) -> Option<Value> {
        Some(read::<T>())
    }
}

impl<T: JsonSchema> Probe<Emitter<T>> {
    /// Returns the schema of the items that are sent.
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
    /// Probes the type itself.
    pub fn __rp_value(&self) -> Probe<T> {
        Probe::new()
    }

    /// Probes the type itself.
    pub fn __rp_each(&self) -> Probe<T> {
        Probe::new()
    }

    /// Probes the type itself.
    pub fn __rp_emitter(&self) -> Probe<T> {
        Probe::new()
    }

    /// Returns no schema.
    pub fn __rp_argument(&self) -> Option<Value> {
        None
    }

    /// Returns no schema.
    pub fn __rp_schema(&self) -> Option<Value> {
        None
    }
}

/// Probes the items of a stream handler's result.
#[derive(Debug)]
pub struct Streamed<S, Via>(NoStream, PhantomData<fn() -> (S, Via)>);

/// The fallback for types that have no items.
#[derive(Debug)]
pub struct NoStream(());

impl<S: IntoItems<Via>, Via> Streamed<S, Via> {
    /// Probes the type of an item.
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
    /// Probes a type without a schema.
    pub fn __rp_item(&self) -> Probe<Self> {
        Probe::new()
    }
}

/// Stands in for an argument in a call that is never made.
pub fn never<T>() -> T {
    unreachable!("only the type of this call is used")
}

/// Returns the schema of values that are sent to a worker: a key with `#[serde(default)]` may be missing.
fn read<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().for_deserialize();
    let mut schema: Value = settings.into_generator().into_root_schema_for::<T>().into();
    // A worker also accepts an empty object for an input type without data.
    if let Some(kind) = schema.get_mut("type").filter(|kind| *kind == "null") {
        *kind = json!(["object", "null"]);
    }
    schema
}

/// Returns the schema of values that a worker sends: all keys are present, even with a default.
fn written<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    settings.into_generator().into_root_schema_for::<T>().into()
}

/// Creates the schemas of a handler's types from its kind, its name and the types of its arguments: `schemas!(Async
/// greet(Greeting, JobContext))`.
#[doc(hidden)]
#[macro_export]
macro_rules! __schemas {
    (Batch $name:ident($($(#[$condition:meta])* $argument:ty),*)) => {
        $crate::__schemas!(@batch __rp_value $name($($(#[$condition])* $argument),*))
    };
    (AsyncBatch $name:ident($($(#[$condition:meta])* $argument:ty),*)) => {
        $crate::__schemas!(@batch __rp_awaited $name($($(#[$condition])* $argument),*))
    };
    (@batch $returned:ident $name:ident($($(#[$condition:meta])* $argument:ty),*)) => {
        ::core::option::Option::Some(|| $crate::__private::Schemas::new(
            [$(
                $(#[$condition])*
                $crate::__private::Probe::<$argument>::new().__rp_each().__rp_argument()
            ),*],
            $crate::__private::Probe::of(|| ($name)($(
                $(#[$condition])*
                $crate::__private::never::<$argument>()
            ),*)).$returned().__rp_value().__rp_each().__rp_value().__rp_value().__rp_schema(),
        ))
    };
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
