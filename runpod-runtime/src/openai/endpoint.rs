//! What an attribute says about a handler for an `OpenAI` route.

/// A route of `OpenAI`'s API that a handler can serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Route {
    ChatCompletions,
    Completions,
    Embeddings,
}

impl Route {
    pub(crate) const ALL: [Self; 3] = [Self::ChatCompletions, Self::Completions, Self::Embeddings];

    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::ChatCompletions => "/v1/chat/completions",
            Self::Completions => "/v1/completions",
            Self::Embeddings => "/v1/embeddings",
        }
    }

    /// Returns the route of a path. Clients with another base address may leave out `/v1`.
    pub(crate) fn of_path(path: &str) -> Option<Self> {
        let path = path.trim_end_matches('/');
        Self::ALL
            .into_iter()
            .find(|route| route.path() == path || route.path().strip_prefix("/v1") == Some(path))
    }
}

/// The options of a handler's attribute.
#[derive(Debug, Clone, Copy)]
pub struct Endpoint {
    pub(crate) route: Route,
    pub(crate) model: Option<&'static str>,
    pub(crate) context_window: Option<usize>,
    pub(crate) accepts: &'static str,
}

impl Endpoint {
    /// The route `chat.completions`.
    pub const CHAT: Self = Self::new(Route::ChatCompletions);
    /// The route `completions`.
    pub const COMPLETIONS: Self = Self::new(Route::Completions);
    /// The route `embeddings`.
    pub const EMBEDDINGS: Self = Self::new(Route::Embeddings);

    const fn new(route: Route) -> Self {
        Self {
            route,
            model: None,
            context_window: None,
            accepts: "",
        }
    }

    /// The name of the model.
    #[must_use]
    pub const fn model(mut self, name: &'static str) -> Self {
        self.model = Some(name);
        self
    }

    /// The number of tokens in the model's context window.
    #[must_use]
    pub const fn context_window(mut self, tokens: usize) -> Self {
        self.context_window = Some(tokens);
        self
    }

    /// The optional parameters that the handler supports, separated by commas.
    #[must_use]
    pub const fn accepts(mut self, names: &'static str) -> Self {
        self.accepts = names;
        self
    }
}

/// Returns whether a list of names that are separated by commas contains the name.
pub(crate) fn is_accepted(accepts: &str, name: &str) -> bool {
    accepts.split(',').any(|accepted| accepted.trim() == name)
}
