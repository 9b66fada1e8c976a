//! A chat model that calls the functions of `OpenAI` clients.
//!
//! ```sh
//! cargo run --features openai --example tools -- --rp_serve_api
//! ```

use runpod::openai::{ChatRequest, Chunk, Role, ToolCall, ToolChoice};
use runpod::prelude::*;

#[runpod::main(openai = "chat.completions", model = "forecaster-1", accepts = "tools")]
fn chat(request: ChatRequest) -> impl Iterator<Item = Chunk> {
    let last = request.messages.last();
    let text = last.map(|message| message.text()).unwrap_or_default();
    // A real model gets the names and schemas of the functions as a part of its prompt, and decides.
    let wanted = match &request.tool_choice {
        ToolChoice::None => None,
        ToolChoice::Function(name) => Some(name),
        _ => request.tools.first().map(|tool| &tool.name),
    };
    let piece = match wanted {
        // The client has called the function, and sends its result.
        _ if last.is_some_and(|message| message.role == Role::Tool) => {
            Chunk::text(format!("The forecast: {text}."))
        }
        Some(name) => {
            let city = text.split_whitespace().last().unwrap_or_default();
            let arguments = json!({ "city": city.trim_end_matches('?') });
            Chunk::tool_call(ToolCall::new(name, arguments.to_string()))
        }
        None => Chunk::text("I do not know."),
    };
    [piece].into_iter()
}
