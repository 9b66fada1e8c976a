//! The reasons why no handler can be chosen.

use super::registry::Handler;

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
    #[cfg(feature = "openai")]
    #[error(
        "two handlers serve the same route of OpenAI's API with the same model:\n  - {first}\n  - {second}\n\
         Give one of them another model with `#[handler(openai = \"…\", model = \"…\")]`. If the variable \
         OPENAI_SERVED_MODEL_NAME_OVERRIDE is set, all handlers have its value as their model."
    )]
    SameModel { first: String, second: String },
    #[error("{0}")]
    Unfit(String),
}

/// Lists handlers, one on each line.
pub(super) fn list(handlers: &[Handler]) -> String {
    handlers.iter().fold(String::new(), |mut text, handler| {
        text.push_str("\n  - ");
        text.push_str(&handler.to_string());
        text
    })
}
