//! The choice of a handler for each job.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::argument::Role;
use super::dispatch_error::{HandlersError, list};
use super::failure::Failure;
use super::input;
use super::job::TakenJob;
use super::registration::FunctionId;
use super::registry::Handler;
use super::state::StateType;

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
    /// The job's route of `OpenAI`'s API decides. Jobs without a route are for the other handlers, if there are any.
    #[cfg(feature = "openai")]
    OpenAi {
        directory: Arc<super::openai::Directory>,
        others: Option<Box<Self>>,
    },
}

impl Dispatch {
    /// Chooses among `handlers`, and checks that they take only the types of state that the worker has.
    pub(crate) fn choose(
        handlers: Vec<Handler>,
        choice: Choice,
        states: impl IntoIterator<Item = StateType>,
    ) -> Result<Self, HandlersError> {
        Self::with_routes(handlers, choice, |handlers| Self::pick(handlers, choice))?
            .checked(states)
    }

    #[cfg(not(feature = "openai"))]
    fn with_routes(
        handlers: Vec<Handler>,
        _choice: Choice,
        choose: impl FnOnce(Vec<Handler>) -> Result<Self, HandlersError>,
    ) -> Result<Self, HandlersError> {
        choose(handlers)
    }

    /// Lets the routes of `OpenAI`'s API decide first, if a handler serves one. `choose` chooses among the others. A
    /// rule for all handlers also applies to those with a route.
    #[cfg(feature = "openai")]
    fn with_routes(
        handlers: Vec<Handler>,
        choice: Choice,
        choose: impl FnOnce(Vec<Handler>) -> Result<Self, HandlersError>,
    ) -> Result<Self, HandlersError> {
        if handlers.iter().all(|handler| handler.openai.is_none()) {
            return choose(handlers);
        }
        if choice.handler.is_some() {
            return Ok(match choose(handlers)? {
                Self::One(only) if only.openai.is_some() => Self::OpenAi {
                    directory: Arc::new(super::openai::Directory::new(vec![only])),
                    others: None,
                },
                other => other,
            });
        }
        let (routed, mut others): (Vec<_>, Vec<_>) = handlers
            .into_iter()
            .partition(|handler| handler.openai.is_some());
        if choice.route.is_some() {
            others.extend(routed.iter().cloned());
        }
        let mut by_route = BTreeMap::new();
        for handler in &routed {
            let key = (
                handler.route().map(crate::openai::Route::path),
                handler.model(),
            );
            if let Some(first) = by_route.insert(key, handler) {
                return Err(HandlersError::SameModel {
                    first: first.to_string(),
                    second: handler.to_string(),
                });
            }
        }
        let directory = Arc::new(super::openai::Directory::new(
            routed.into_iter().map(Arc::new).collect(),
        ));
        let others = if others.is_empty() {
            None
        } else {
            Some(Box::new(choose(others)?))
        };
        Ok(Self::OpenAi { directory, others })
    }

    /// Like [`choose`](Self::choose), for jobs that can name their handler themselves. A worker with several handlers
    /// needs no rule then.
    pub(crate) fn choose_by_name(
        handlers: Vec<Handler>,
        choice: Choice,
        states: impl IntoIterator<Item = StateType>,
    ) -> Result<Self, HandlersError> {
        if handlers.len() > 1 && choice.handler.is_none() {
            // A request names its handler, also one that serves `OpenAI` clients.
            by_name(handlers.clone())?;
        }
        let dispatch = Self::with_routes(handlers, choice, |others| {
            if others.len() > 1 && choice.handler.is_none() && choice.route.is_none() {
                Ok(Self::Named(by_name(others)?))
            } else {
                Self::pick(others, choice)
            }
        });
        dispatch?.checked(states)
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
        #[cfg(feature = "openai")]
        if matches!(self, Self::OpenAi { .. }) && job.handler.is_none() {
            return true;
        }
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
            #[cfg(feature = "openai")]
            Self::OpenAi { directory, others } => {
                return match (directory.find(job, others.is_none()), others) {
                    (Some(handler), _) => Ok(handler),
                    (None, Some(others)) => others.find(job),
                    (None, None) => Err(Failure::new("RouteError", "the job has no route")),
                };
            }
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
            #[cfg(feature = "openai")]
            Self::OpenAi { others, .. } => others.as_ref()?.key(),
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
            #[cfg(feature = "openai")]
            Self::OpenAi { directory, others } => directory
                .handlers()
                .find(|it| it.name == name)
                .or_else(|| others.as_ref()?.named(name)),
        }
    }

    pub(crate) fn handlers(&self) -> Box<dyn Iterator<Item = &Handler> + '_> {
        match self {
            Self::One(handler) => Box::new(std::iter::once(&**handler)),
            Self::Routed { handlers, .. } | Self::Named(handlers) => {
                Box::new(handlers.values().map(|handler| &**handler))
            }
            #[cfg(feature = "openai")]
            Self::OpenAi { directory, others } => {
                let routed = directory.handlers().map(|handler| &**handler);
                let others = others.iter().flat_map(|others| others.handlers());
                // With a key that names handlers, those with a route are in both lists.
                Box::new(routed.chain(others.filter(|handler| handler.openai.is_none())))
            }
        }
    }

    /// Returns whether a job that does not name its handler has one.
    #[cfg(feature = "http")]
    pub(crate) fn has_default(&self) -> bool {
        match self {
            Self::One(_) | Self::Routed { .. } => true,
            Self::Named(_) => false,
            #[cfg(feature = "openai")]
            Self::OpenAi { others, .. } => others.as_ref().is_none_or(|it| it.has_default()),
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

#[cfg(test)]
#[path = "dispatch_tests.rs"]
mod tests;
