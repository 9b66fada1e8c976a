//! A handler that streams: the client gets each item as soon as it is there.
//!
//! ```sh
//! cargo run --example stream -- --test_input '{"input": {"text": "to be or not to be"}}'
//! cargo run --example stream -- --rp_serve_api        # or as an endpoint, with a page to watch it on
//! ```

use std::time::Duration;

use runpod::prelude::*;

#[derive(Deserialize)]
struct Prompt {
    text: String,
    /// In place of the time that a model needs for a token.
    #[serde(default)]
    pause_ms: u64,
}

#[derive(Serialize)]
struct Token {
    index: usize,
    text: String,
}

// Where nothing can fail, the items are plain values and the body is a `stream!`.
#[runpod::main(stream)]
fn generate(prompt: Prompt) -> impl Stream<Item = Result<Token, String>> {
    try_stream! {
        for (index, word) in prompt.text.split_whitespace().enumerate() {
            if word.len() > 20 {
                // Ends the stream and fails the job; the client keeps the items that it has.
                Err(format!("word {index} is too long for this model"))?;
            }
            tokio::time::sleep(Duration::from_millis(prompt.pause_ms)).await;
            yield Token { index, text: word.to_uppercase() };
        }
    }
}
