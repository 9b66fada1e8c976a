//! The sources of the input.

use snapbox::str;

use crate::command::{at, finish, run};
use crate::stage::Stage;

const ADA: &str = r#"{"name": "Ada"}"#;

#[test]
fn a_file_is_read() {
    let stage = Stage::with("hello");
    stage.write("input.json", format!("\u{feff}{ADA}\n"));
    run(&stage, &["--file", "input.json"]).assert(
        0,
        str![[r#"
Hello, Ada!

"#]],
        str![],
    );
}

#[test]
fn stdin_is_read_by_its_sign_and_where_nothing_else_is_given() {
    let stage = Stage::with("hello");
    for arguments in [&["-"][..], &[]] {
        let mut command = at(&stage);
        command.args(arguments);
        finish(&stage, command, ADA).assert(0, "Hello, Ada!\n", "");
    }
}

#[test]
fn test_input_json_is_taken_where_nothing_is_given_and_that_is_said() {
    let stage = Stage::with("hello");
    stage.write(
        "test_input.json",
        format!(r#"{{"id": "mine", "input": {ADA}}}"#),
    );
    run(&stage, &[]).assert(
        0,
        str![[r#"
Hello, Ada!

"#]],
        str![[r#"
note: no input was given; sending test_input.json from this folder

"#]],
    );
}

#[test]
fn an_object_with_an_input_may_be_a_whole_request() {
    let stage = Stage::with("peer:async");
    let request = r#"{"id": "mine", "input": {"do": "job"}, "policy": {"ttl": 60000}, "s3Config": {"bucketName": "b"}}"#;
    run(&stage, &[request]).assert(
        0,
        str![[r#"
{
  "s3Config": {
    "bucketName": "b"
  },
  "id": "[ID]",
  "input": {
    "do": "job"
  }
}

"#]],
        str![],
    );
}

#[test]
fn with_no_input_the_ways_to_give_one_are_shown() {
    let stage = Stage::without_worker();
    run(&stage, &[]).assert(2, str![], str![[r#"
error: the job has no input, and this folder has no test_input.json. Pass an input in one of these ways:

  cargo runpod invoke '{"name": "Ada"}'
  cargo runpod invoke --file input.json
  generate-input | cargo runpod invoke

"#]]);
}

#[test]
fn what_is_not_json_is_shown_with_its_place() {
    let stage = Stage::without_worker();
    run(&stage, &["{\"name\" \"Ada\"}"]).assert(
        2,
        str![],
        str![[r#"
error: the input is not JSON: expected `:`, at line 1, column 9

  {"name" "Ada"}
          ^

"#]],
    );
    run(&stage, &["{name: Ada}"]).assert(
        2,
        str![],
        str![[r#"
error: the input is not JSON: key must be a string, at line 1, column 2

  {name: Ada}
   ^

the shell may have removed the double quotes; put single quotes around the whole input: '{"name": "Ada"}'

"#]],
    );
    run(&stage, &["hello there"]).assert(
        2,
        str![],
        str![[r#"
error: the input is not JSON: expected value, at line 1, column 1

  hello there
  ^

to send a text, put double quotes around it for JSON, and single quotes for the shell: '"hello there"'

"#]],
    );
    run(&stage, &[""]).assert(
        2,
        str![],
        str![[r#"
error: the input is not JSON: EOF while parsing a value, at line 1, column 1

  
  ^

for an empty text, pass '""'; for an empty object, pass '{}'

"#]],
    );
    stage.write("input.json", "{\n  \"name\": \"Ada\",\n}");
    run(&stage, &["-f", "input.json"]).assert(
        2,
        str![],
        str![[r#"
error: input.json is not JSON: key must be a string, at line 3, column 1

  }
  ^

"#]],
    );
    run(&stage, &["input.json"]).assert(
        2,
        str![],
        str![[r#"
error: the input is not JSON: expected value, at line 1, column 1

  input.json
  ^

a file of this name exists; to send its content, use --file

"#]],
    );
    finish(&stage, at(&stage), "[1, 2").assert(
        2,
        str![],
        str![[r#"
error: stdin is not JSON: EOF while parsing a list, at line 1, column 6

  [1, 2
       ^

"#]],
    );
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let stage = Stage::without_worker();
    run(&stage, &["-f", "none.json"]).assert(
        2,
        str![],
        str![[r#"
error: cannot read none.json: No such file or directory (os error 2)

"#]],
    );
    stage.write("latin1.json", b"\"gr\xfc\xdfe\"");
    run(&stage, &["-f", "latin1.json"]).assert(
        2,
        str![],
        str![[r#"
error: latin1.json: not valid UTF-8 at byte 3; JSON must be UTF-8

"#]],
    );
}

#[test]
fn a_request_that_is_too_large_is_not_sent() {
    let stage = Stage::without_worker();
    let text = |characters: usize| format!("\"{}\"", "x".repeat(characters));
    // The rest of the request makes it too large.
    stage.write("just.json", text(10 * 1024 * 1024 - 10));
    run(&stage, &["-f", "just.json"]).assert(2, str![], str![[r#"
error: just.json: the request has more than 10485760 bytes, but an endpoint accepts at most 10 MB (10485760 bytes). Put large data where the worker can fetch it, and send its address

"#]]);
    stage.write("large.json", text(11 * 1024 * 1024));
    run(&stage, &["-f", "large.json"]).assert(2, str![], str![[r#"
error: large.json: the request has more than 10485760 bytes, but an endpoint accepts at most 10 MB (10485760 bytes). Put large data where the worker can fetch it, and send its address

"#]]);
    assert_eq!(stage.get("/health")["jobs"]["inQueue"], 0);
}

#[test]
fn a_large_request_that_is_within_the_limit_is_sent() {
    let stage = Stage::with("hello");
    stage.write(
        "large.json",
        format!(r#"{{"name": "{}"}}"#, "x".repeat(10 * 1024 * 1024 - 100)),
    );
    let ran = run(&stage, &["-f", "large.json"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    assert!(ran.stdout.starts_with("Hello, xxx") && ran.stdout.len() > 10_000_000);
}

#[test]
fn an_input_is_given_in_one_way() {
    let stage = Stage::without_worker();
    run(&stage, &["-f", "input.json", ADA]).assert(
        2,
        str![],
        str![[r#"
error: the argument '--file <PATH>' cannot be used with '[JSON]'

Usage: cargo runpod invoke --url <URL> --file <PATH> [JSON]

For more information, try '--help'.

"#]],
    );
}
