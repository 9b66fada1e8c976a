//! Handlers with the option `openai`, as jobs: the frames, the object, the native form, and the errors.

use runpod::openai::{
    ApiError, ApiErrorKind, ChatRequest, Chunk, CompletionRequest, EmbeddingRequest, Embeddings,
    FinishReason,
};
use runpod::prelude::*;
use runpod::testing::{self, Report};

/// Repeats the text of the last message, word by word.
#[runpod::handler(openai = "chat.completions", model = "parrot", context_window = 16)]
fn chat(request: ChatRequest) -> impl Iterator<Item = Result<String, ApiError>> {
    let text = request.messages.last().map(|it| it.text().into_owned());
    let text = text.unwrap_or_default();
    let words: Vec<_> = text.split_inclusive(' ').map(str::to_owned).collect();
    words.into_iter().map(|word| match word.trim() {
        "fail" => Err(ApiError::new(ApiErrorKind::RateLimit, "too busy")),
        "panic" => panic!("no more words"),
        _ => Ok(word),
    })
}

#[runpod::handler(openai = "completions", model = "counter")]
async fn complete(
    request: CompletionRequest,
    pieces: Emitter<Chunk>,
) -> Result<(), runpod::Cancelled> {
    let most = request.sampling.max_tokens.unwrap_or(2);
    for number in 0..most {
        pieces.send(Chunk::text(format!(" {number}"))).await?;
    }
    pieces.send(Chunk::finish(FinishReason::Length)).await?;
    pieces.send(Chunk::usage(3, most)).await
}

#[runpod::handler(openai = "embeddings", model = "lengths")]
fn embed(request: EmbeddingRequest) -> Result<Embeddings, String> {
    if request.input.iter().any(|text| text == "fail") {
        return Err("no vector for this".to_owned());
    }
    #[expect(clippy::cast_precision_loss, reason = "the texts are short")]
    let vectors = request.input.iter().map(|it| vec![it.len() as f32, 0.1]);
    Ok(Embeddings::new(vectors).with_prompt_tokens(7))
}

fn queued(route: &str, body: &Value) -> testing::Job {
    testing::Job::new(json!({ "openai_route": route, "openai_input": body }))
}

async fn chatted(body: Value) -> Report {
    queued("/v1/chat/completions", &body).stream(chat).await
}

fn said(text: &str, more: &Value) -> Value {
    let mut body = json!({ "messages": [{ "role": "user", "content": text }] });
    let fields = body.as_object_mut().unwrap();
    fields.extend(more.as_object().unwrap().clone());
    body
}

/// Returns the JSON of all frames. Items may contain several frames.
fn frames(report: &Report) -> Vec<Value> {
    let text: String = report
        .stream
        .iter()
        .map(|it| it.as_str().unwrap())
        .collect();
    let frames = text.split_terminator("\n\n").map(|frame| {
        let data = frame.strip_prefix("data: ").expect(frame);
        serde_json::from_str(data).unwrap_or_else(|_| json!(data))
    });
    frames.collect()
}

#[tokio::test]
async fn a_stream_has_a_role_the_pieces_the_end_the_usage_and_done() {
    let more = json!({ "stream": true, "stream_options": { "include_usage": true } });
    let report = chatted(said("to be", &more)).await;
    let frames = frames(&report);
    let delta = |index: usize| frames[index]["choices"][0]["delta"].clone();
    assert_eq!(delta(0), json!({ "role": "assistant", "content": "" }));
    assert_eq!(delta(1), json!({ "content": "to " }));
    assert_eq!(delta(2), json!({ "content": "be" }));
    assert_eq!(delta(3), json!({}));
    assert_eq!(frames[3]["choices"][0]["finish_reason"], "stop");
    assert_eq!(frames[2]["usage"], json!(null));
    assert_eq!(frames[4]["choices"], json!([]));
    assert_eq!(frames[4]["usage"]["total_tokens"], 2);
    assert_eq!(frames[5], "[DONE]");
    assert_eq!(frames.len(), 6);
    assert!(
        frames[..5]
            .iter()
            .all(|it| it["object"] == "chat.completion.chunk"
                && it["model"] == "parrot"
                && it["id"] == frames[0]["id"])
    );
    // The platform's proxy may read the answer from the result.
    assert_eq!(report.output.unwrap().as_array().unwrap().len(), 6);
    assert_eq!(report.error, None);
}

#[tokio::test]
async fn without_stream_the_answer_is_one_object() {
    let report = chatted(said("to be", &json!({ "model": "parrot" }))).await;
    assert_eq!(report.stream.len(), 1);
    let answer = &report.stream[0];
    let choice = &answer["choices"][0];
    assert_eq!(answer["object"], "chat.completion");
    assert_eq!(
        choice["message"],
        json!({ "role": "assistant", "content": "to be", "refusal": null })
    );
    assert_eq!(choice["finish_reason"], "stop");
    let usage = json!({ "prompt_tokens": 0, "completion_tokens": 2, "total_tokens": 2 });
    assert_eq!(answer["usage"], usage);
}

#[tokio::test]
async fn a_completion_reports_the_true_end_and_usage() {
    let job = queued(
        "/v1/completions",
        &json!({ "prompt": ["count"], "max_tokens": 3 }),
    );
    let report = job.stream(complete).await;
    let answer = &report.stream[0];
    assert_eq!(answer["object"], "text_completion");
    assert_eq!(answer["choices"][0]["text"], " 0 1 2");
    assert_eq!(answer["choices"][0]["finish_reason"], "length");
    assert_eq!(answer["usage"]["total_tokens"], 6);
    let job = queued(
        "/v1/completions",
        &json!({ "prompt": "count", "stream": true }),
    );
    let frames = frames(&job.stream(complete).await);
    assert_eq!(frames[0]["choices"][0]["text"], " 0");
    assert_eq!(frames[2]["choices"][0]["finish_reason"], "length");
    assert_eq!(frames[3], "[DONE]");
}

#[tokio::test]
async fn vectors_are_numbers_or_base64() {
    let body = json!({ "input": ["a", "bcd"] });
    let output = queued("/v1/embeddings", &body).blocking(embed).await.output;
    let output = output.unwrap();
    assert_eq!(output["data"][1]["embedding"], json!([3.0, 0.1]));
    assert_eq!(output["data"][1]["index"], 1);
    assert_eq!(output["usage"]["prompt_tokens"], 7);
    let body = json!({ "input": "a", "encoding_format": "base64" });
    let output = queued("/v1/embeddings", &body).blocking(embed).await.output;
    assert_eq!(output.unwrap()["data"][0]["embedding"], "AACAP83MzD0=");
}

#[tokio::test]
async fn a_job_in_the_native_form_gets_the_native_answer() {
    let job =
        testing::Job::new(json!({ "prompt": "to be", "sampling_params": { "max_tokens": 5 } }));
    let report = job.stream(chat).await;
    let tokens = |index: usize| report.stream[index]["choices"][0]["tokens"].clone();
    assert_eq!(tokens(0), json!(["to be"]));
    assert_eq!(
        report.stream[0]["usage"],
        json!({ "input": 0, "output": 2 })
    );
    let job = testing::Job::new(said("to be", &json!({ "stream": true })));
    let report = job.stream(chat).await;
    assert_eq!(report.stream.len(), 2);
    assert_eq!(report.stream[1]["choices"][0]["tokens"], json!(["be"]));
    let report = testing::Job::new(json!({ "temperature": 1 }))
        .stream(chat)
        .await;
    assert_eq!(
        report.error_type, None,
        "a stream's error is text: {report:?}"
    );
    assert!(report.error.unwrap().contains("messages is missing"));
}

#[tokio::test]
async fn an_error_in_the_middle_of_a_stream_is_a_frame() {
    for (text, message, kind) in [
        ("to fail now", "too busy", "rate_limit_error"),
        (
            "to panic now",
            "the handler panicked: no more words",
            "server_error",
        ),
    ] {
        let report = chatted(said(text, &json!({ "stream": true }))).await;
        let frames = frames(&report);
        assert_eq!(frames[1]["choices"][0]["delta"]["content"], "to ");
        assert_eq!(frames[2]["error"]["message"], message);
        assert_eq!(frames[2]["error"]["type"], kind);
        assert_eq!(frames[3], "[DONE]");
        assert_eq!(report.error, None);
        let report = chatted(said(text, &json!({}))).await;
        let expected = json!({ "object": "error", "message": message, "type": kind });
        for (key, value) in expected.as_object().unwrap() {
            assert_eq!(&report.stream[0][key], value);
        }
    }
}

#[tokio::test]
async fn an_embedding_that_fails_is_an_error_object() {
    let job = queued("/v1/embeddings", &json!({ "input": "fail" }));
    let report = job.blocking(embed).await;
    let error = report.output.unwrap();
    assert_eq!(
        (&error["object"], &error["code"]),
        (&json!("error"), &json!(500))
    );
    assert_eq!(error["message"], "no vector for this");
    let job = queued("/v1/embeddings", &json!({ "input": [] }));
    assert_eq!(job.blocking(embed).await.output.unwrap()["param"], "input");
}

#[tokio::test]
async fn each_bad_request_gets_the_error_of_its_parameter() {
    let user = json!([{ "role": "user", "content": "hi" }]);
    let image = json!([{ "role": "user", "content": [
        { "type": "image_url", "image_url": { "url": "data:," } },
    ]}]);
    let cases = [
        (json!({}), "messages"),
        (json!({ "messages": [] }), "messages"),
        (json!({ "messages": "hi" }), "messages"),
        (json!({ "messages": ["hi"] }), "messages.0"),
        (
            json!({ "messages": [{ "content": "hi" }] }),
            "messages.0.role",
        ),
        (
            json!({ "messages": [{ "role": "robot", "content": "hi" }] }),
            "messages.0.role",
        ),
        (
            json!({ "messages": [{ "role": "user", "content": 7 }] }),
            "messages.0.content",
        ),
        (json!({ "messages": image }), "messages.0.content.0"),
        (json!({ "messages": user, "model": "gpt-4" }), "model"),
        (json!({ "messages": user, "max_tokens": 0 }), "max_tokens"),
        (json!({ "messages": user, "max_tokens": -1 }), "max_tokens"),
        (json!({ "messages": user, "max_tokens": 17 }), "max_tokens"),
        (
            json!({ "messages": user, "max_completion_tokens": 1.5 }),
            "max_completion_tokens",
        ),
        (
            json!({ "messages": user, "temperature": -1 }),
            "temperature",
        ),
        (
            json!({ "messages": user, "temperature": "hot" }),
            "temperature",
        ),
        (json!({ "messages": user, "top_p": 1.1 }), "top_p"),
        (json!({ "messages": user, "n": 2 }), "n"),
        (json!({ "messages": user, "stop": 7 }), "stop"),
        (json!({ "messages": user, "stream": "yes" }), "stream"),
        (json!({ "messages": user, "logprobs": true }), "logprobs"),
        (
            json!({ "messages": user, "tools": [{ "type": "function" }] }),
            "tools",
        ),
        (
            json!({ "messages": user, "response_format": { "type": "json_object" } }),
            "response_format",
        ),
    ];
    for (body, param) in cases {
        let report = chatted(body.clone()).await;
        // No handler serves an unknown model, so that error is a result.
        let error = report.stream.first().or(report.output.as_ref()).unwrap();
        assert_eq!(error["object"], "error", "{body}");
        assert_eq!(error["param"], param, "{body}: {error}");
        let kind = if param == "model" {
            "not_found_error"
        } else {
            "invalid_request_error"
        };
        assert_eq!(error["type"], kind, "{body}");
    }
    let report = chatted(said("hi", &json!({ "stream": true, "temperature": -1 }))).await;
    let frames = frames(&report);
    assert_eq!(frames[0]["error"]["param"], "temperature");
    let message = "temperature: found -1; expected a number from 0 to 2";
    assert_eq!(frames[0]["error"]["message"], message);
    assert_eq!(frames[1], "[DONE]");
}

#[tokio::test]
async fn what_changes_nothing_is_accepted_and_other_fields_are_kept() {
    let more = json!({
        "n": 1, "tools": [], "logprobs": false, "response_format": { "type": "text" }, "top_k": -1,
        "user": "ada", "a_future_parameter": { "x": 1 },
    });
    let body = said("hi", &more);
    assert_eq!(
        chatted(body.clone()).await.stream[0]["object"],
        "chat.completion"
    );
    let request = ChatRequest::from_json(body).unwrap();
    assert_eq!(request.extra["a_future_parameter"]["x"], 1);
}

#[tokio::test]
async fn the_models_and_unknown_routes_need_no_handler() {
    let models = testing::Job::new(json!({ "openai_route": "/v1/models" }))
        .stream(chat)
        .await;
    let models = models.output.unwrap();
    assert_eq!(
        (&models["object"], &models["data"][0]["id"]),
        (&json!("list"), &json!("parrot"))
    );
    let model = testing::Job::new(json!({ "openai_route": "/v1/models/parrot" }))
        .stream(chat)
        .await;
    assert_eq!(model.output.unwrap()["id"], "parrot");
    let audio = queued("/v1/audio/speech", &json!({}))
        .stream(chat)
        .await
        .output
        .unwrap();
    assert_eq!(
        (&audio["object"], &audio["code"]),
        (&json!("error"), &json!(404))
    );
    assert!(
        audio["message"]
            .as_str()
            .unwrap()
            .contains("/v1/chat/completions"),
        "{audio}"
    );
}

#[runpod::handler(
    openai = "chat.completions",
    model = "seer",
    accepts = "image_url, response_format"
)]
fn see(request: ChatRequest) -> impl Iterator<Item = String> {
    let parts = request.messages[0].content.parts().into_owned();
    let format = &request.extra["response_format"]["type"];
    [format!("{parts:?} {format}")].into_iter()
}

#[tokio::test]
async fn a_handler_gets_the_parts_and_parameters_that_it_accepts_and_no_others() {
    let parts = json!([{ "type": "image_url", "image_url": { "url": "data:,x" } }]);
    let mut body = json!({
        "messages": [{ "role": "user", "content": parts }],
        "response_format": { "type": "json_object" },
    });
    let report = queued("/v1/chat/completions", &body).stream(see).await;
    let text = report.stream[0]["choices"][0]["message"]["content"].to_string();
    assert!(
        text.contains("data:,x") && text.contains("json_object"),
        "{text}"
    );
    body["tools"] = json!([{ "type": "function" }]);
    let report = queued("/v1/chat/completions", &body).stream(see).await;
    assert_eq!(report.stream[0]["param"], "tools");
}
