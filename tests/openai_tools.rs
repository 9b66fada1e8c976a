//! Calls of functions by a model that `OpenAI` clients use.

use runpod::openai::{ChatRequest, Chunk, CompletionRequest, FinishReason, ToolCall, ToolChoice};
use runpod::prelude::*;
use runpod::testing::{self, Report};

/// Calls every tool of the request, and says what it got.
#[runpod::handler(openai = "chat.completions", model = "caller", accepts = "tools")]
fn call(request: ChatRequest) -> impl Iterator<Item = Chunk> {
    let got = format!("{:?}", request.tool_choice);
    let calls = request.tools.into_iter().map(|tool| {
        let arguments = json!({ "schema": tool.parameters }).to_string();
        Chunk::tool_call(ToolCall::new(tool.name, arguments))
    });
    let text = request.sampling.seed.map(|_| Chunk::text(got));
    text.into_iter().chain(calls)
}

#[runpod::handler(openai = "completions", model = "wrong")]
fn complete(_request: CompletionRequest) -> impl Iterator<Item = Chunk> {
    [Chunk::tool_call(ToolCall::new("f", "{}"))].into_iter()
}

fn tool(name: &str) -> Value {
    json!({ "type": "function", "function": { "name": name, "parameters": { "type": "object" } } })
}

async fn answered(more: Value) -> Report {
    let mut body = json!({ "messages": [{ "role": "user", "content": "hi" }] });
    for (name, value) in more.as_object().expect("an object") {
        body[name] = value.clone();
    }
    let input = json!({ "openai_route": "/v1/chat/completions", "openai_input": body });
    testing::Job::new(input).stream(call).await
}

#[tokio::test]
async fn calls_are_in_the_message_and_end_the_answer() {
    let report = answered(json!({ "tools": [tool("a"), tool("b")] })).await;
    let choice = &report.stream[0]["choices"][0];
    assert_eq!(choice["finish_reason"], "tool_calls");
    assert_eq!(choice["message"]["content"], Value::Null);
    let calls = choice["message"]["tool_calls"].as_array().expect("a list");
    let names: Vec<_> = calls.iter().map(|call| &call["function"]["name"]).collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(calls[0]["type"], "function");
    assert_eq!(
        calls[0]["function"]["arguments"],
        r#"{"schema":{"type":"object"}}"#
    );
    assert_ne!(calls[0]["id"], calls[1]["id"]);
}

#[tokio::test]
async fn each_call_of_a_stream_has_its_index() {
    let report =
        answered(json!({ "tools": [tool("a"), tool("b")], "seed": 1, "stream": true })).await;
    let frames: String = report.stream.iter().filter_map(Value::as_str).collect();
    let deltas: Vec<Value> = frames
        .split("\n\n")
        .filter_map(|frame| serde_json::from_str(frame.strip_prefix("data: ")?).ok())
        .map(|frame: Value| frame["choices"][0]["delta"].clone())
        .collect();
    let indexes: Vec<_> = deltas
        .iter()
        .filter_map(|delta| delta["tool_calls"][0]["index"].as_u64())
        .collect();
    assert_eq!(indexes, [0, 1], "{frames}");
    assert_eq!(deltas[1]["content"], "Auto");
    assert!(
        frames.contains(r#""finish_reason":"tool_calls""#),
        "{frames}"
    );
    assert!(frames.ends_with("data: [DONE]\n\n"), "{frames}");
}

#[tokio::test]
async fn the_native_form_has_the_calls_too() {
    let input = json!({ "prompt": "hi", "tools": [tool("a")] });
    let report = testing::Job::new(input).stream(call).await;
    let choice = &report.stream[0]["choices"][0];
    assert_eq!(choice["tool_calls"][0]["function"]["name"], "a");
}

#[test]
fn the_choice_and_the_history_of_calls_reach_the_handler() {
    #[runpod::handler(openai = "chat.completions", model = "reader", accepts = "tools")]
    fn read(request: ChatRequest) -> impl Iterator<Item = String> {
        assert_eq!(request.tool_choice, ToolChoice::Function("a".to_owned()));
        let [asked, answered] = &request.messages[..] else {
            panic!("{request:?}");
        };
        assert_eq!(asked.tool_calls[0].arguments, "{}");
        assert_eq!(answered.tool_call_id.as_deref(), Some("c1"));
        ["read".to_owned()].into_iter()
    }

    let call =
        json!({ "id": "c1", "type": "function", "function": { "name": "a", "arguments": "{}" } });
    let report = testing::Job::new(
        json!({ "openai_route": "/v1/chat/completions", "openai_input": {
            "tools": [tool("a")],
            "tool_choice": { "type": "function", "function": { "name": "a" } },
            "messages": [
                { "role": "assistant", "tool_calls": [call] },
                { "role": "tool", "tool_call_id": "c1", "content": "5" },
            ],
        }}),
    );
    let report = tokio::runtime::Runtime::new()
        .expect("a runtime starts")
        .block_on(report.stream(read));
    assert_eq!(report.stream[0]["choices"][0]["message"]["content"], "read");
}

#[tokio::test]
async fn a_malformed_tool_is_refused_with_its_place() {
    for (param, bad) in [
        ("tools", json!({ "tools": { "a": 1 } })),
        ("tools.1", json!({ "tools": [tool("a"), 7] })),
        (
            "tools.0.type",
            json!({ "tools": [{ "function": { "name": "a" } }] }),
        ),
        (
            "tools.0.type",
            json!({ "tools": [{ "type": "retrieval" }] }),
        ),
        (
            "tools.0.function",
            json!({ "tools": [{ "type": "function" }] }),
        ),
        (
            "tools.0.function.name",
            json!({ "tools": [{ "type": "function", "function": {} }] }),
        ),
        (
            "tools.0.function.strict",
            json!({ "tools": [{ "type": "function", "function": { "name": "a", "strict": 1 } }] }),
        ),
        (
            "messages.0.tool_call_id",
            json!({ "messages": [{ "role": "tool", "tool_call_id": 1 }] }),
        ),
        (
            "tools.0.function.parameters",
            json!({ "tools": [{ "type": "function", "function": { "name": "a", "parameters": [] } }] }),
        ),
        ("tool_choice", json!({ "tool_choice": "required" })),
        (
            "tool_choice",
            json!({ "tool_choice": "any", "tools": [tool("a")] }),
        ),
        (
            "tool_choice.function.name",
            json!({ "tool_choice": { "function": { "name": "b" } }, "tools": [tool("a")] }),
        ),
        (
            "messages.0.tool_calls.0.id",
            json!({ "messages": [{ "role": "assistant", "tool_calls": [{}] }] }),
        ),
    ] {
        let report = answered(bad).await;
        assert_eq!(report.stream[0]["object"], "error", "{param}");
        assert_eq!(report.stream[0]["param"], param, "{:?}", report.stream);
    }
}

#[tokio::test]
async fn a_completion_cannot_contain_a_call() {
    let input = json!({ "openai_route": "/v1/completions", "openai_input": { "prompt": "hi" } });
    let report = testing::Job::new(input).stream(complete).await;
    let error = report.stream[0].to_string();
    assert!(error.contains("only an answer to a chat"), "{error}");
}

#[test]
fn the_reason_has_openais_name() {
    assert_eq!(FinishReason::ToolCalls.name(), "tool_calls");
}
