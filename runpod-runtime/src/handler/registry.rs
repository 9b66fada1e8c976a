//! The handlers of a worker, and the choice of a handler for each job.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::argument::{Argument, Role};
use super::batch::HandlerBatcher;
use super::call::Call;
use super::extract::Extractor;
use super::failure::Failure;
use super::input;
use super::invocation::Invocation;
use super::job::TakenJob;
use super::registration::{FunctionId, Kind, Registration};
use super::schema::Schemas;
use super::state::StateType;

type CallFn = dyn Fn(&mut Call) -> Result<Invocation, Failure> + Send + Sync;

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
    /// Collects the jobs of a batch handler.
    pub(crate) batcher: Option<Arc<HandlerBatcher>>,
    pub(crate) call: Arc<CallFn>,
}

impl Handler {
    fn of(registration: &Registration) -> Self {
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
            call: Arc::new(registration.call),
        }
    }

    pub(crate) fn streams(&self) -> bool {
        self.kind == Kind::Stream
    }

    /// Returns whether the handler's code may run on a blocking thread. For a stream handler, this is not known
    /// before the call, because it may return an iterator or a stream.
    fn may_block(&self) -> bool {
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

    fn states(&self) -> impl Iterator<Item = StateType> {
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

/// The user's rule to choose handlers.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Choice {
    /// The function that `handler = path` names.
    pub(crate) handler: Option<FunctionId>,
    /// The key of `route = "key"`: the value of `input.key` names the handler.
    pub(crate) route: Option<&'static str>,
}

/// Finds the handler for a job. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) enum Dispatch {
    One(Arc<Handler>),
    Routed {
        key: &'static str,
        handlers: BTreeMap<String, Arc<Handler>>,
    },
    /// Each job names its handler itself, in [`TakenJob::handler`].
    Named(BTreeMap<String, Arc<Handler>>),
}

impl Dispatch {
    /// Chooses among `handlers`, and checks that they take only the types of state that the worker has.
    pub(crate) fn choose(
        handlers: Vec<Handler>,
        choice: Choice,
        states: impl IntoIterator<Item = StateType>,
    ) -> Result<Self, HandlersError> {
        Self::pick(handlers, choice)?.checked(states)
    }

    /// Like [`choose`](Self::choose), for jobs that can name their handler themselves. A worker with several handlers
    /// needs no rule then.
    pub(crate) fn choose_by_name(
        handlers: Vec<Handler>,
        choice: Choice,
        states: impl IntoIterator<Item = StateType>,
    ) -> Result<Self, HandlersError> {
        let dispatch = if handlers.len() > 1 && choice.handler.is_none() && choice.route.is_none() {
            Self::Named(by_name(handlers)?)
        } else {
            Self::pick(handlers, choice)?
        };
        dispatch.checked(states)
    }

    /// Returns the dispatch if its handlers fit these states.
    fn checked(self, states: impl IntoIterator<Item = StateType>) -> Result<Self, HandlersError> {
        let states: Vec<_> = states.into_iter().collect();
        let faults: Vec<String> = self
            .handlers()
            .flat_map(|handler| faults_of(handler, &states))
            .collect();
        if faults.is_empty() {
            Ok(self)
        } else {
            Err(HandlersError::Unfit(faults.join("\n")))
        }
    }

    fn pick(mut handlers: Vec<Handler>, choice: Choice) -> Result<Self, HandlersError> {
        if handlers.is_empty() {
            return Err(HandlersError::None);
        }
        if let Some(id) = choice.handler {
            return match handlers.iter().position(|handler| handler.id == id) {
                Some(index) => Ok(Self::One(Arc::new(handlers.swap_remove(index)))),
                None => Err(HandlersError::NotAHandler {
                    path: id.path.to_owned(),
                    known: list(&handlers),
                }),
            };
        }
        let Some(key) = choice.route else {
            return match handlers.pop() {
                Some(only) if handlers.is_empty() => Ok(Self::One(Arc::new(only))),
                last => {
                    handlers.extend(last);
                    Err(HandlersError::Several(list(&handlers)))
                }
            };
        };
        Ok(Self::Routed {
            key,
            handlers: by_name(handlers)?,
        })
    }

    /// Returns whether [`find`](Self::find) reads the job's input. Reading a large input takes long, so do not call
    /// `find` on a thread that must not block.
    pub(crate) fn reads_input_of(&self, job: &TakenJob) -> bool {
        self.key_for(job).is_some()
    }

    /// Returns the handler for a job. In a worker with a route, this scans the whole input, at about one gigabyte per
    /// second.
    pub(crate) fn find(&self, job: &TakenJob) -> Result<Arc<Handler>, Failure> {
        if let Some(name) = &job.handler {
            let handler = self
                .named(name)
                .ok_or_else(|| Failure::new("RouteError", format!("there is no handler `{name}`")));
            return handler.cloned();
        }
        let (key, handlers) = match self {
            Self::One(handler) => return Ok(Arc::clone(handler)),
            Self::Routed { key, handlers } => (key, handlers),
            Self::Named(_) => {
                let message = "the job does not name its handler; this is a bug in runpod-worker";
                return Err(Failure::new("RouteError", message));
            }
        };
        let known = || {
            let names: Vec<_> = handlers.keys().map(|name| format!("`{name}`")).collect();
            names.join(", ")
        };
        let Some(value) = input::value_of_route(&job.input, key) else {
            return Err(Failure::new(
                "RouteError",
                format!(
                    "input: missing field `{key}`, which names the handler; this worker's handlers are {}",
                    known()
                ),
            ));
        };
        let (expected, found) = if let Ok(name) = serde_json::from_str::<String>(value.get()) {
            if let Some(handler) = handlers.get(&name) {
                return Ok(Arc::clone(handler));
            }
            let name = input::shorten(&format!("{name:?}"));
            (
                "no handler has this name",
                format!("there is no handler {name}"),
            )
        } else {
            let expected = "expected the name of a handler";
            let found = input::shorten(value.get());
            (expected, format!("{expected}, found {found}"))
        };
        let message = |what: &str| {
            format!(
                "input.{key}: {what}; this worker's handlers are {}",
                known()
            )
        };
        Err(Failure {
            without_data: Some(message(expected)),
            ..Failure::new("RouteError", message(&found))
        })
    }

    /// Returns the key of the input that names the handler, if the worker has a route.
    pub(crate) fn key(&self) -> Option<&'static str> {
        match self {
            Self::One(_) | Self::Named(_) => None,
            Self::Routed { key, .. } => Some(key),
        }
    }

    /// Returns the key of the input that names this job's handler, if the input names it.
    pub(crate) fn key_for(&self, job: &TakenJob) -> Option<&'static str> {
        self.key().filter(|_| job.handler.is_none())
    }

    /// Returns the handler with this name.
    fn named(&self, name: &str) -> Option<&Arc<Handler>> {
        match self {
            Self::One(handler) => Some(handler).filter(|it| it.name == name),
            Self::Routed { handlers, .. } | Self::Named(handlers) => handlers.get(name),
        }
    }

    pub(crate) fn handlers(&self) -> Box<dyn Iterator<Item = &Handler> + '_> {
        match self {
            Self::One(handler) => Box::new(std::iter::once(&**handler)),
            Self::Routed { handlers, .. } | Self::Named(handlers) => {
                Box::new(handlers.values().map(|handler| &**handler))
            }
        }
    }

    /// Returns whether any of the handlers streams.
    pub(crate) fn streams(&self) -> bool {
        self.handlers().any(Handler::streams)
    }

    /// Returns whether the code of any handler may run on a blocking thread.
    pub(crate) fn may_block(&self) -> bool {
        self.handlers().any(Handler::may_block)
    }
}

/// Returns the handlers by their names.
fn by_name(handlers: Vec<Handler>) -> Result<BTreeMap<String, Arc<Handler>>, HandlersError> {
    let mut by_name = BTreeMap::new();
    for handler in handlers {
        let second = handler.to_string();
        if let Some(first) = by_name.insert(handler.name.clone(), Arc::new(handler)) {
            return Err(HandlersError::SameName {
                first: first.to_string(),
                second,
            });
        }
    }
    Ok(by_name)
}

/// Returns the errors of a handler in this worker, one line each.
fn faults_of(handler: &Handler, made: &[StateType]) -> Vec<String> {
    let taker = format!("handler {handler}");
    let mut faults: Vec<_> = handler
        .states()
        .filter_map(|asked| asked.missing_from(made, &taker))
        .collect();
    let inputs: Vec<_> = handler
        .arguments
        .iter()
        .filter_map(|argument| match argument.0 {
            Role::Input(name) => Some(format!("`{name}`")),
            _ => None,
        })
        .collect();
    if inputs.len() > 1 {
        faults.push(format!(
            "handler {handler} has {} inputs ({}), but a job has only one. Put the inputs into one struct.",
            inputs.len(),
            inputs.join(" and ")
        ));
    }
    let emits = handler
        .arguments
        .iter()
        .any(|argument| matches!(argument.0, Role::Emitter));
    if emits && !handler.streams() {
        faults.push(format!(
            "handler {handler} takes an `Emitter`, but it is not a `stream` handler. Write `#[handler(stream)]`, or use `.stream(..)`."
        ));
    }
    faults
}

fn list(handlers: &[Handler]) -> String {
    handlers.iter().fold(String::new(), |mut text, handler| {
        text.push_str("\n  - ");
        text.push_str(&handler.to_string());
        text
    })
}

/// The reason why no handler could be chosen.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HandlersError {
    #[error(
        "this worker has no handler. Put `#[runpod::handler]` on a function, or pass a function to `Worker::builder()`. \
         If the function is in a library that the binary does not use otherwise, add `use my_crate as _;` to the binary."
    )]
    None,
    #[error(
        "this worker has several handlers, but nothing chooses between them:{0}\n\
         Write `#[runpod::main(handler = path)]` to use one of them, or `#[runpod::main(route = \"key\")]` to let `input.key` \
         name the handler."
    )]
    Several(String),
    #[error(
        "`handler = {path}` names a function that is not a handler. Put `#[runpod::handler]` on it. The handlers are:{known}"
    )]
    NotAHandler { path: String, known: String },
    #[error(
        "two handlers have the same name, so jobs cannot choose between them:\n  - {first}\n  - {second}\n\
         Give one of them another name with `#[handler(name = \"…\")]`."
    )]
    SameName { first: String, second: String },
    #[error("{0}")]
    Unfit(String),
}

#[cfg(test)]
#[path = "registry_tests.rs"]
mod tests;
