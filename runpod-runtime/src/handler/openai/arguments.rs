//! The requests as arguments of handlers.

use std::any::type_name;

use serde_json::Value;

use super::client_error::input_failure;
use super::job_request::Parsed;
use crate::handler::argument::{Argument, FromJob, Role};
use crate::handler::argument_kinds::ViaOpenAi;
use crate::handler::call::Call;
use crate::handler::failure::Failure;
use crate::openai::{ChatRequest, CompletionRequest, EmbeddingRequest, Endpoint};

macro_rules! argument {
    ($request:ident, $parsed:ident, $endpoint:ident) => {
        #[diagnostic::do_not_recommend]
        impl FromJob<ViaOpenAi> for $request {
            const VIA: ViaOpenAi = ViaOpenAi;

            fn describe() -> Argument {
                Argument(Role::Input(type_name::<Self>()))
            }

            fn from_job(call: &mut Call) -> Result<Self, Failure> {
                match call.openai.take() {
                    Some(Parsed::$parsed(request)) => Ok(request),
                    // The handler has no option `openai`, or it is for another route.
                    _ => {
                        let input: Value = call.job.input(call.route)?;
                        Self::read(input, &Endpoint::$endpoint).map_err(input_failure)
                    }
                }
            }
        }
    };
}

argument!(ChatRequest, Chat, CHAT);
argument!(CompletionRequest, Completion, COMPLETIONS);
argument!(EmbeddingRequest, Embedding, EMBEDDINGS);
