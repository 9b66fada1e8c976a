//! A chat model that streams: each item is a `chat.completion.chunk`.
//!
//! ```sh
//! cargo run --example chat -- --test_input '{"input": {"messages": [{"role": "user", "content": "to be or not to be"}]}}'
//! ```

use std::error::Error;
use std::time::{SystemTime, UNIX_EPOCH};

use runpod::prelude::*;

#[derive(Deserialize)]
struct Request {
    messages: Vec<Message>,
    #[serde(default = "most_tokens")]
    max_tokens: usize,
}

fn most_tokens() -> usize {
    256
}

#[derive(Deserialize)]
struct Message {
    role: String,
    content: String,
}

#[derive(Serialize)]
struct Chunk {
    id: String,
    object: &'static str,
    created: u64,
    model: &'static str,
    choices: Vec<Choice>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Value>,
}

#[derive(Serialize)]
struct Choice {
    index: u32,
    delta: Delta,
    finish_reason: Option<&'static str>,
}

#[derive(Default, Serialize)]
struct Delta {
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<String>,
}

/// Repeats the prompt word by word. A real model has weights and a tokenizer, and blocks in the same way.
struct Parrot {
    window: usize,
}

impl Parrot {
    const NAME: &str = "parrot-1";

    /// Calls `token` for each token, up to the limit. Returns whether the text was completed.
    fn generate<E>(
        &self,
        prompt: &str,
        most: usize,
        mut token: impl FnMut(String) -> Result<(), E>,
    ) -> Result<bool, E> {
        let most = most.min(self.window);
        for (index, word) in prompt.split_whitespace().enumerate() {
            if index == most {
                return Ok(false);
            }
            token(if index == 0 {
                word.to_owned()
            } else {
                format!(" {word}")
            })?;
        }
        Ok(true)
    }
}

fn tokens(text: &str) -> usize {
    text.split_whitespace().count()
}

#[runpod::main]
fn main() -> Parrot {
    Parrot { window: 4096 }
}

// A plain `fn`, because inference blocks. The model's callback sends each token through the emitter.
#[runpod::handler(stream)]
fn chat(
    request: Request,
    ctx: JobContext,
    model: State<Parrot>,
    out: Emitter<Chunk>,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let asked = request.messages.iter().rev().find(|it| it.role == "user");
    let asked = asked.ok_or("input.messages has no message with the role `user`")?;
    let created = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let chunk = |choices, usage| Chunk {
        id: format!("chatcmpl-{}", ctx.job_id()),
        object: "chat.completion.chunk",
        created,
        model: Parrot::NAME,
        choices,
        usage,
    };
    let choice = |delta, finish_reason| {
        vec![Choice {
            index: 0,
            delta,
            finish_reason,
        }]
    };

    let opening = Delta {
        role: Some("assistant"),
        content: Some(String::new()),
    };
    out.blocking_send(chunk(choice(opening, None), None))?;

    let mut completion_tokens = 0;
    let at_its_end = model.generate(&asked.content, request.max_tokens, |token| {
        completion_tokens += 1;
        let delta = Delta {
            content: Some(token),
            ..Delta::default()
        };
        // This waits if the network is slower than the model, and returns an error once the job is cancelled.
        out.blocking_send(chunk(choice(delta, None), None))
    })?;

    let reason = if at_its_end { "stop" } else { "length" };
    out.blocking_send(chunk(choice(Delta::default(), Some(reason)), None))?;

    let contents = request.messages.iter().map(|it| tokens(&it.content));
    let prompt_tokens: usize = contents.sum();
    let usage = json!({
        "prompt_tokens": prompt_tokens,
        "completion_tokens": completion_tokens,
        "total_tokens": prompt_tokens + completion_tokens,
    });
    out.blocking_send(chunk(Vec::new(), Some(usage)))?;
    Ok(())
}
