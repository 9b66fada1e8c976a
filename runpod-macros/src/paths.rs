//! Every path that generated code may name. What is not listed here, the macros do not know.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::Ident;

use crate::manifest;
use crate::model::Options;
use crate::places::Place;

/// The way to our own crate: what `crate = path` says, or `::` and the name in the manifest, which is `runpod` by itself.
pub(crate) struct Root(TokenStream);

/// What generated code calls the runtime's `__private` module. It is imported once per block, so that a crate which
/// cannot be found is one error and not one for every path.
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
            Self::IntoFailure => "IntoFailure",
            Self::Launch => "launch",
            Self::WorkerConfig => "WorkerConfig",
            Self::Setup => "Setup",
            Self::SetupReturned => "SetupReturned",
            Self::SetupValue => "SetupValue",
            Self::WorkerState => "WorkerState",
            Self::Awaited => "Awaited",
            Self::NoExitCode => "NoExitCode",
            Self::Schemas => "schemas",
            Self::Validate => "validate",
        }
    }
}

impl Item {
    /// The path of the item, where [`Root::import`] stands; errors about it are shown at `span`.
    pub(crate) fn path(self, span: Span) -> TokenStream {
        let door = Ident::new(DOOR, span);
        let name = Ident::new(self.name(), span);
        quote_spanned!(span=> #door::#name)
    }

    /// A function of a trait; errors about it are shown at `place`, from its first token to its last.
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

    /// `use ::runpod::__private as __rp;`
    pub(crate) fn door(&self) -> TokenStream {
        let root = &self.0;
        let here = Span::mixed_site();
        let door = Ident::new(DOOR, here);
        quote_spanned!(here=> use #root::__private as #door;)
    }

    /// The same, and the `ladder`'s lower rung: `use __rp::ReturnedValue as _;`
    pub(crate) fn import(&self, ladder: Item) -> TokenStream {
        let here = Span::mixed_site();
        let (door, rung) = (self.door(), ladder.path(here));
        quote_spanned!(here=> #door use #rung as _;)
    }

    /// `JobContext`, the argument.
    pub(crate) fn job_context(&self) -> TokenStream {
        let root = &self.0;
        quote_spanned!(Span::mixed_site()=> #root::JobContext)
    }

    /// The `stream!` macro.
    pub(crate) fn stream(&self) -> TokenStream {
        let root = &self.0;
        quote_spanned!(Span::mixed_site()=> #root::stream)
    }
}

/// A path of the standard library.
pub(crate) mod standard {
    use proc_macro2::{Span, TokenStream};
    use quote::quote_spanned;

    pub(crate) fn exit_code(span: Span) -> TokenStream {
        quote_spanned!(span=> ::std::process::ExitCode)
    }

    /// `file!()` and `line!()` tell the place of the span that they are written at.
    pub(crate) fn place(span: Span) -> (TokenStream, TokenStream) {
        (
            quote_spanned!(span=> ::core::file!()),
            quote_spanned!(span=> ::core::line!()),
        )
    }
}
