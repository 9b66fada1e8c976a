//! What the user wrote, typed: the function, and the options of the attribute on it.

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use quote::quote;
use syn::{Attribute, Expr, ExprPath, LitStr, Path, Signature, Visibility};

/// Where an attribute stands, which decides what it makes and which options it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// `#[handler]` on a function.
    Handler,
    /// `#[main]` on a function that is not `main`: that function is the handler.
    MainOnHandler,
    /// `#[main]` on `main`: that function makes the state.
    Main,
}

impl Place {
    /// The attribute as the user knows it.
    pub(crate) fn attribute(self) -> &'static str {
        match self {
            Self::Handler => "#[runpod::handler]",
            Self::MainOnHandler | Self::Main => "#[runpod::main]",
        }
    }

    /// What the function is called in messages.
    pub(crate) fn subject(self) -> &'static str {
        match self {
            Self::Handler | Self::MainOnHandler => "a handler",
            Self::Main => "`main`",
        }
    }
}

/// The name of an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    Stream,
    Name,
    RefreshWorker,
    ReturnAggregateStream,
    Concurrency,
    ConcurrencyModifier,
    Handler,
    Route,
    MaxConsecutiveFailures,
    WorkerThreads,
    Crate,
}

impl Key {
    const ALL: [Self; 11] = [
        Self::Stream,
        Self::Name,
        Self::RefreshWorker,
        Self::ReturnAggregateStream,
        Self::Concurrency,
        Self::ConcurrencyModifier,
        Self::Handler,
        Self::Route,
        Self::MaxConsecutiveFailures,
        Self::WorkerThreads,
        Self::Crate,
    ];

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|key| key.name() == name)
    }

    /// The options that an attribute has at this place.
    pub(crate) fn of(place: Place) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(move |key| key.fits(place))
    }

    pub(crate) fn fits(self, place: Place) -> bool {
        match self {
            Self::Stream | Self::Name => place != Place::Main,
            Self::Crate => true,
            _ => place != Place::Handler,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Stream => "stream",
            Self::Name => "name",
            Self::RefreshWorker => "refresh_worker",
            Self::ReturnAggregateStream => "return_aggregate_stream",
            Self::Concurrency => "concurrency",
            Self::ConcurrencyModifier => "concurrency_modifier",
            Self::Handler => "handler",
            Self::Route => "route",
            Self::MaxConsecutiveFailures => "max_consecutive_failures",
            Self::WorkerThreads => "worker_threads",
            Self::Crate => "crate",
        }
    }

    /// The option as one writes it.
    pub(crate) fn example(self) -> &'static str {
        match self {
            Self::Stream => "stream",
            Self::Name => "name = \"greet\"",
            Self::RefreshWorker => "refresh_worker = true",
            Self::ReturnAggregateStream => "return_aggregate_stream = true",
            Self::Concurrency => "concurrency = 4",
            Self::ConcurrencyModifier => "concurrency_modifier = scale",
            Self::Handler => "handler = greet",
            Self::Route => "route = \"task\"",
            Self::MaxConsecutiveFailures => "max_consecutive_failures = 3",
            Self::WorkerThreads => "worker_threads = 2",
            Self::Crate => "crate = runpod",
        }
    }

    /// What the option's value is.
    pub(crate) fn value(self) -> &'static str {
        match self {
            Self::Stream => "no value",
            Self::Name => "a text, the handler's name",
            Self::RefreshWorker | Self::ReturnAggregateStream => "`true` or `false`",
            Self::Concurrency => "a whole number, the jobs that may run at once",
            Self::MaxConsecutiveFailures => {
                "a whole number, the failed jobs in a row that mean that the worker is broken"
            }
            Self::WorkerThreads => "a whole number of threads",
            Self::ConcurrencyModifier => "a `fn(usize) -> usize`, by its path or as a closure",
            Self::Handler => "the path of a handler function",
            Self::Route => "a text, the key of the input that names the handler",
            Self::Crate => "the path under which this crate is known",
        }
    }
}

/// An option's value and where the option stands.
pub(crate) struct Given<T> {
    pub(crate) span: Span,
    pub(crate) value: T,
}

/// What an option is set to: read here where it is a literal, and left to the compiler where it is a constant or another
/// expression.
pub(crate) enum Setting<T> {
    Literal(T),
    Expression(Box<Expr>),
}

/// All options of both attributes; which of them an attribute has is [`Key::fits`].
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) stream: Option<Given<()>>,
    pub(crate) name: Option<Given<Setting<LitStr>>>,
    pub(crate) refresh_worker: Option<Given<Setting<bool>>>,
    pub(crate) return_aggregate_stream: Option<Given<Setting<bool>>>,
    pub(crate) concurrency: Option<Given<Setting<usize>>>,
    pub(crate) concurrency_modifier: Option<Given<Expr>>,
    pub(crate) handler: Option<Given<ExprPath>>,
    pub(crate) route: Option<Given<Setting<LitStr>>>,
    pub(crate) max_consecutive_failures: Option<Given<Setting<usize>>>,
    pub(crate) worker_threads: Option<Given<Setting<usize>>>,
    /// `crate = path`; the keyword cannot be a field's name.
    pub(crate) root: Option<Given<Path>>,
}

/// A function. Its body is not parsed, so that one which is still being typed does not stop the expansion.
pub(crate) struct Function {
    /// All of it, exactly as written.
    pub(crate) written: TokenStream,
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) signature: Signature,
    /// The block, or the `;` of a function without one.
    pub(crate) body: TokenStream,
}

impl Function {
    pub(crate) fn is_main(&self) -> bool {
        self.signature.ident == "main"
    }

    /// What is in the body's braces.
    pub(crate) fn block(&self) -> Option<TokenStream> {
        let mut body = self.body.clone();
        loop {
            match body.into_iter().next()? {
                TokenTree::Group(block) if block.delimiter() == Delimiter::Brace => {
                    return Some(block.stream());
                }
                // What came through another macro is wrapped in a group that one cannot see.
                TokenTree::Group(group) if group.delimiter() == Delimiter::None => {
                    body = group.stream();
                }
                _ => return None,
            }
        }
    }

    /// Attributes of one of these names, such as `cfg`.
    pub(crate) fn attributes_named(&self, names: &[&str]) -> Vec<&Attribute> {
        named(&self.attributes, names)
    }

    /// For inside of another function, where saying `pub` means nothing and is a lint's matter.
    pub(crate) fn without_visibility(&self) -> TokenStream {
        let Self {
            attributes,
            signature,
            body,
            ..
        } = self;
        quote!(#(#attributes)* #signature #body)
    }
}

/// Those of `attributes` that have one of these names.
pub(crate) fn named<'a>(attributes: &'a [Attribute], names: &[&str]) -> Vec<&'a Attribute> {
    attributes
        .iter()
        .filter(|attribute| names.iter().any(|name| attribute.path().is_ident(name)))
        .collect()
}
