//! What every mounted route has at hand. It stands below the routes: they import it, and the endpoint hands it to them.

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
///     output: None,
/// };
/// let endpoint = Endpoint::new().handlers(vec![shout]);
/// # drop(endpoint);
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HandlerInfo {
    /// What it is called.
    pub name: String,
    /// The JSON Schema of its input, where it has one.
    pub input: Option<Value>,
    /// The JSON Schema of its output, where it has one.
    pub output: Option<Value>,
}

/// What every route has: the queue, the endpoint's own description, and the numbers of its rules.
#[derive(Debug, Clone)]
pub(crate) struct Context {
    pub(crate) queue: Queue,
    pub(crate) description: CurrentDescription,
    pub(crate) limits: Arc<Limits>,
    pub(crate) timing: Arc<Timing>,
}

/// The description as it is now. Clones share it.
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
    /// `http://127.0.0.1:8000`
    pub(crate) url: String,
    /// Whether requests need a key. The key itself is the guard's only.
    pub(crate) has_api_key: bool,
    /// The environment variable that the key was read from, for code that a user copies.
    pub(crate) api_key_variable: String,
    pub(crate) rate_limits: bool,
    pub(crate) handlers: Vec<HandlerInfo>,
    /// The key of the input that names the handler, where there are several.
    pub(crate) route: Option<String>,
    /// Jobs to start with: `{"input": …}`.
    pub(crate) examples: Vec<Value>,
}

impl Context {
    /// Where the API is: bare, and as on the platform.
    pub(crate) fn bases(&self) -> impl Iterator<Item = String> + use<> {
        [String::new(), format!("/v2/{}", self.description.now().id)].into_iter()
    }
}
