//! `cargo runpod logs`.

use serde_json::json;
use snapbox::str;

use crate::command::Stage;

fn stage() -> Stage {
    let stage = Stage::with("");
    stage
        .platform
        .has("hello", &json!({ "workers": { "min": 1, "max": 3 } }));
    let mut held = stage.platform.state();
    let worker = &mut held.endpoints[0].workers[0];
    // The first two lines have the same text and the same time.
    worker.log.clear();
    for line in ["tick", "tick", "tock", "\u{1b}[31mred", "last"] {
        worker.say("container", line);
    }
    worker.say("system", "stop");
    drop(held);
    stage
}

#[test]
fn all_lines_are_printed_in_a_harmless_form() {
    stage().run(&["logs", "hello"]).assert(
        0,
        str![[r#"
2026-06-01T12:05:00Z worker_1 | tick
2026-06-01T12:05:00Z worker_1 | tick
2026-06-01T12:05:01Z worker_1 | tock
2026-06-01T12:05:01Z worker_1 | \u{1b}[31mred
2026-06-01T12:05:02Z worker_1 | last
2026-06-01T12:05:02Z worker_1 [system] | stop

"#]],
        str![[r#""#]],
    );
}

#[test]
fn each_line_can_be_a_json_document() {
    let ran = stage().run(&["logs", "hello", "--json", "--source=container", "--tail=2"]);
    ran.assert(
        0,
        str![[r#"
{"worker":"worker_1","ts":"2026-06-01T12:05:01Z","source":"container","line":"\u001b[31mred"}
{"worker":"worker_1","ts":"2026-06-01T12:05:02Z","source":"container","line":"last"}

"#]],
        str![[r#""#]],
    );
}

#[test]
fn since_chooses_the_beginning() {
    let ran = stage().run(&[
        "logs",
        "hello",
        "--since",
        "2026-06-01T12:05:02Z",
        "--worker=worker_1",
    ]);
    ran.assert(
        0,
        str![[r#"
2026-06-01T12:05:02Z worker_1 | last
2026-06-01T12:05:02Z worker_1 [system] | stop

"#]],
        str![[r#""#]],
    );
}

#[test]
fn a_broken_stream_is_resumed_and_no_line_is_printed_twice() {
    for cut in 0..6 {
        let stage = stage();
        stage.platform.state().break_log_after = vec![cut, cut.max(2)];
        let ran = stage.run(&["logs", "hello"]);
        ran.code(0);
        let lines: Vec<&str> = ran
            .stdout
            .lines()
            .filter_map(|line| line.split_once("| "))
            .map(|(_, line)| line)
            .collect();
        assert_eq!(
            lines,
            ["tick", "tick", "tock", r"\u{1b}[31mred", "last", "stop"],
            "cut after {cut}"
        );
        let resumed = stage.platform.state().resumed_at.clone();
        assert_eq!(resumed.len(), 3, "{resumed:?}");
        assert_eq!(resumed[1].is_some(), cut > 0, "{resumed:?}");
    }
}

#[test]
fn a_worker_or_an_endpoint_that_does_not_exist_is_told() {
    let stage = stage();
    stage
        .run(&["logs", "hello", "--worker=worker_9"])
        .code(2)
        .says("the endpoint has no worker worker_9");
    stage
        .run(&["logs", "hallo"])
        .code(2)
        .says("no endpoint hallo; did you mean hello");
    stage.platform.has("empty", &json!({}));
    stage
        .run(&["logs", "empty"])
        .code(0)
        .says("has no workers, so there are no logs");
    stage
        .run(&["logs", "hello", "--since=yesterday"])
        .code(2)
        .says("expected a duration such as 10m");
}

#[test]
fn following_ends_with_the_reader() {
    use std::io::{BufRead as _, BufReader};
    use std::process::Stdio;

    let stage = stage();
    let mut command = stage.command(&["logs", "hello", "--follow"]);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    let mut reader = BufReader::new(child.stdout.take().expect("it is piped"));
    let mut line = String::new();
    reader.read_line(&mut line).expect("it writes text");
    assert!(line.ends_with("worker_1 | tick\n"), "{line}");
    drop(reader);
    stage.platform.state().endpoints[0].workers[0].say("container", "after the reader has gone");
    let status = child.wait().expect("it ends");
    assert_eq!(status.code(), Some(141));
}
