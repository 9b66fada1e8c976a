//! The answer of a handler that sends text: server-sent events, one object, or the native form.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;
use serde_json::{Value, json};

use super::client_error::api_error;
use super::job_request::JobRequest;
use crate::handler::failure::Failure;
use crate::handler::form::ItemForm;
use crate::handler::output::Payload;
use crate::openai::{FinishReason, LAST_FRAME, Piece, Route};

/// Writes the answer to one request.
#[derive(Debug)]
pub(super) struct TextAnswer {
    shape: Shape,
    is_chat: bool,
    id: String,
    created: u64,
    model: String,
    include_usage: bool,
    progress: Mutex<Progress>,
}

/// The shape of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// Server-sent events, as strings.
    Frames,
    /// One object of `OpenAI`'s API.
    Object,
    /// The native form, with one item for each piece.
    NativePieces,
    /// The native form, with one item.
    NativeWhole,
}

/// A piece that the client sees.
enum Sent {
    Text(String),
    /// A call of a function, in `OpenAI`'s form.
    ToolCall(Value),
}

#[derive(Debug, Default)]
struct Progress {
    has_started: bool,
    /// The text, unless it has been sent.
    text: String,
    /// The calls of functions, in `OpenAI`'s form.
    tool_calls: Vec<Value>,
    pieces: usize,
    finish: Option<FinishReason>,
    usage: Option<(usize, usize)>,
}

impl Progress {
    fn usage(&self) -> (usize, usize) {
        self.usage.unwrap_or((0, self.pieces))
    }

    fn finish(&self) -> &'static str {
        let default = if self.tool_calls.is_empty() {
            FinishReason::Stop
        } else {
            FinishReason::ToolCalls
        };
        self.finish.unwrap_or(default).name()
    }
}

/// A frame of a stream, or the object. The order of the fields is that of `OpenAI`'s answers.
#[derive(Serialize)]
struct Envelope<'a> {
    id: &'a str,
    object: &'static str,
    created: u64,
    model: &'a str,
    choices: &'a [Value],
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Value>,
}

impl TextAnswer {
    pub(super) fn new(route: Route, request: &JobRequest) -> Self {
        let shape = match (request.is_openai, request.streams) {
            (true, true) => Shape::Frames,
            (true, false) => Shape::Object,
            (false, true) => Shape::NativePieces,
            (false, false) => Shape::NativeWhole,
        };
        Self {
            include_usage: request.include_usage,
            ..Self::of(route, &request.model, shape)
        }
    }

    /// The answer to a request of an `OpenAI` client that was refused.
    pub(super) fn refused(route: Route, model: &str, streams: bool) -> Self {
        let shape = if streams {
            Shape::Frames
        } else {
            Shape::Object
        };
        Self::of(route, model, shape)
    }

    fn of(route: Route, model: &str, shape: Shape) -> Self {
        let is_chat = route == Route::ChatCompletions;
        let prefix = if is_chat { "chatcmpl" } else { "cmpl" };
        Self {
            shape,
            is_chat,
            id: format!("{prefix}-{}", uuid::Uuid::new_v4().simple()),
            created: now(),
            model: model.to_owned(),
            include_usage: false,
            progress: Mutex::default(),
        }
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn frame(&self, choices: &[Value], usage: Option<Value>) -> Result<Payload, Failure> {
        let object = if self.is_chat {
            "chat.completion.chunk"
        } else {
            "text_completion"
        };
        // While a stream with usage runs, OpenAI's frames have the key with the value null.
        let usage = usage.or(self.include_usage.then_some(Value::Null));
        frame_of(&self.envelope(object, choices, usage))
    }

    fn envelope<'a>(
        &'a self,
        object: &'static str,
        choices: &'a [Value],
        usage: Option<Value>,
    ) -> Envelope<'a> {
        Envelope {
            id: &self.id,
            object,
            created: self.created,
            model: &self.model,
            choices,
            usage,
        }
    }

    /// Returns the choice of a frame with this text.
    fn delta(&self, text: Option<&str>, role: bool, finish: Option<&str>) -> Value {
        if !self.is_chat {
            let text = text.unwrap_or_default();
            return json!({ "index": 0, "text": text, "logprobs": null, "finish_reason": finish });
        }
        let delta = match (role, text) {
            (true, _) => json!({ "role": "assistant", "content": "" }),
            (false, Some(text)) => json!({ "content": text }),
            (false, None) => json!({}),
        };
        json!({ "index": 0, "delta": delta, "logprobs": null, "finish_reason": finish })
    }

    /// Returns the first frame of a chat, which has the role.
    fn first_frame(&self, progress: &mut Progress) -> Result<Option<Payload>, Failure> {
        let is_first = !std::mem::replace(&mut progress.has_started, true);
        if !is_first || !self.is_chat {
            return Ok(None);
        }
        self.frame(&[self.delta(None, true, None)], None).map(Some)
    }

    fn last_frames(&self, progress: &mut Progress) -> Result<Vec<Payload>, Failure> {
        let mut frames: Vec<_> = self.first_frame(progress)?.into_iter().collect();
        let end = self.delta(None, false, Some(progress.finish()));
        frames.push(self.frame(&[end], None)?);
        if self.include_usage {
            frames.push(self.frame(&[], Some(usage(progress.usage())))?);
        }
        frames.push(done()?);
        Ok(frames)
    }

    fn object(&self, progress: &Progress) -> Result<Payload, Failure> {
        let (text, finish) = (&progress.text, progress.finish());
        let (object, choice) = if self.is_chat {
            let mut message = json!({ "role": "assistant", "content": text, "refusal": null });
            if !progress.tool_calls.is_empty() {
                message["tool_calls"] = json!(progress.tool_calls);
                if text.is_empty() {
                    message["content"] = Value::Null;
                }
            }
            (
                "chat.completion",
                json!({ "index": 0, "message": message, "logprobs": null, "finish_reason": finish }),
            )
        } else {
            (
                "text_completion",
                json!({ "index": 0, "text": text, "logprobs": null, "finish_reason": finish }),
            )
        };
        let usage = usage(progress.usage());
        Payload::of(&self.envelope(object, &[choice], Some(usage)))
    }

    fn native(
        text: &str,
        tool_calls: &[Value],
        (prompt, completion): (usize, usize),
    ) -> Result<Payload, Failure> {
        let mut choice = json!({ "tokens": [text] });
        if !tool_calls.is_empty() {
            choice["tool_calls"] = json!(tool_calls);
        }
        Payload::of(&json!({
            "choices": [choice],
            "usage": { "input": prompt, "output": completion },
        }))
    }

    fn written(&self, failure: Option<&Failure>) -> Result<Option<Vec<Payload>>, Failure> {
        let mut progress = self.progress();
        let items = match (self.shape, failure) {
            (Shape::Frames, None) => self.last_frames(&mut progress)?,
            (Shape::Frames, Some(failure)) => {
                vec![frame_of(&api_error(failure).nested())?, done()?]
            }
            (Shape::Object, None) => vec![self.object(&progress)?],
            (Shape::Object, Some(failure)) => vec![Payload::of(&api_error(failure).flat())?],
            (Shape::NativePieces, None) => Vec::new(),
            (Shape::NativeWhole, None) => vec![Self::native(
                &progress.text,
                &progress.tool_calls,
                progress.usage(),
            )?],
            (Shape::NativePieces | Shape::NativeWhole, Some(_)) => return Ok(None),
        };
        Ok(Some(items))
    }
}

impl ItemForm for TextAnswer {
    fn items(&self, item: Payload) -> Result<Vec<Payload>, Failure> {
        let piece = match read(&item)? {
            Piece::Text(text) => Sent::Text(text),
            Piece::ToolCall(call) if self.is_chat => Sent::ToolCall(call.to_json()),
            Piece::ToolCall(_) => {
                return Err(Failure::new(
                    "OutputError",
                    "a handler with the option `openai = \"completions\"` sent a call of a function; only an answer to \
                     a chat can contain one",
                ));
            }
            Piece::Finish(reason) => {
                self.progress().finish = Some(reason);
                return Ok(Vec::new());
            }
            Piece::Usage { prompt, completion } => {
                self.progress().usage = Some((prompt, completion));
                return Ok(Vec::new());
            }
        };
        let mut progress = self.progress();
        progress.pieces += 1;
        let tool_calls = progress.tool_calls.len();
        if let Sent::ToolCall(call) = &piece {
            progress.tool_calls.push(call.clone());
        }
        match self.shape {
            Shape::Frames => {
                let first = self.first_frame(&mut progress)?;
                let choice = match piece {
                    Sent::Text(text) => self.delta(Some(&text), false, None),
                    Sent::ToolCall(call) => tool_call_delta(tool_calls, call),
                };
                let frame = self.frame(&[choice], None)?;
                Ok(first.into_iter().chain([frame]).collect())
            }
            Shape::NativePieces => match piece {
                Sent::Text(text) => Ok(vec![Self::native(&text, &[], progress.usage())?]),
                Sent::ToolCall(call) => Ok(vec![Self::native("", &[call], progress.usage())?]),
            },
            Shape::Object | Shape::NativeWhole => {
                if let Sent::Text(text) = piece {
                    progress.text.push_str(&text);
                }
                Ok(Vec::new())
            }
        }
    }

    fn end(&self, failure: Option<&Failure>) -> Option<Vec<Payload>> {
        // Text and numbers always serialise.
        self.written(failure).unwrap_or_default()
    }
}

/// Returns the choice of a frame with the call of a function, which is the answer's call with this index.
fn tool_call_delta(index: usize, mut call: Value) -> Value {
    call["index"] = index.into();
    json!({ "index": 0, "delta": { "tool_calls": [call] }, "logprobs": null, "finish_reason": null })
}

/// Reads an item of the handler.
fn read(item: &Payload) -> Result<Piece, Failure> {
    let json = item.value();
    let text = || serde_json::from_slice(json).map(Piece::Text);
    text().or_else(|_| serde_json::from_slice(json)).map_err(|_| {
        Failure::new(
            "OutputError",
            "a handler with the option `openai` sent an item that is neither text nor a `runpod::openai::Chunk`; \
             send the text of each token as a `String`, and the runtime writes the frames",
        )
    })
}

fn usage((prompt, completion): (usize, usize)) -> Value {
    json!({
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    })
}

fn frame_of<T: Serialize>(value: &T) -> Result<Payload, Failure> {
    let json = serde_json::to_string(value).unwrap_or_default();
    Payload::of(&format!("data: {json}\n\n")).map(Payload::joinable)
}

fn done() -> Result<Payload, Failure> {
    Payload::of(LAST_FRAME).map(Payload::joinable)
}

/// Returns the seconds since 1970.
pub(super) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}
