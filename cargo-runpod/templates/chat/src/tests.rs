//! Tests of the handlers and the model, on a tiny model with made-up weights.

use std::fs;

use runpod::CancelReason;
use runpod::openai::{Message, Role, Sampling};
use runpod::prelude::*;
use runpod::testing::{self, Report};

use crate::model::Model;
use crate::places::{Files, Weights};
use crate::reply::Reply;
use crate::tiny;

async fn answered(input: Value) -> Report {
    let job = testing::Job::new(input).state(tiny::model());
    job.stream(crate::chat).await
}

fn openai(body: Value) -> Value {
    json!({ "openai_route": "/v1/chat/completions", "openai_input": body })
}

fn messages() -> Value {
    json!([{ "role": "user", "content": "red" }])
}

#[tokio::test]
async fn a_reply_has_the_true_numbers_of_tokens() {
    let body = json!({ "messages": messages(), "max_tokens": 8, "temperature": 0 });
    let answer = answered(openai(body)).await.stream.remove(0);
    assert_eq!(answer["choices"][0]["finish_reason"], "length", "{answer}");
    assert_eq!(
        answer["usage"],
        json!({ "prompt_tokens": 3, "completion_tokens": 8, "total_tokens": 11 })
    );
}

#[tokio::test]
async fn the_frames_of_a_stream_are_the_text_of_the_one_object() {
    let mut body = json!({ "messages": messages(), "max_tokens": 8, "temperature": 0 });
    let whole = answered(openai(body.clone())).await.stream.remove(0);
    body["stream"] = true.into();
    let frames = answered(openai(body)).await.stream;
    let posts: String = frames.iter().filter_map(Value::as_str).collect();
    let text: String = posts
        .split("\n\n")
        .filter_map(|frame| frame.strip_prefix("data: "))
        .filter_map(|frame| serde_json::from_str(frame).ok())
        .filter_map(|frame: Value| {
            let text = frame.pointer("/choices/0/delta/content")?.as_str()?;
            Some(text.to_owned())
        })
        .collect();
    assert_eq!(whole["choices"][0]["message"]["content"], text);
    assert!(!text.is_empty());
}

#[tokio::test]
async fn a_prompt_without_a_client_is_a_chat_too() {
    let input = json!({ "prompt": "red", "max_tokens": 8, "temperature": 0 });
    let report = answered(input).await;
    assert_eq!(report.error, None);
    assert_eq!(
        report.stream[0]["usage"],
        json!({ "input": 3, "output": 8 })
    );
}

#[tokio::test]
async fn the_same_seed_gives_the_same_reply_and_another_seed_another_one() {
    let seeded = |seed| {
        let input = json!({ "prompt": "red", "max_tokens": 20, "temperature": 2, "seed": seed });
        answered(input)
    };
    let reply = seeded(1).await.stream;
    assert_eq!(reply, seeded(1).await.stream);
    assert_ne!(reply, seeded(2).await.stream);
}

#[tokio::test]
async fn a_stop_string_ends_the_reply_before_it() {
    let reply = |stop: Value| async move {
        let mut body = json!({ "messages": messages(), "max_tokens": 8, "temperature": 0 });
        body["stop"] = stop;
        answered(openai(body)).await.stream.remove(0)["choices"][0].clone()
    };
    let whole = reply(Value::Null).await;
    let text = whole["message"]["content"].as_str().unwrap();
    let second = text.split(' ').nth(1).unwrap();
    let cut = reply(json!([second])).await;
    assert_eq!(cut["finish_reason"], "stop");
    let kept = cut["message"]["content"].as_str().unwrap();
    assert_eq!(Some(kept), text.split(second).next());
}

#[tokio::test]
async fn what_the_model_cannot_answer_is_refused_with_the_parameter() {
    let long = "red ".repeat(600);
    for (param, body) in [
        (
            "messages",
            json!({ "messages": [{ "role": "system", "content": "red" }] }),
        ),
        (
            "messages",
            json!({ "messages": [{ "role": "user", "content": long }] }),
        ),
        (
            "max_tokens",
            json!({ "messages": messages(), "max_tokens": 513 }),
        ),
        (
            "max_tokens",
            json!({ "messages": messages(), "max_tokens": 0 }),
        ),
        (
            "temperature",
            json!({ "messages": messages(), "temperature": -1 }),
        ),
    ] {
        let report = answered(openai(body)).await;
        let answer = report.stream.first().unwrap_or(&Value::Null);
        assert_eq!(answer["object"], "error", "{param}: {report:?}");
        assert_eq!(answer["param"], param, "{answer}");
    }
}

#[tokio::test]
async fn a_completion_continues_the_prompt_without_the_chat_template() {
    let input = json!({ "prompt": "red green", "max_tokens": 2, "temperature": 0 });
    let job = testing::Job::new(input).state(tiny::model());
    let report = job.stream(crate::complete).await;
    assert_eq!(
        report.stream[0]["usage"],
        json!({ "input": 2, "output": 2 })
    );
}

fn sampling() -> Sampling {
    let body = json!({ "messages": messages(), "max_tokens": 12, "temperature": 0 });
    runpod::openai::ChatRequest::from_json(body)
        .unwrap()
        .sampling
}

fn reply(model: Model, prompt: &[u32]) -> Vec<String> {
    let (ctx, _job) = testing::context();
    let prompt = prompt.to_vec();
    let reply = Reply::new(State::new(model), ctx, prompt, "messages", &sampling(), 12).unwrap();
    reply.map(|chunk| format!("{:?}", chunk.unwrap())).collect()
}

#[test]
fn a_prompt_that_is_read_in_parts_gets_the_same_reply() {
    let prompt = tiny::model()
        .tokens(&"red green blue ".repeat(50), false)
        .unwrap();
    let whole = reply(tiny::model().with_part(256), &prompt);
    assert_eq!(reply(tiny::model().with_part(7), &prompt), whole);
    assert_ne!(reply(tiny::model(), &prompt[..2]), whole);
}

#[test]
fn a_cancelled_job_gets_no_further_tokens() {
    let (ctx, job) = testing::context();
    let model = State::new(tiny::model());
    let prompt = model.tokens("red", false).unwrap();
    let mut reply = Reply::new(model, ctx, prompt, "messages", &sampling(), 12).unwrap();
    assert!(reply.next().unwrap().is_ok());
    job.cancel(CancelReason::Stopped);
    assert!(reply.next().is_none());
}

#[test]
fn a_job_that_is_cancelled_before_its_prompt_is_read_gets_nothing() {
    let (ctx, job) = testing::context();
    job.cancel(CancelReason::Stopped);
    let model = State::new(tiny::model());
    let prompt = model.tokens("red", false).unwrap();
    let mut reply = Reply::new(model, ctx, prompt, "messages", &sampling(), 12).unwrap();
    assert!(reply.next().is_none());
}

#[test]
fn the_chat_template_of_the_model_is_used_for_all_messages() {
    let model = tiny::model();
    let messages = [
        Message::new(Role::Developer, "blue"),
        Message::user("red"),
        Message::new(Role::Assistant, "green"),
        Message::user("black"),
    ];
    let tokens = model.chat(&messages).unwrap();
    assert_eq!(
        model.tokenizer().decode(&tokens, false).unwrap(),
        "system blue user red assistant green user black assistant"
    );
}

#[test]
fn a_gguf_file_gives_the_same_reply_as_the_files_it_was_made_of() {
    let folder = tiny::folder();
    let path = folder.path().join("tiny.gguf");
    tiny::write_gguf(&path, "llama");
    let gguf = Files {
        folder: folder.path().to_owned(),
        weights: Weights::Gguf(path),
    };
    let gguf = Model::load(&gguf).unwrap();
    let prompt = gguf.chat(&[Message::user("red green")]).unwrap();
    assert_eq!(gguf.window(), 512);
    assert_eq!(
        prompt,
        tiny::model().chat(&[Message::user("red green")]).unwrap()
    );
    assert_eq!(reply(gguf, &prompt), reply(tiny::model(), &prompt));
}

fn fault(files: &Files) -> String {
    let Err(error) = Model::load(files) else {
        panic!("a model was loaded from {}", files.shown().display());
    };
    let error = error.to_string();
    assert!(error.contains(&*files.shown().to_string_lossy()), "{error}");
    error
}

#[test]
fn a_model_of_another_type_or_with_other_weights_is_refused() {
    let folder = tiny::folder();
    let path = folder.path().join("config.json");
    let config = fs::read_to_string(&path).unwrap();
    for (from, to, message) in [
        (
            r#""model_type":"llama""#,
            r#""model_type":"qwen2""#,
            "found qwen2",
        ),
        (
            r#""model_type":"llama""#,
            r#""model_type":"llama","attention_bias":true"#,
            "attention_bias: found true",
        ),
        (
            r#""num_hidden_layers":1"#,
            r#""num_hidden_layers":2"#,
            "model.layers.1.",
        ),
    ] {
        assert!(config.contains(from), "{config}");
        fs::write(&path, config.replace(from, to)).unwrap();
        let error = fault(&tiny::files(&folder));
        assert!(error.contains(message), "{error}");
    }
}

#[test]
fn every_token_that_ends_a_reply_is_known() {
    let folder = tiny::folder();
    let path = folder.path().join("generation_config.json");
    fs::write(path, r#"{ "eos_token_id": [1, 4] }"#).unwrap();
    let model = Model::load(&tiny::files(&folder)).unwrap();
    assert!(model.is_end(1) && model.is_end(4) && !model.is_end(2));
    assert!(!tiny::model().is_end(4));
}

#[test]
fn a_gguf_file_that_is_truncated_or_of_another_architecture_is_refused() {
    let folder = tiny::folder();
    let path = folder.path().join("tiny.gguf");
    let files = Files {
        folder: folder.path().to_owned(),
        weights: Weights::Gguf(path.clone()),
    };
    tiny::write_gguf(&path, "qwen2");
    let error = fault(&files);
    assert!(error.contains("found qwen2"), "{error}");
    tiny::write_gguf(&path, "llama");
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() - 100]).unwrap();
    let error = fault(&files);
    assert!(error.contains("the file is truncated: found "), "{error}");
    for length in [0, 3, 40] {
        fs::write(&path, &whole[..length]).unwrap();
        let error = fault(&files);
        assert!(error.contains("not a complete GGUF file"), "{error}");
    }
}

#[test]
fn truncated_safetensors_are_refused() {
    let folder = tiny::folder();
    let path = folder.path().join("model.safetensors");
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let error = fault(&tiny::files(&folder));
    assert!(error.contains("model.safetensors: "), "{error}");
}
