//! Tests what the platform sees of the examples in the how-to guides for chat, embeddings and long jobs.

use serde_json::{Value, json};

use crate::endpoint::Post;
use crate::session::Session;

fn job(id: &str, input: Value) -> Value {
    Value::from_iter([("id", Value::from(id)), ("input", input)])
}

async fn chat(max_tokens: usize) -> Vec<Post> {
    let messages = json!([
        { "role": "system", "content": "be brief" },
        { "role": "user", "content": "to be or not" },
    ]);
    let input = json!({ "messages": messages, "max_tokens": max_tokens });
    let mut session = Session::start("chat", [job("a", input)]).await;
    let mut posts = session.posts(1).await;
    session.stop().await.assert_code(0);
    posts.remove("a").expect("the job was answered")
}

fn items(posts: &[Post]) -> Vec<&Value> {
    let [items @ .., Post::Result(result)] = posts else {
        panic!("expected a result: {posts:#?}")
    };
    assert_eq!(*result, json!({ "output": [] }));
    items
        .iter()
        .map(|post| match post {
            Post::Item(item) => item,
            other => panic!("expected only items before the result: {other:?}"),
        })
        .collect()
}

#[tokio::test]
async fn chat_opens_with_the_role_says_why_it_ends_and_closes_with_the_usage() {
    let posts = chat(10).await;
    let items = items(&posts);
    assert!(
        items
            .iter()
            .all(|item| item["object"] == "chat.completion.chunk" && item["id"] == "chatcmpl-a")
    );
    let choices: Vec<&Value> = items.iter().map(|item| &item["choices"]).collect();
    let choice = |delta: Value, reason: Value| json!([{ "index": 0, "delta": delta, "finish_reason": reason }]);
    let token = |text: &str| choice(json!({ "content": text }), Value::Null);
    assert_eq!(
        choices,
        [
            &choice(json!({ "role": "assistant", "content": "" }), Value::Null),
            &token("to"),
            &token(" be"),
            &token(" or"),
            &token(" not"),
            &choice(json!({}), json!("stop")),
            &json!([]),
        ]
    );
    assert_eq!(
        items[6]["usage"],
        json!({ "prompt_tokens": 6, "completion_tokens": 4, "total_tokens": 10 })
    );
}

#[tokio::test]
async fn chat_that_is_cut_short_says_so() {
    let posts = chat(2).await;
    let reasons: Vec<&Value> = items(&posts)
        .into_iter()
        .map(|item| &item["choices"][0]["finish_reason"])
        .filter(|reason| !reason.is_null())
        .collect();
    assert_eq!(reasons, ["length"]);
}

#[tokio::test]
async fn embeddings_come_one_for_each_text_in_order_and_in_the_size_that_was_asked_for() {
    let jobs = [
        job("a", json!({ "input": ["to be", "or"], "dimensions": 8 })),
        job("b", json!({ "input": "to" })),
        job("c", json!({ "input": "to", "dimensions": 0 })),
    ];
    let mut session = Session::start("embeddings", jobs).await;

    let results = session.results(3).await;
    let data = results[0].1["output"]["data"]
        .as_array()
        .expect("`data` is a list");
    assert_eq!(data.len(), 2);
    for (index, embedding) in data.iter().enumerate() {
        assert_eq!(embedding["index"], index);
        let vector = embedding["embedding"]
            .as_array()
            .expect("`embedding` is a list");
        assert_eq!(vector.len(), 8);
        let square = |x: &Value| x.as_f64().expect("the element is a number").powi(2);
        let length: f64 = vector.iter().map(square).sum();
        assert!((length - 1.0).abs() < 1e-3, "{vector:?}");
    }
    let whole = &results[1].1["output"];
    assert_eq!(
        whole["data"][0]["embedding"].as_array().map(Vec::len),
        Some(384)
    );
    assert_eq!(whole["usage"]["total_tokens"], 1);
    let error = results[2].1["error"].to_string();
    assert!(error.contains("expected 1 to 384"), "{error}");
}

#[tokio::test]
async fn long_job_that_is_cut_off_is_gone_on_with_by_the_next_worker() {
    let folder = tempfile::tempdir().expect("a temporary folder can be created");
    let start = async |steps: u64| {
        let input = json!({ "run": "a", "steps": steps, "pause_ms": 1 });
        Session::start_with("long_job", [job("a", input)], |worker| {
            worker.env("CHECKPOINTS", folder.path());
            // With no grace time, SIGTERM cancels the handler at once.
            worker.env("RUNPOD_SHUTDOWN_GRACE_S", "0");
        })
        .await
    };

    let mut first = start(1_000_000_000).await;
    let (_, post) = first.endpoint.next().await;
    assert!(matches!(post, Post::Progress(_)), "{post:?}");
    first.stop().await.assert_code(0);
    let file = folder.path().join("a.json");
    let text = std::fs::read(file).expect("the first worker has written a checkpoint");
    let left: Value = serde_json::from_slice(&text).expect("the checkpoint is JSON");
    let step = left["step"].as_u64().expect("`step` is a number");
    assert!(step > 0, "{left}");

    let mut second = start(step + 3).await;
    let results = second.results(1).await;
    let output = &results[0].1["output"];
    assert_eq!(output["resumed_from"], step, "{output}");
    assert_eq!(output["steps"], step + 3, "{output}");
}

#[tokio::test]
async fn long_job_leads_out_of_no_folder() {
    let folder = tempfile::tempdir().expect("a temporary folder can be created");
    let jobs = [job("a", json!({ "run": "../a", "steps": 1 }))];
    let mut session = Session::start_with("long_job", jobs, |worker| {
        worker.env("CHECKPOINTS", folder.path());
    })
    .await;
    let results = session.results(1).await;
    let error = results[0].1["error"].to_string();
    assert!(
        error.contains("expected letters, digits and `-`"),
        "{error}"
    );
}
