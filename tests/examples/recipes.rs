//! Tests what the platform sees of the examples in the how-to guides for chat, embeddings and long jobs.

use serde_json::{Value, json};

use crate::endpoint::Post;
use crate::session::Session;

fn job(id: &str, input: Value) -> Value {
    Value::from_iter([("id", Value::from(id)), ("input", input)])
}

fn called(id: &str, route: &str, body: &Value) -> Value {
    job(id, json!({ "openai_route": route, "openai_input": body }))
}

/// Returns the frames of a stream. A post may have several.
fn frames(posts: &[Post]) -> Vec<Value> {
    let [items @ .., Post::Result(result)] = posts else {
        panic!("expected a result: {posts:#?}")
    };
    let text: String = items
        .iter()
        .map(|post| match post {
            Post::Item(item) => item.as_str().expect("a frame is a string"),
            other => panic!("expected only items before the result: {other:?}"),
        })
        .collect();
    let repeated = result["output"].as_array().expect("the items are repeated");
    let repeated: String = repeated.iter().filter_map(Value::as_str).collect();
    assert_eq!(repeated, text);
    let frames = text.split_terminator("\n\n").map(|frame| {
        let data = frame.strip_prefix("data: ").expect("a whole frame");
        serde_json::from_str(data).unwrap_or_else(|_| data.into())
    });
    frames.collect()
}

#[tokio::test]
async fn chat_answers_each_route_of_openai_clients() {
    let messages = json!([{ "role": "user", "content": "to be or not" }]);
    let chat = |more: Value| {
        let mut body = json!({ "messages": messages });
        let fields = body.as_object_mut().expect("an object");
        fields.extend(more.as_object().expect("an object").clone());
        body
    };
    let route = "/v1/chat/completions";
    let jobs = [
        called(
            "stream",
            route,
            &chat(json!({ "stream": true, "max_tokens": 2 })),
        ),
        called("whole", route, &chat(json!({}))),
        called("bad", route, &chat(json!({ "temperature": 3 }))),
        called("embed", "/v1/embeddings", &json!({ "input": "abc" })),
        job("models", json!({ "openai_route": "/v1/models" })),
        job(
            "native",
            json!({ "prompt": "to be", "sampling_params": { "max_tokens": 1 } }),
        ),
    ];
    let mut session = Session::start("chat", jobs).await;
    let posts = session.posts(6).await;
    session.stop().await.assert_code(0);
    let deltas: Vec<Value> = frames(&posts["stream"])
        .into_iter()
        .map(|frame| match frame {
            Value::Object(frame) => frame["choices"][0]["delta"].clone(),
            done => done,
        })
        .collect();
    assert_eq!(
        deltas,
        [
            json!({ "role": "assistant", "content": "" }),
            json!({ "content": "to " }),
            json!({ "content": "be " }),
            json!({}),
            json!("[DONE]"),
        ]
    );
    let one = |id: &str| match &posts[id][..] {
        [Post::Item(item), Post::Result(result)] => {
            assert_eq!(result["output"], json!([item]));
            item.clone()
        }
        [Post::Result(result)] => result["output"].clone(),
        other => panic!("expected one object: {other:#?}"),
    };
    assert_eq!(
        one("whole")["choices"][0]["message"]["content"],
        "to be or not"
    );
    assert_eq!(one("whole")["usage"]["total_tokens"], 8);
    assert_eq!(one("bad")["param"], "temperature");
    assert_eq!(one("embed")["data"][0]["embedding"], json!([3.0]));
    assert_eq!(one("models")["data"][1]["id"], "parrot-1");
    assert_eq!(one("native")["choices"][0]["tokens"], json!(["to "]));
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
