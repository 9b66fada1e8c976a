//! The routes of `OpenAI`'s API that a handler can serve.

/// A route of `OpenAI`'s API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Route {
    ChatCompletions,
    Completions,
    Embeddings,
}

impl Route {
    pub(crate) const ALL: [Self; 3] = [Self::ChatCompletions, Self::Completions, Self::Embeddings];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ChatCompletions => "chat.completions",
            Self::Completions => "completions",
            Self::Embeddings => "embeddings",
        }
    }

    /// Returns the name of the constant for the route.
    pub(crate) fn constant(self) -> &'static str {
        match self {
            Self::ChatCompletions => "CHAT",
            Self::Completions => "COMPLETIONS",
            Self::Embeddings => "EMBEDDINGS",
        }
    }
}

/// The values that the option takes, for messages.
pub(crate) const ROUTES: &str = "`\"chat.completions\"`, `\"completions\"` or `\"embeddings\"`";
