//! The state that all routes share. The routes import this module, and the endpoint passes them the state.

use std::sync::{Arc, PoisonError, RwLock};

use serde_json::Value;

use crate::queue::Queue;
use crate::settings::{Limits, Timing};

/// A handler of the attached worker, as the page and `/openapi.json` describe it.
///
/// ```
/// use runpod_local::{Endpoint, HandlerInfo};
/// use serde_json::json;
///
/// let shout = HandlerInfo {
///     name: "shout".to_owned(),
///     input: Some(json!({ "type": "object", "properties": { "text": { "type": "string" } } })),
///     ..HandlerInfo::default()
/// };
/// let endpoint = Endpoint::new().handlers(vec![shout]);
/// # drop(endpoint);
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HandlerInfo {
    /// The handler's name.
    pub name: String,
    /// The JSON Schema of its input, if it has one.
    pub input: Option<Value>,
    /// The JSON Schema of its output, if it has one.
    pub output: Option<Value>,
    /// The name of the model with which `OpenAI` clients chat, if the handler serves chat completions.
    pub chat_model: Option<String>,
}

/// The state that all routes share: the queue, the endpoint's description, and the limits and times of its rules.
#[derive(Debug, Clone)]
pub(crate) struct Context {
    pub(crate) queue: Queue,
    pub(crate) description: CurrentDescription,
    pub(crate) limits: Arc<Limits>,
    pub(crate) timing: Arc<Timing>,
}

/// The current description. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct CurrentDescription(Arc<RwLock<Arc<Description>>>);

impl CurrentDescription {
    pub(crate) fn of(description: Description) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(description))))
    }

    pub(crate) fn now(&self) -> Arc<Description> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut Description)) {
        let mut current = self.0.write().unwrap_or_else(PoisonError::into_inner);
        change(Arc::make_mut(&mut current));
    }
}

/// The endpoint as the page and `/openapi.json` describe it.
#[derive(Debug, Clone)]
pub(crate) struct Description {
    pub(crate) id: String,
    /// The endpoint's URL, such as `http://127.0.0.1:8000`.
    pub(crate) url: String,
    /// Whether requests need a key. Only the guard has the key itself.
    pub(crate) has_api_key: bool,
    /// The environment variable that the key was read from. Code that a user copies from the page names it.
    pub(crate) api_key_variable: String,
    pub(crate) rate_limits: bool,
    pub(crate) handlers: Vec<HandlerInfo>,
    /// The key of the input that names the handler, if there are several handlers.
    pub(crate) route: Option<String>,
    /// Example jobs: `{"input": …}`.
    pub(crate) examples: Vec<Value>,
}

impl Context {
    /// Returns the base paths of the API: the empty one, and the one with the endpoint's id, as on Runpod.
    pub(crate) fn bases(&self) -> impl Iterator<Item = String> + use<> {
        [String::new(), format!("/v2/{}", self.description.now().id)].into_iter()
    }
}
