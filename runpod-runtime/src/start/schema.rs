//! `--schema`: prints the JSON Schema of the inputs and outputs of a worker's handlers.

use crate::error::Error;
#[cfg(not(feature = "schema"))]
use crate::error::ErrorKind;
use crate::handler::Dispatch;

/// Returns an error that explains how to enable `--schema`.
#[cfg(not(feature = "schema"))]
pub(crate) fn show(_dispatch: &Dispatch) -> Result<(), Error> {
    Err(Error::new(
        ErrorKind::Config,
        "--schema needs the feature `schema` of runpod-worker, but this program was built without it. Add the feature to the \
         dependency in Cargo.toml: runpod-worker = { …, features = [\"schema\"] }",
    ))
}

#[cfg(feature = "schema")]
pub(crate) use with_feature::{document, show};
#[cfg(all(feature = "schema", any(feature = "http", feature = "local")))]
pub(crate) use with_feature::{input, output};

/// Returns `None`, because schemas need the feature `schema`.
#[cfg(all(any(feature = "http", feature = "local"), not(feature = "schema")))]
pub(crate) fn input(_handler: &crate::handler::Handler) -> Option<serde_json::Value> {
    None
}

/// Returns `None`, because schemas need the feature `schema`.
#[cfg(all(any(feature = "http", feature = "local"), not(feature = "schema")))]
pub(crate) fn output(_handler: &crate::handler::Handler) -> Option<serde_json::Value> {
    None
}

#[cfg(feature = "schema")]
mod with_feature {
    use std::io::Write as _;

    use serde::Serialize;
    use serde_json::Value;

    use super::{Dispatch, Error};
    use crate::error::ErrorKind;
    use crate::handler::{Handler, Kind, Role};

    /// The document that `--schema` prints. Its keys are in reading order.
    #[derive(Debug, Serialize)]
    pub(crate) struct Document<'a> {
        /// The key of the input that names the handler, if there are several handlers.
        route: Option<&'static str>,
        handlers: Vec<HandlerSchemas<'a>>,
    }

    #[derive(Debug, Serialize)]
    struct HandlerSchemas<'a> {
        name: &'a str,
        kind: &'static str,
        /// The schema `true`, which accepts everything, if the handler takes no input. `null` if the schema is
        /// unknown.
        input: Option<Value>,
        #[serde(flatten)]
        result: ResultSchema,
        /// The model with which `OpenAI` clients chat.
        #[serde(skip_serializing_if = "Option::is_none")]
        chat_model: Option<&'a str>,
    }

    #[derive(Debug, Serialize)]
    #[serde(rename_all = "lowercase")]
    enum ResultSchema {
        Output(Option<Value>),
        Item(Option<Value>),
    }

    /// Prints the schemas to standard output, and a note about each unknown schema to standard error.
    pub(crate) fn show(dispatch: &Dispatch) -> Result<(), Error> {
        let document = document(dispatch.key(), dispatch.handlers());
        let text = serde_json::to_string_pretty(&document)
            .expect("strings and finished JSON values always serialise");
        writeln!(std::io::stdout(), "{text}").map_err(|error| {
            Error::new(ErrorKind::System, "the schema could not be printed").with_source(error)
        })?;
        for described in dispatch.handlers() {
            report_unknown(described);
        }
        Ok(())
    }

    pub(crate) fn document<'a>(
        route: Option<&'static str>,
        handlers: impl IntoIterator<Item = &'a Handler>,
    ) -> Document<'a> {
        let handlers = handlers.into_iter().map(HandlerSchemas::of).collect();
        Document { route, handlers }
    }

    impl<'a> HandlerSchemas<'a> {
        fn of(handler: &'a Handler) -> Self {
            let (kind, result) = match handler.kind {
                Kind::Async => ("async", ResultSchema::Output(output(handler))),
                Kind::Blocking => ("blocking", ResultSchema::Output(output(handler))),
                Kind::Batch => ("batch", ResultSchema::Output(output(handler))),
                Kind::Stream => ("stream", ResultSchema::Item(output(handler))),
            };
            Self {
                name: &handler.name,
                kind,
                input: input(handler),
                result,
                chat_model: handler.chat_model(),
            }
        }
    }

    /// Returns the schema of the handler's input, or the schema `true` if the handler takes no input.
    pub(crate) fn input(handler: &Handler) -> Option<Value> {
        let is_input = |role: &Role| matches!(role, Role::Input(_));
        match handler.position(is_input) {
            Some(index) => argument(handler, index),
            None => Some(Value::Bool(true)),
        }
    }

    /// Returns the schema of the handler's result, or of its items if it takes an emitter.
    pub(crate) fn output(handler: &Handler) -> Option<Value> {
        match handler.position(|role| matches!(role, Role::Emitter)) {
            Some(index) => argument(handler, index),
            None => handler.schemas?().result,
        }
    }

    fn argument(handler: &Handler, index: usize) -> Option<Value> {
        handler.schemas?().arguments.into_iter().nth(index)?
    }

    /// Prints a note if a schema is unknown. A missing derive is not an error, but without the note, a derive from
    /// another version of schemars would be hard to find.
    fn report_unknown(handler: &Handler) {
        let mut unknown = Vec::new();
        if input(handler).is_none() {
            unknown.push("input");
        }
        if output(handler).is_none() {
            unknown.push(if handler.streams() { "items" } else { "output" });
        }
        if unknown.is_empty() {
            return;
        }
        let why = if handler.schemas.is_some() {
            "the type does not derive `JsonSchema` from the schemars version that `runpod::schemars` re-exports"
        } else {
            "the function has no `#[runpod::handler]` attribute"
        };
        // If standard error is closed, nobody reads the note.
        let _ = writeln!(
            std::io::stderr(),
            "note: handler {handler} has no schema of its {}: {why}",
            unknown.join(" and ")
        );
    }
}
