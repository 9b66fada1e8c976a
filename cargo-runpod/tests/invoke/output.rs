//! What is written to stdout, and what is not.

use serde_json::Value;
use snapbox::str;

use crate::command::{Watched, run};
use crate::stage::Stage;

#[test]
fn a_text_is_printed_as_it_is() {
    let stage = Stage::with("hello");
    run(&stage, &[r#"{"name": "Ada"}"#]).assert(
        0,
        str![[r#"
Hello, Ada!

"#]],
        str![],
    );
}

#[test]
fn any_other_output_is_json_as_the_worker_wrote_it() {
    let stage = Stage::with("peer:async");
    let ran = run(
        &stage,
        &[r#"{"do": "return", "value": {"b": [1.5, {}], "a": "ü"}}"#],
    );
    ran.assert(
        0,
        str![[r#"
{
  "b": [
    1.5,
    {}
  ],
  "a": "ü"
}

"#]],
        str![],
    );
}

#[test]
fn an_output_that_is_null_is_printed_too() {
    let stage = Stage::with("peer:async");
    run(&stage, &[r#"{"do": "nothing"}"#]).assert(
        0,
        str![[r#"
null

"#]],
        str![],
    );
}

#[test]
fn stream_items_are_printed_one_a_line_and_not_again_as_the_output() {
    let stage = Stage::with("stream");
    run(&stage, &[r#"{"text": "to be or"}"#]).assert(
        0,
        str![[r#"
{"index":0,"text":"TO"}
{"index":1,"text":"BE"}
{"index":2,"text":"OR"}

"#]],
        str![],
    );
    let aggregating = Stage::with("peer:stream-aggregate");
    let ran = run(
        &aggregating,
        &[r#"{"steps": [{"item": "one"}, {"item": {"a": 2}}, {"item": null}]}"#],
    );
    ran.assert(
        0,
        str![[r#"
one
{"a":2}
null

"#]],
        str![],
    );
}

#[test]
fn raw_texts_have_no_newline_between_them_nor_at_the_end() {
    let stage = Stage::with("peer:stream");
    let steps =
        r#"{"steps": [{"item": "to"}, {"item": " be"}, {"item": {"usage": 2}}, {"item": "\nor"}]}"#;
    let ran = run(&stage, &["--raw", steps]);
    ran.assert(
        0,
        str![[r#"
to be
{"usage":2}

or
"#]],
        str![],
    );
}

#[test]
fn an_item_is_printed_while_the_job_still_runs() {
    let mut stage = Stage::with("peer:stream");
    let steps = r#"{"steps": [{"item": "first"}, {"progress": "waiting"}, {"item": "second"}]}"#;
    let mut watched = Watched::start(&stage, &[steps]);
    assert_eq!(watched.line(), "first\n");
    stage.go_on();
    watched.end(&stage).assert(
        0,
        str![[r#"
second

"#]],
        str![],
    );
}

#[test]
fn json_is_one_document_whatever_became_of_the_job() {
    let stage = Stage::with("stream");
    let ran = run(&stage, &["--json", r#"{"text": "to be"}"#]);
    ran.assert(0, str![[r#"
{"id":"[ID]","status":"COMPLETED","output":[],"stream":[{"index":0,"text":"TO"},{"index":1,"text":"BE"}],"delayTime":[..],"executionTime":[..],"workerId":"worker-1"}

"#]], str![]);
    assert_eq!(ran.stdout.lines().count(), 1);
    let ran = run(
        &stage,
        &["--json", r#"{"text": "to incomprehensibilities!"}"#],
    );
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(ran.code, Some(1));
    assert_eq!(ran.stderr, "");
    assert_eq!(document["status"], "FAILED");
    assert_eq!(document["stream"][0]["text"], "TO");
    assert!(document["error"].as_str().unwrap().contains("too long"));
}

#[test]
fn in_json_there_is_always_a_time_and_a_worker() {
    let stage = Stage::with("hello");
    let ran = run(&stage, &["--json", r#"{"name": "Ada"}"#]);
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    let keys: Vec<_> = document.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        [
            "id",
            "status",
            "output",
            "delayTime",
            "executionTime",
            "workerId"
        ]
    );
    assert_eq!(document["output"], "Hello, Ada!");
}

#[test]
fn verbose_tells_states_and_progress_in_lines_on_stderr() {
    let mut stage = Stage::with("peer:async");
    let plan = r#"{"progress": [{"of": 2, "step": 1}], "do": "return", "value": 7}"#;
    let mut watched = Watched::start(&stage, &["-v", plan]);
    watched.waits_until_it_says(r#"progress {"of":2,"step":1}"#);
    stage.go_on();
    watched.end(&stage).assert(
        0,
        "7\n",
        str![[r#"
COMPLETED in [..], after [..] in the queue, on worker worker-1 (job [ID])

"#]],
    );
}

#[test]
fn help_shows_the_exit_codes() {
    let stage = Stage::without_worker();
    run(&stage, &["-h"]).assert(0, str![[r#"
Send a job to an endpoint, and show what it does

Usage: cargo runpod invoke [OPTIONS] [JSON]

Arguments:
  [JSON]  The job's input as JSON, such as '{"name": "Ada"}'; - reads it from stdin

Options:
  -f, --file <PATH>          Read the input from a file
  -e, --endpoint <ID>        A deployed endpoint, by its id; the key is read from RUNPOD_API_KEY
      --url <URL>            The address of the endpoint
      --port <PORT>          The port of an endpoint on this machine [default: that of `cargo runpod dev` in this project, else 8000]
      --raw                  Print texts that are streamed without a newline after each, as the tokens of a language model
      --json                 Print one JSON document at the end, whatever became of the job, and nothing else
  -v, --verbose              Tell the job's states and its progress in lines on stderr
      --retry-for <SECONDS>  How long to try again while the endpoint cannot be reached or is at fault [default: 10 on this machine, else 60]
  -h, --help                 Print help (see more with '--help')

Exit codes: 0 COMPLETED, 1 FAILED, 2 wrong usage, 3 CANCELLED, 4 TIMED_OUT, 5 no answer from the endpoint, or a refusal; 130 after Ctrl-C, 143 after SIGTERM, 141 where nobody reads the output any more

"#]], str![]);
    run(&stage, &["--help"]).assert(0, str![[r#"
Send a job to an endpoint, and show what it does

The job goes to the endpoint on this machine (`cargo runpod dev`), or with --endpoint to one on Runpod. What it streams is printed as it arrives, then its output; progress is shown beside it.

Usage: cargo runpod invoke [OPTIONS] [JSON]

Arguments:
  [JSON]
          The job's input as JSON, such as '{"name": "Ada"}'; - reads it from stdin

Options:
  -f, --file <PATH>
          Read the input from a file

  -e, --endpoint <ID>
          A deployed endpoint, by its id; the key is read from RUNPOD_API_KEY

      --url <URL>
          The address of the endpoint

      --port <PORT>
          The port of an endpoint on this machine [default: that of `cargo runpod dev` in this project, else 8000]

      --raw
          Print texts that are streamed without a newline after each, as the tokens of a language model

      --json
          Print one JSON document at the end, whatever became of the job, and nothing else

  -v, --verbose
          Tell the job's states and its progress in lines on stderr

      --retry-for <SECONDS>
          How long to try again while the endpoint cannot be reached or is at fault [default: 10 on this machine, else 60]

  -h, --help
          Print help (see a summary with '-h')

Input:
  an argument, --file, or stdin; with none of them test_input.json of this folder. An object that has `input`, and beside
  it nothing but `id`, `webhook`, `policy` and `s3Config`, is a whole request; anything else is the job's input.

Environment:
  RUNPOD_API_KEY            the key for --endpoint
  RUNPOD_LOCAL_API_KEY      the key for an endpoint on this machine, or at --url, where it demands one
  RUNPOD_ENDPOINT_BASE_URL  where endpoints are, as for Runpod's Python client [default: https://api.runpod.ai/v2]; an
                            address on this machine is used without --endpoint too, for the endpoint `local` there

Exit codes:
  0    the job is COMPLETED
  1    it FAILED
  2    wrong usage: a flag, the input, a missing key
  3    it was CANCELLED, by somebody else
  4    it TIMED_OUT
  5    the endpoint could not be reached, or refused
  130  Ctrl-C: the job was cancelled (143 after SIGTERM); a second one ends at once
  141  nobody reads the output any more (`| head -1`): the job was cancelled

"#]], str![]);
}
