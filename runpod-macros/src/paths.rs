//! Lists every path that generated code may use.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::Ident;

use crate::manifest;
use crate::model::Options;
use crate::places::Place;

/// The path of our own crate: the value of `crate = path`, or `::` and the crate's name in the manifest (by default
/// `runpod`).
pub(crate) struct Root(TokenStream);

/// The name of the runtime's `__private` module in generated code. It is imported once per block, so that a missing
/// crate causes one error instead of one error per path.
const DOOR: &str = "__rp";

/// An item of the runtime's `__private` module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Item {
    /// `submit!`
    Submit,
    Function,
    FunctionId,
    FromJob,
    /// `fn ask<T>(T, fn(T))`
    Ask,
    Beside,
    Emits,
    Async,
    Blocking,
    IntoItems,
    AwaitedItems,
    SendStream,
    Returned,
    ReturnedValue,
    HandlerValue,
    OpenAi,
    IntoPiece,
    IntoVectors,
    IntoFailure,
    /// `fn launch(WorkerConfig, Setup) -> ExitCode`
    Launch,
    WorkerConfig,
    Setup,
    SetupReturned,
    SetupValue,
    WorkerState,
    Awaited,
    NoExitCode,
    HookRegistration,
    HookArgument,
    HookRun,
    HookResult,
    JobCall,
    Next,
    BatchArgument,
    BatchCall,
    BatchOutput,
    Batching,
    ReturnedBatch,
    ReturnedList,
    Join,
    Split,
    /// `schemas!(Async greet(Greeting))`
    Schemas,
    /// `validate!(input)`
    Validate,
}

impl Item {
    fn name(self) -> &'static str {
        match self {
            Self::Submit => "submit",
            Self::Function => "Function",
            Self::FunctionId => "FunctionId",
            Self::FromJob => "FromJob",
            Self::Ask => "ask",
            Self::Beside => "Beside",
            Self::Emits => "Emits",
            Self::Async => "Async",
            Self::Blocking => "Blocking",
            Self::IntoItems => "IntoItems",
            Self::AwaitedItems => "AwaitedItems",
            Self::SendStream => "SendStream",
            Self::Returned => "Returned",
            Self::ReturnedValue => "ReturnedValue",
            Self::HandlerValue => "HandlerValue",
            Self::OpenAi => "OpenAi",
            Self::IntoPiece => "IntoPiece",
            Self::IntoVectors => "IntoVectors",
            Self::IntoFailure => "IntoFailure",
            Self::Launch => "launch",
            Self::WorkerConfig => "WorkerConfig",
            Self::Setup => "Setup",
            Self::SetupReturned => "SetupReturned",
            Self::SetupValue => "SetupValue",
            Self::WorkerState => "WorkerState",
            Self::Awaited => "Awaited",
            Self::NoExitCode => "NoExitCode",
            Self::HookRegistration => "HookRegistration",
            Self::HookArgument => "HookArgument",
            Self::HookRun => "HookRun",
            Self::HookResult => "HookResult",
            Self::JobCall => "JobCall",
            Self::Next => "Next",
            Self::BatchArgument => "BatchArgument",
            Self::BatchCall => "BatchCall",
            Self::BatchOutput => "BatchOutput",
            Self::Batching => "Batching",
            Self::ReturnedBatch => "ReturnedBatch",
            Self::ReturnedList => "ReturnedList",
            Self::Join => "join",
            Self::Split => "split",
            Self::Schemas => "schemas",
            Self::Validate => "validate",
        }
    }
}

impl Item {
    /// Returns the path of the item, for code after [`Root::import`]. Errors about the item appear at `span`.
    pub(crate) fn path(self, span: Span) -> TokenStream {
        let door = Ident::new(DOOR, span);
        let name = Ident::new(self.name(), span);
        quote_spanned!(span=> #door::#name)
    }

    /// Returns the path of a trait's function. Errors about the function appear at `place`, from its first token to
    /// its last.
    pub(crate) fn function(self, name: &str, place: Place) -> TokenStream {
        let door = Ident::new(DOOR, place.start);
        let item = Ident::new(self.name(), place.start);
        let name = Ident::new(name, place.end);
        quote_spanned!(place.start=> #door::#item::#name)
    }
}

impl Root {
    pub(crate) fn of(options: &Options) -> Self {
        let given = options.root.as_ref();
        Self(given.map_or_else(
            || {
                let name = manifest::other_name().unwrap_or_else(|| "runpod".to_owned());
                let name = Ident::new(&name, Span::mixed_site());
                quote_spanned!(Span::mixed_site()=> ::#name)
            },
            |root| root.value.to_token_stream(),
        ))
    }

    /// Returns `use ::runpod::__private as __rp;`.
    pub(crate) fn door(&self) -> TokenStream {
        let root = &self.0;
        let here = Span::mixed_site();
        let door = Ident::new(DOOR, here);
        quote_spanned!(here=> use #root::__private as #door;)
    }

    /// Returns the same import, and an import of the fallback trait for method look-up: `use __rp::ReturnedValue as
    /// _;`.
    pub(crate) fn import(&self, ladder: Item) -> TokenStream {
        let here = Span::mixed_site();
        let (door, rung) = (self.door(), ladder.path(here));
        quote_spanned!(here=> #door use #rung as _;)
    }

    /// Returns the path of the argument type `JobContext`.
    pub(crate) fn job_context(&self) -> TokenStream {
        let root = &self.0;
        quote_spanned!(Span::mixed_site()=> #root::JobContext)
    }

    /// Returns the path of the `stream!` macro.
    pub(crate) fn stream(&self) -> TokenStream {
        let root = &self.0;
        quote_spanned!(Span::mixed_site()=> #root::stream)
    }
}

/// Paths of the standard library.
pub(crate) mod standard {
    use proc_macro2::{Span, TokenStream};
    use quote::quote_spanned;

    pub(crate) fn exit_code(span: Span) -> TokenStream {
        quote_spanned!(span=> ::std::process::ExitCode)
    }

    /// Returns `file!()` and `line!()`, which report the position of `span`.
    pub(crate) fn place(span: Span) -> (TokenStream, TokenStream) {
        (
            quote_spanned!(span=> ::core::file!()),
            quote_spanned!(span=> ::core::line!()),
        )
    }
}
