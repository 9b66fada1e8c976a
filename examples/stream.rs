//! A handler that streams: the client gets each item as soon as it is ready.
//!
//! ```sh
//! cargo run --example stream -- --test_input '{"input": {"text": "to be or not to be"}}'
//! cargo run --example stream -- --rp_serve_api        # or as a local endpoint with a web page
//! ```

use std::time::Duration;

use runpod::prelude::*;

#[derive(Deserialize)]
struct Prompt {
    text: String,
    /// Simulates the time that a model needs for a token.
    #[serde(default)]
    pause_ms: u64,
}

#[derive(Serialize)]
struct Token {
    index: usize,
    text: String,
}

// If nothing can fail, the items are plain values and the body is a `stream!`.
#[runpod::main(stream)]
fn generate(prompt: Prompt) -> impl Stream<Item = Result<Token, String>> {
    try_stream! {
        for (index, word) in prompt.text.split_whitespace().enumerate() {
            if word.len() > 20 {
                // Ends the stream and fails the job. The client keeps the items that it has received.
                Err(format!("word {index} is too long for this model"))?;
            }
            tokio::time::sleep(Duration::from_millis(prompt.pause_ms)).await;
            yield Token { index, text: word.to_uppercase() };
        }
    }
}
