//! What an attribute registers about a function. `inventory` collects the registrations in no particular order.

use std::any::{TypeId, type_name};

use super::argument::Argument;
use super::batch::Batching;
use super::call::Call;
use super::failure::Failure;
use super::invocation::Invocation;
use super::schema::Schemas;

/// The registration that `#[handler]` creates.
#[derive(Debug)]
pub struct Registration {
    pub(crate) function: Function,
    pub(crate) kind: Kind,
    /// Returns the roles of the function's arguments.
    pub(crate) arguments: &'static [fn() -> Argument],
    /// Creates the arguments and the call.
    pub(crate) call: CallFn,
    /// The schemas of the arguments and the result. `None` without the feature `schema`.
    pub(crate) schemas: Option<fn() -> Schemas>,
    /// The options for a route of `OpenAI`'s API.
    #[cfg(feature = "openai")]
    pub(crate) openai: Option<crate::openai::Endpoint>,
    /// The options of a batch handler.
    pub(crate) batching: Option<fn() -> Batching>,
}

inventory::collect!(Registration);

impl Registration {
    /// Adds the schemas of the function's types.
    #[must_use]
    pub const fn with_schemas(mut self, schemas: Option<fn() -> Schemas>) -> Self {
        self.schemas = schemas;
        self
    }

    /// Makes the handler serve a route of `OpenAI`'s API.
    #[cfg(feature = "openai")]
    #[must_use]
    pub const fn with_openai(mut self, endpoint: crate::openai::Endpoint) -> Self {
        self.openai = Some(endpoint);
        self
    }
}

type CallFn = fn(&mut Call) -> Result<Invocation, Failure>;

/// The kind of a handler, which determines how it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An `async fn`, which runs on the worker's threads.
    Async,
    /// A plain `fn`, which runs on a thread that may block.
    Blocking,
    /// A stream handler, which sends items while it runs.
    Stream,
    /// A batch handler, which handles several jobs in one call.
    Batch,
}

/// Identifies a function within the binary.
#[derive(Debug, Clone, Copy)]
pub struct FunctionId {
    /// Each function has its own type.
    id: TypeId,
    /// The compiler's path of the function, for messages. Different functions can have the same path.
    pub(crate) path: &'static str,
}

impl FunctionId {
    /// Returns the id of a function or closure.
    pub fn of<F: 'static>(_: &F) -> Self {
        Self::of_type::<F>()
    }

    pub(crate) fn of_type<F: 'static>() -> Self {
        Self {
            id: TypeId::of::<F>(),
            path: type_name::<F>(),
        }
    }
}

impl PartialEq for FunctionId {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

/// A function with an attribute: its name, and its place in the source.
#[derive(Debug, Clone, Copy)]
pub struct Function {
    pub(crate) name: &'static str,
    file: &'static str,
    line: u32,
    /// Returns the function's id.
    pub id: fn() -> FunctionId,
}

impl Function {
    /// Describes a function. `name` is the function's own name, or the name given with `name = "…"`.
    pub const fn new(
        name: &'static str,
        file: &'static str,
        line: u32,
        id: fn() -> FunctionId,
    ) -> Self {
        Self {
            name,
            file,
            line,
            id,
        }
    }

    /// Registers the function as an async handler.
    pub const fn asynchronous(
        self,
        arguments: &'static [fn() -> Argument],
        call: CallFn,
    ) -> Registration {
        self.registration(Kind::Async, arguments, call)
    }

    /// Registers the function as a handler that may block its thread.
    pub const fn blocking(
        self,
        arguments: &'static [fn() -> Argument],
        call: CallFn,
    ) -> Registration {
        self.registration(Kind::Blocking, arguments, call)
    }

    /// Registers the function as a handler that sends items.
    pub const fn streaming(
        self,
        arguments: &'static [fn() -> Argument],
        call: CallFn,
    ) -> Registration {
        self.registration(Kind::Stream, arguments, call)
    }

    /// Registers the function as a handler that gets several jobs in one call.
    pub const fn batching(
        self,
        options: fn() -> Batching,
        arguments: &'static [fn() -> Argument],
        call: CallFn,
    ) -> Registration {
        let registration = self.registration(Kind::Batch, arguments, call);
        Registration {
            batching: Some(options),
            ..registration
        }
    }

    const fn registration(
        self,
        kind: Kind,
        arguments: &'static [fn() -> Argument],
        call: CallFn,
    ) -> Registration {
        Registration {
            function: self,
            kind,
            arguments,
            call,
            schemas: None,
            #[cfg(feature = "openai")]
            openai: None,
            batching: None,
        }
    }

    /// Returns the file and line of the function.
    pub(crate) fn place(&self) -> String {
        format!("{}:{}", self.file, self.line)
    }
}
