//! What an attribute makes known of a function. Found through `inventory`, in no particular order.

use std::any::{TypeId, type_name};

use super::argument::{Argument, Call};
use super::failure::Failure;
use super::invocation::Invocation;
use super::schema::Schemas;

/// What `#[handler]` registers.
#[derive(Debug)]
pub struct Registration {
    pub(crate) function: Function,
    pub(crate) kind: Kind,
    /// What its arguments are.
    pub(crate) arguments: &'static [fn() -> Argument],
    /// Makes the arguments and the call.
    pub(crate) call: CallFn,
    /// Of its arguments and its result; nothing without the feature `schema`.
    pub(crate) schemas: Option<fn() -> Schemas>,
}

inventory::collect!(Registration);

impl Registration {
    /// The schemas of the function's types are known.
    #[must_use]
    pub const fn with_schemas(mut self, schemas: Option<fn() -> Schemas>) -> Self {
        self.schemas = schemas;
        self
    }
}

type CallFn = fn(&mut Call) -> Result<Invocation, Failure>;

/// How a handler runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `async fn`: on the worker's threads.
    Async,
    /// Plain `fn`: on a thread that may block.
    Blocking,
    /// Sends items while it runs.
    Stream,
}

/// Identifies a function among all others of the binary.
#[derive(Debug, Clone, Copy)]
pub struct FunctionId {
    /// Each function has a type of its own.
    id: TypeId,
    /// How the compiler calls the function, for messages: not every function has another name there.
    pub(crate) path: &'static str,
}

impl FunctionId {
    /// Of a function, or of a closure.
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

/// An annotated function: what it is called, and where it is written.
#[derive(Debug, Clone, Copy)]
pub struct Function {
    pub(crate) name: &'static str,
    file: &'static str,
    line: u32,
    /// Which function it is.
    pub id: fn() -> FunctionId,
}

impl Function {
    /// `name` is the function's, or the one given with `name = "…"`.
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

    /// The function is an async handler.
    pub const fn asynchronous(
        self,
        arguments: &'static [fn() -> Argument],
        call: CallFn,
    ) -> Registration {
        self.registration(Kind::Async, arguments, call)
    }

    /// The function is a handler that may block its thread.
    pub const fn blocking(
        self,
        arguments: &'static [fn() -> Argument],
        call: CallFn,
    ) -> Registration {
        self.registration(Kind::Blocking, arguments, call)
    }

    /// The function is a handler that sends items.
    pub const fn streaming(
        self,
        arguments: &'static [fn() -> Argument],
        call: CallFn,
    ) -> Registration {
        self.registration(Kind::Stream, arguments, call)
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
        }
    }

    /// File and line.
    pub(crate) fn place(&self) -> String {
        format!("{}:{}", self.file, self.line)
    }
}
