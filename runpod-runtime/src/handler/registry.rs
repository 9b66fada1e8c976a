//! The handlers of a worker.

use std::fmt;
use std::sync::Arc;

use super::argument::{Argument, Role};
use super::batch::HandlerBatcher;
use super::call::Call;
use super::extract::Extractor;
use super::failure::Failure;
use super::invocation::Invocation;
use super::registration::{FunctionId, Kind, Registration};
use super::schema::Schemas;
use super::state::StateType;

type CallFn = dyn Fn(&mut Call) -> Result<Invocation, Failure> + Send + Sync;

/// The route of `OpenAI`'s API and the model that a handler serves.
#[cfg(feature = "openai")]
#[derive(Debug, Clone)]
pub(crate) struct Served {
    pub(super) route: crate::openai::Route,
    pub(super) model: Arc<str>,
}

/// The variable that gives the model another name. Runpod's vLLM worker reads the same variable.
#[cfg(feature = "openai")]
const MODEL_NAME: &str = "OPENAI_SERVED_MODEL_NAME_OVERRIDE";

#[cfg(feature = "openai")]
impl Served {
    fn of(endpoint: &crate::openai::Endpoint, function: &str) -> Self {
        let given = std::env::var(MODEL_NAME).unwrap_or_default();
        let given = Some(given.trim()).filter(|name| !name.is_empty());
        Self {
            route: endpoint.route,
            model: given.or(endpoint.model).unwrap_or(function).into(),
        }
    }
}

/// A handler, from an attribute or from the builder.
#[derive(Clone)]
pub(crate) struct Handler {
    pub(crate) name: String,
    /// The file and line of its source. `None` for a function without an attribute.
    pub(crate) place: Option<String>,
    pub(crate) id: FunctionId,
    pub(crate) kind: Kind,
    pub(crate) arguments: Vec<Argument>,
    /// `None` for a function without an attribute.
    #[cfg_attr(
        not(feature = "schema"),
        expect(dead_code, reason = "only the feature `schema` reads it")
    )]
    pub(crate) schemas: Option<fn() -> Schemas>,
    #[cfg(feature = "openai")]
    pub(crate) openai: Option<Served>,
    /// Whether it answers a request without a function of the user.
    #[cfg(feature = "openai")]
    pub(crate) is_reply: bool,
    /// Collects the jobs of a batch handler.
    pub(crate) batcher: Option<Arc<HandlerBatcher>>,
    pub(super) call: Arc<CallFn>,
}

impl Handler {
    fn of(registration: &Registration) -> Self {
        #[cfg(feature = "openai")]
        let openai = registration
            .openai
            .map(|endpoint| Served::of(&endpoint, registration.function.name));
        Self {
            name: registration.function.name.to_owned(),
            place: Some(registration.function.place()),
            id: (registration.function.id)(),
            kind: registration.kind,
            arguments: registration.arguments.iter().map(|it| it()).collect(),
            schemas: registration.schemas,
            batcher: registration
                .batching
                .as_ref()
                .map(|options| HandlerBatcher::new(options().limits)),
            #[cfg(feature = "openai")]
            is_reply: false,
            #[cfg(feature = "openai")]
            call: match (registration.openai, &openai) {
                (Some(endpoint), Some(Served { model, .. })) => {
                    super::openai::adapted(registration.call, endpoint, model.to_string())
                }
                _ => Arc::new(registration.call),
            },
            #[cfg(feature = "openai")]
            openai,
            #[cfg(not(feature = "openai"))]
            call: Arc::new(registration.call),
        }
    }

    /// Creates the arguments of a call. The call can then run.
    pub(crate) fn prepare(&self, call: &mut Call) -> Result<Invocation, Failure> {
        let in_use = call.in_use.clone();
        (self.call)(call).map(|invocation| invocation.using(in_use))
    }

    /// Returns the route of `OpenAI`'s API that the handler serves.
    #[cfg(feature = "openai")]
    pub(crate) fn route(&self) -> Option<crate::openai::Route> {
        Some(self.openai.as_ref()?.route)
    }

    /// Returns the name of the model that the handler serves to `OpenAI` clients.
    #[cfg(feature = "openai")]
    pub(super) fn model(&self) -> Option<&str> {
        Some(&*self.openai.as_ref()?.model)
    }

    /// Returns the name of the model with which `OpenAI` clients chat, if the handler serves chat completions.
    #[cfg_attr(
        not(any(feature = "local", feature = "schema")),
        expect(dead_code, reason = "only descriptions of the worker contain it")
    )]
    #[cfg(feature = "openai")]
    pub(crate) fn chat_model(&self) -> Option<&str> {
        let is_chat = self.route() == Some(crate::openai::Route::ChatCompletions);
        self.model().filter(|_| is_chat)
    }

    /// Returns `None`, because chats need the feature `openai`.
    #[cfg(all(any(feature = "local", feature = "schema"), not(feature = "openai")))]
    #[expect(clippy::unused_self, reason = "with the feature `openai`, it is used")]
    pub(crate) fn chat_model(&self) -> Option<&str> {
        None
    }

    /// Returns whether the result repeats all items, in whatever way the worker is set up. The platform's proxy for
    /// `OpenAI` clients may read the answer from the result.
    #[cfg(feature = "openai")]
    pub(crate) fn repeats_items(&self) -> bool {
        self.openai.is_some()
    }

    pub(crate) fn streams(&self) -> bool {
        self.kind == Kind::Stream
    }

    /// Returns whether the handler's code may run on a blocking thread. For a stream handler, this is not known
    /// before the call, because it may return an iterator or a stream.
    pub(super) fn may_block(&self) -> bool {
        self.kind != Kind::Async
    }

    /// Returns the position of the argument with this role.
    #[cfg(feature = "schema")]
    pub(crate) fn position(&self, is_it: impl Fn(&Role) -> bool) -> Option<usize> {
        self.arguments.iter().position(|it| is_it(&it.0))
    }

    /// Returns the extractors of the handler's arguments, in the order of the arguments.
    pub(crate) fn extractors(&self) -> impl Iterator<Item = Extractor> {
        self.arguments
            .iter()
            .filter_map(|argument| match argument.0 {
                Role::Extracted(extractor) => Some(extractor),
                _ => None,
            })
    }

    pub(super) fn states(&self) -> impl Iterator<Item = StateType> {
        self.arguments
            .iter()
            .filter_map(|argument| match argument.0 {
                Role::State(state) => Some(state),
                _ => None,
            })
    }
}

impl fmt::Display for Handler {
    /// Shows the handler as users know it: `greet` (src/main.rs:7).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some(place) => write!(f, "`{}` ({place})", self.name),
            None => write!(f, "`{}`", self.name),
        }
    }
}

impl fmt::Debug for Handler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handler")
            .field("name", &self.name)
            .field("place", &self.place)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// Returns all handlers that attributes registered in this binary, sorted, so that messages are the same every time.
pub(crate) fn registered() -> Vec<Handler> {
    let mut all: Vec<_> = inventory::iter::<Registration>
        .into_iter()
        .map(Handler::of)
        .collect();
    all.sort_by(|a, b| (a.id.path, &a.name).cmp(&(b.id.path, &b.name)));
    all
}

/// Returns the registration of a function that is passed to the builder.
pub(super) fn registered_as(id: FunctionId, kind: Kind) -> Option<Handler> {
    inventory::iter::<Registration>
        .into_iter()
        .find(|known| known.kind == kind && (known.function.id)() == id)
        .map(Handler::of)
}
