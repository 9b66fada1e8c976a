//! The typed model of the user's code: the function, and the options of its attribute.

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use quote::quote;
use syn::{Attribute, Expr, ExprPath, LitStr, Path, Signature, Visibility};

use crate::openai_route::{ROUTES, Route};

/// The place of an attribute. It decides which code the attribute generates and which options it accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// `#[handler]` on a function.
    Handler,
    /// `#[main]` on a function that is not `main`: the function is the handler.
    MainOnHandler,
    /// `#[main]` on `main`: the function creates the state.
    Main,
    /// `#[fitness_check]` on a function.
    FitnessCheck,
    /// `#[on_shutdown]` on a function.
    OnShutdown,
}

impl Place {
    /// Returns the attribute as the user writes it.
    pub(crate) fn attribute(self) -> &'static str {
        match self {
            Self::Handler => "#[runpod::handler]",
            Self::MainOnHandler | Self::Main => "#[runpod::main]",
            Self::FitnessCheck => "#[runpod::fitness_check]",
            Self::OnShutdown => "#[runpod::on_shutdown]",
        }
    }

    /// Returns whether the function runs before the first job or after the last one.
    pub(crate) fn is_hook(self) -> bool {
        matches!(self, Self::FitnessCheck | Self::OnShutdown)
    }

    /// Returns the term for the function in messages.
    pub(crate) fn subject(self) -> &'static str {
        match self {
            Self::Handler | Self::MainOnHandler => "a handler",
            Self::Main => "`main`",
            Self::FitnessCheck => "a fitness check",
            Self::OnShutdown => "a shutdown hook",
        }
    }

    /// Returns what a function with this attribute does, for messages.
    pub(crate) fn purpose(self) -> &'static str {
        match self {
            Self::Handler | Self::MainOnHandler | Self::Main => "handles the jobs",
            Self::FitnessCheck => "checks the worker",
            Self::OnShutdown => "cleans up after the last job",
        }
    }
}

/// The name of an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    Stream,
    Name,
    OpenAi,
    Model,
    ContextWindow,
    Accepts,
    RefreshWorker,
    ReturnAggregateStream,
    Concurrency,
    ConcurrencyModifier,
    MinConcurrency,
    MaxConcurrency,
    Handler,
    Route,
    MaxConsecutiveFailures,
    WorkerThreads,
    InitTimeout,
    TimeoutS,
    Router,
    Around,
    Batch,
    MaxBatchSize,
    MaxWait,
    Weight,
    MaxWeight,
    ConcurrentBatches,
    Crate,
}

impl Key {
    const ALL: [Self; 27] = [
        Self::Stream,
        Self::Name,
        Self::OpenAi,
        Self::Model,
        Self::ContextWindow,
        Self::Accepts,
        Self::RefreshWorker,
        Self::ReturnAggregateStream,
        Self::Concurrency,
        Self::ConcurrencyModifier,
        Self::MinConcurrency,
        Self::MaxConcurrency,
        Self::Handler,
        Self::Route,
        Self::MaxConsecutiveFailures,
        Self::WorkerThreads,
        Self::InitTimeout,
        Self::TimeoutS,
        Self::Router,
        Self::Around,
        Self::Batch,
        Self::MaxBatchSize,
        Self::MaxWait,
        Self::Weight,
        Self::MaxWeight,
        Self::ConcurrentBatches,
        Self::Crate,
    ];

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|key| key.name() == name)
    }

    /// Returns the options that an attribute accepts at this place.
    pub(crate) fn of(place: Place) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(move |key| key.fits(place))
    }

    pub(crate) fn fits(self, place: Place) -> bool {
        match self {
            Self::Stream | Self::OpenAi | Self::Model | Self::ContextWindow | Self::Accepts => {
                matches!(place, Place::Handler | Place::MainOnHandler)
            }
            _ if self.is_of_batches() => {
                matches!(place, Place::Handler | Place::MainOnHandler)
            }
            Self::Name => place != Place::Main,
            Self::TimeoutS => place.is_hook(),
            Self::Crate => true,
            // Only `main` takes long: a handler that is the whole worker has no state to create.
            Self::InitTimeout => place == Place::Main,
            _ => matches!(place, Place::MainOnHandler | Place::Main),
        }
    }

    /// Returns whether the option is `batch`, or belongs to it.
    pub(crate) fn is_of_batches(self) -> bool {
        matches!(
            self,
            Self::Batch
                | Self::MaxBatchSize
                | Self::MaxWait
                | Self::Weight
                | Self::MaxWeight
                | Self::ConcurrentBatches
        )
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Stream => "stream",
            Self::Name => "name",
            Self::OpenAi => "openai",
            Self::Model => "model",
            Self::ContextWindow => "context_window",
            Self::Accepts => "accepts",
            Self::RefreshWorker => "refresh_worker",
            Self::ReturnAggregateStream => "return_aggregate_stream",
            Self::Concurrency => "concurrency",
            Self::ConcurrencyModifier => "concurrency_modifier",
            Self::MinConcurrency => "min_concurrency",
            Self::MaxConcurrency => "max_concurrency",
            Self::Handler => "handler",
            Self::Route => "route",
            Self::MaxConsecutiveFailures => "max_consecutive_failures",
            Self::WorkerThreads => "worker_threads",
            Self::InitTimeout => "init_timeout",
            Self::TimeoutS => "timeout_s",
            Self::Router => "router",
            Self::Around => "around",
            Self::Batch => "batch",
            Self::MaxBatchSize => "max_batch_size",
            Self::MaxWait => "max_wait",
            Self::Weight => "weight",
            Self::MaxWeight => "max_weight",
            Self::ConcurrentBatches => "concurrent_batches",
            Self::Crate => "crate",
        }
    }

    /// Returns an example of the option, with a value if the option takes one.
    pub(crate) fn example(self) -> &'static str {
        match self {
            Self::Stream => "stream",
            Self::Name => "name = \"greet\"",
            Self::OpenAi => "openai = \"chat.completions\"",
            Self::Model => "model = \"smollm2\"",
            Self::ContextWindow => "context_window = 2048",
            Self::Accepts => "accepts = \"image_url\"",
            Self::RefreshWorker => "refresh_worker = true",
            Self::ReturnAggregateStream => "return_aggregate_stream = true",
            Self::Concurrency => "concurrency = 4",
            Self::ConcurrencyModifier => "concurrency_modifier = scale",
            Self::MinConcurrency => "min_concurrency = 2",
            Self::MaxConcurrency => "max_concurrency = 32",
            Self::Handler => "handler = greet",
            Self::Route => "route = \"task\"",
            Self::MaxConsecutiveFailures => "max_consecutive_failures = 3",
            Self::WorkerThreads => "worker_threads = 2",
            Self::InitTimeout => "init_timeout = 900",
            Self::TimeoutS => "timeout_s = 30",
            Self::Router => "router = routes",
            Self::Around => "around = timed",
            Self::Batch => "batch",
            Self::MaxBatchSize => "max_batch_size = 32",
            Self::MaxWait => "max_wait = 20",
            Self::Weight => "weight = tokens",
            Self::MaxWeight => "max_weight = 8192",
            Self::ConcurrentBatches => "concurrent_batches = 2",
            Self::Crate => "crate = runpod",
        }
    }

    /// Returns a description of the option's value, for messages.
    pub(crate) fn value(self) -> &'static str {
        match self {
            Self::Stream | Self::Batch => "no value",
            Self::Name => "a string: the handler's name",
            Self::OpenAi => ROUTES,
            Self::Model => "a string: the name of the model for clients",
            Self::ContextWindow => "a whole number: the tokens in the model's context window",
            Self::Accepts => "a string: parameters that the handler supports, separated by commas",
            Self::RefreshWorker | Self::ReturnAggregateStream => "`true` or `false`",
            Self::Concurrency => "a whole number, how many jobs may run at once, or `\"auto\"`",
            Self::MinConcurrency => "a whole number: how many jobs may always run at once",
            Self::MaxConcurrency => "a whole number: how many jobs may run at once at most",
            Self::MaxConsecutiveFailures => {
                "a whole number: how many jobs may fail in a row before the worker exits"
            }
            Self::WorkerThreads => "a whole number: how many threads run async handlers",
            Self::InitTimeout => "a whole number: for how many seconds `main` may run",
            Self::TimeoutS => "a whole number: how many seconds the function may take",
            Self::ConcurrencyModifier => "a `fn(usize) -> usize`: its path, or a closure",
            Self::Router => "a function that returns an `axum::Router`: its path, or a closure",
            Self::Around => "the path of an `async fn(JobCall, Next) -> JobResult`",
            Self::Handler => "the path of a handler function",
            Self::Route => "a string: the input key that names the handler",
            Self::MaxBatchSize => "a whole number: how many jobs a call may have",
            Self::MaxWait => "a whole number: for how many milliseconds a job may wait for others",
            Self::Weight => {
                "a `fn(&T) -> usize`, where `T` is the input of one job: its path, or a closure"
            }
            Self::MaxWeight => "a whole number: the maximum total weight of the jobs in a call",
            Self::ConcurrentBatches => "a whole number: how many calls may run at once",
            Self::Crate => "the path of the `runpod` crate",
        }
    }
}

/// An option's value and the option's span.
pub(crate) struct Given<T> {
    pub(crate) span: Span,
    pub(crate) value: T,
}

/// The value that sets an option. The macro reads a literal itself, and passes any other expression, such as a
/// constant, to the compiler.
pub(crate) enum Setting<T> {
    Literal(T),
    Expression(Box<Expr>),
}

/// All options of all attributes. [`Key::fits`] decides which options an attribute accepts.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) stream: Option<Given<()>>,
    pub(crate) name: Option<Given<Setting<LitStr>>>,
    pub(crate) openai: Option<Given<Route>>,
    pub(crate) model: Option<Given<Setting<LitStr>>>,
    pub(crate) context_window: Option<Given<Setting<usize>>>,
    pub(crate) accepts: Option<Given<Setting<LitStr>>>,
    pub(crate) refresh_worker: Option<Given<Setting<bool>>>,
    pub(crate) return_aggregate_stream: Option<Given<Setting<bool>>>,
    pub(crate) concurrency: ConcurrencyOptions,
    pub(crate) handler: Option<Given<ExprPath>>,
    pub(crate) route: Option<Given<Setting<LitStr>>>,
    pub(crate) max_consecutive_failures: Option<Given<Setting<usize>>>,
    pub(crate) worker_threads: Option<Given<Setting<usize>>>,
    pub(crate) init_timeout: Option<Given<Setting<usize>>>,
    pub(crate) timeout_s: Option<Given<Setting<usize>>>,
    pub(crate) router: Option<Given<Expr>>,
    pub(crate) around: Option<Given<ExprPath>>,
    pub(crate) batching: BatchOptions,
    /// `crate = path`; the keyword cannot be a field's name.
    pub(crate) root: Option<Given<Path>>,
}

/// The option `concurrency` and the options that belong to it.
#[derive(Default)]
pub(crate) struct ConcurrencyOptions {
    pub(crate) jobs: Option<Given<Concurrency>>,
    /// Whether `concurrency` has a wrong value, which was reported.
    pub(crate) is_wrong: bool,
    pub(crate) modifier: Option<Given<Expr>>,
    pub(crate) min: Option<Given<Setting<usize>>>,
    pub(crate) max: Option<Given<Setting<usize>>>,
}

/// The value of `concurrency`.
pub(crate) enum Concurrency {
    Auto,
    Jobs(Setting<usize>),
}

/// The option `batch` and the options that belong to it.
#[derive(Default)]
pub(crate) struct BatchOptions {
    pub(crate) batch: Option<Given<()>>,
    pub(crate) max_batch_size: Option<Given<Setting<usize>>>,
    pub(crate) max_wait: Option<Given<Setting<usize>>>,
    pub(crate) weight: Option<Given<Expr>>,
    pub(crate) max_weight: Option<Given<Setting<usize>>>,
    pub(crate) concurrent_batches: Option<Given<Setting<usize>>>,
}

/// A function. Its body is not parsed, so the expansion works while the user is still typing the body.
pub(crate) struct Function {
    /// The whole function, exactly as written.
    pub(crate) written: TokenStream,
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) signature: Signature,
    /// The block, or the `;` of a function without a body.
    pub(crate) body: TokenStream,
}

impl Function {
    pub(crate) fn is_main(&self) -> bool {
        self.signature.ident == "main"
    }

    /// The tokens between the body's braces.
    pub(crate) fn block(&self) -> Option<TokenStream> {
        let mut body = self.body.clone();
        loop {
            match body.into_iter().next()? {
                TokenTree::Group(block) if block.delimiter() == Delimiter::Brace => {
                    return Some(block.stream());
                }
                // Tokens that another macro passes on are wrapped in an invisible group.
                TokenTree::Group(group) if group.delimiter() == Delimiter::None => {
                    body = group.stream();
                }
                _ => return None,
            }
        }
    }

    /// Returns the attributes with one of these names, such as `cfg`.
    pub(crate) fn attributes_named(&self, names: &[&str]) -> Vec<&Attribute> {
        named(&self.attributes, names)
    }

    /// Returns the function without its visibility: inside another function, `pub` has no effect and triggers a lint.
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

/// Returns the elements of `attributes` that have one of these names.
pub(crate) fn named<'a>(attributes: &'a [Attribute], names: &[&str]) -> Vec<&'a Attribute> {
    attributes
        .iter()
        .filter(|attribute| names.iter().any(|name| attribute.path().is_ident(name)))
        .collect()
}
