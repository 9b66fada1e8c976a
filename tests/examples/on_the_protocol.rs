//! Tests what the platform sees: the posts for the jobs of a queue.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, process, thread};

use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::endpoint::Post;
use crate::process::PATIENCE;
use crate::session::Session;

fn job(id: &str, input: Value) -> Value {
    Value::from_iter([("id", Value::from(id)), ("input", input)])
}

fn output(job: &str, output: Value) -> (String, Value) {
    (job.to_owned(), Value::from_iter([("output", output)]))
}

#[track_caller]
fn assert_contains(error: &Value, part: &str) {
    assert!(
        error.as_str().is_some_and(|error| error.contains(part)),
        "{error} does not contain {part:?}"
    );
}

#[tokio::test]
async fn hello_answers_job_after_job_and_ends_when_it_is_asked_to() {
    let jobs = [
        job("a", json!({ "name": "Ada" })),
        job("b", json!({})),
        job("c", json!({ "name": "Grace" })),
    ];
    let mut session = Session::start("hello", jobs).await;

    let results = session.results(3).await;
    assert_eq!(results[0], output("a", json!("Hello, Ada!")));
    assert_eq!(results[1].0, "b");
    assert_contains(&results[1].1["error"], "name");
    assert_eq!(
        results[2],
        output("c", json!("Hello, Grace!")),
        "an input that does not match the type must fail only its own job"
    );

    session.stop().await.assert_code(0);
}

#[tokio::test]
async fn stream_posts_each_item_in_order_and_then_the_result() {
    let mut session = Session::start("stream", [job("a", json!({ "text": "to be or" }))]).await;

    let item = |index: usize, text: &str| Post::Item(json!({ "index": index, "text": text }));
    let result = Post::Result(json!({ "output": [] }));
    assert_eq!(
        session.posts(1).await["a"],
        [item(0, "TO"), item(1, "BE"), item(2, "OR"), result]
    );
}

#[tokio::test]
async fn stream_that_fails_keeps_its_items_and_ends_in_an_error() {
    let text = "an incomprehensibilities-free text";
    let mut session = Session::start("stream", [job("a", json!({ "text": text }))]).await;

    let posts = session.posts(1).await;
    let [Post::Item(item), Post::Result(result)] = posts["a"].as_slice() else {
        panic!("expected one item and a result: {posts:#?}");
    };
    assert_eq!(*item, json!({ "index": 0, "text": "AN" }));
    assert_contains(&result["error"], "word 1 is too long for this model");
}

#[tokio::test]
async fn state_is_set_up_once_for_three_jobs() {
    let jobs = ["a", "b", "c"].map(|id| job(id, json!({ "text": "a fine day" })));
    let mut session = Session::start("state", jobs).await;

    let results = session.results(3).await;
    let expected = [("a", 1), ("b", 2), ("c", 3)]
        .map(|(id, number)| output(id, json!({ "score": 2, "job": number })));
    assert_eq!(results, expected, "one model must count all three jobs");

    let ended = session.stop().await;
    ended.assert_code(0);
    assert_eq!(
        ended.text.matches("loading the model").count(),
        1,
        "{ended}"
    );
}

#[tokio::test]
async fn refresh_asks_for_a_fresh_worker_and_takes_no_second_job() {
    let jobs = [
        job("a", json!({ "text": "to be" })),
        job("b", json!({ "text": "or not" })),
    ];
    let mut session = Session::start("refresh", jobs).await;

    let expected = json!({ "output": "TO BE", "stopPod": true });
    assert_eq!(session.results(1).await, [("a".to_owned(), expected)]);
    session.ended().await.assert_code(0);
    assert_eq!(
        session.endpoint.jobs_left(),
        1,
        "the second job must stay in the queue for the fresh worker"
    );
}

#[tokio::test]
async fn refresh_asks_for_a_fresh_worker_after_a_failed_job_too() {
    let mut session = Session::start("refresh", [job("a", json!({}))]).await;

    let results = session.results(1).await;
    assert_eq!(results[0].1["stopPod"], true, "{results:?}");
    assert!(results[0].1["error"].is_string(), "{results:?}");
    session.ended().await.assert_code(0);
}

#[tokio::test]
async fn refresh_on_demand_asks_for_a_fresh_worker_where_a_job_did() {
    for way in ["call", "key"] {
        let jobs = [job("a", json!({})), job("b", json!({ "refresh": way }))];
        let mut session = Session::start("refresh_on_demand", jobs).await;

        let fresh = json!({ "output": { "answer": 42 }, "stopPod": true });
        assert_eq!(
            session.results(2).await,
            [
                output("a", json!({ "answer": 42 })),
                ("b".to_owned(), fresh)
            ],
            "{way}"
        );
        session.ended().await.assert_code(0);
    }
}

#[tokio::test]
async fn progress_comes_in_order_and_before_the_result() {
    let mut session = Session::start("progress", [job("a", json!({ "steps": 5 }))]).await;

    let posts = session.posts(1).await;
    let [progress @ .., Post::Result(result)] = posts["a"].as_slice() else {
        panic!("expected a result: {posts:#?}")
    };
    assert_eq!(
        *result,
        json!({ "output": "a loss of 0.03125 after 5 steps" })
    );
    // If a handler sends updates faster than the network, the worker skips some of them. Any number of updates may
    // arrive, but the last one always does.
    let step = |post: &Post| match post {
        Post::Progress(update) => update["step"].as_u64().expect("`step` is a number"),
        other => panic!("expected only progress before the result: {other:?}"),
    };
    let steps: Vec<u64> = progress.iter().map(step).collect();
    assert!(
        steps.is_sorted_by(|before, after| before < after),
        "{steps:?}"
    );
    assert_eq!(steps.last(), Some(&5));
}

#[tokio::test]
async fn concurrent_jobs_are_all_in_progress_at_the_same_time() {
    // Each job waits until all four have started, so four results show that four jobs ran at once.
    let jobs = ["a", "b", "c", "d"].map(|id| job(id, json!({ "people": 4 })));
    let mut session = Session::start("concurrent", jobs).await;

    assert_eq!(
        session.results(4).await,
        ["a", "b", "c", "d"].map(|id| output(id, json!("we are 4")))
    );
}

#[tokio::test]
async fn blocking_jobs_hold_up_no_other() {
    let folder = Folder::new("blocking");
    let pipes = ["a", "b", "c"].map(|id| (id, folder.pipe(id)));
    let file = folder.0.join("file");
    fs::write(&file, "to be or not to be").expect("the file can be written");

    // The worker has one thread for async work. If the three handlers blocked it, the fourth job could not run.
    let jobs = pipes
        .each_ref()
        .map(|(id, pipe)| job(id, json!({ "path": pipe })));
    let mut session = Session::start_with("blocking", jobs, |worker| {
        worker.env("TOKIO_WORKER_THREADS", "1");
    })
    .await;

    let mut held = Vec::new();
    for (_, pipe) in &pipes {
        held.push(once_it_is_read(pipe.clone()).await);
    }
    // All three handlers have opened their pipes, and block in a read because nothing has been written.
    session.endpoint.add(job("d", json!({ "path": file })));
    assert_eq!(session.results(1).await, [output("d", json!("6 words"))]);

    for mut pipe in held {
        pipe.write_all(b"two words")
            .expect("the handler reads the pipe");
    }
    assert_eq!(
        session.results(3).await,
        ["a", "b", "c"].map(|id| output(id, json!("2 words")))
    );
}

#[tokio::test]
async fn routes_send_each_job_to_its_handler() {
    let jobs = [
        job("a", json!({ "task": "count", "text": "to be" })),
        job("b", json!({ "task": "echo-thrice", "text": "hollo" })),
        job("c", json!({ "text": "no task" })),
    ];
    let mut session = Session::start("routes", jobs).await;

    let posts = session.posts(3).await;
    let result = |output: Value| Post::Result(json!({ "output": output }));
    let echo = || Post::Item(json!("hollo"));
    assert_eq!(posts["a"], [result(json!("2 words"))]);
    assert_eq!(posts["b"], [echo(), echo(), echo(), result(json!([]))]);
    let [Post::Result(failed)] = posts["c"].as_slice() else {
        panic!("expected one result: {posts:#?}")
    };
    assert_contains(&failed["error"], "task");
}

#[tokio::test]
async fn builder_makes_the_same_worker() {
    let jobs =
        ["greet", "exclaim", "spell"].map(|task| job(task, json!({ "task": task, "name": "Al" })));
    let mut session = Session::start("builder", jobs).await;

    let expected = [
        output("exclaim", json!("Al!")),
        output("greet", json!("Good day, Al!")),
        output("spell", json!([])),
    ];
    assert_eq!(session.results(3).await, expected);
    session.stop().await.assert_code(0);
}

/// A folder for one test, deleted when the value is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{test}-{}", process::id()));
        fs::create_dir_all(&path).expect("the folder can be created");
        Self(path)
    }

    /// Creates a named pipe: a reader blocks until something is written.
    fn pipe(&self, name: &str) -> PathBuf {
        let path = self.0.join(name);
        assert!(
            Command::new("mkfifo")
                .arg(&path)
                .status()
                .expect("mkfifo is installed")
                .success()
        );
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Opens a pipe for writing, which succeeds once a reader has opened it.
async fn once_it_is_read(pipe: PathBuf) -> File {
    let (sender, opened) = oneshot::channel();
    // The test does not join this thread: if no reader opens the pipe, the test fails instead of hanging.
    thread::spawn(move || sender.send(OpenOptions::new().write(true).open(pipe)));
    let opened = timeout(PATIENCE, opened)
        .await
        .expect("the handler opens the pipe");
    opened
        .expect("the thread sends a result")
        .expect("the pipe can be opened")
}
