//! Ctrl-C at each step, on a real terminal.

use serde_json::json;

use crate::command::Stage;
use crate::platform::Fault;
use crate::terminal::Terminal;

const CPU: &str = "cpu = [{ id = \"cpu5c\", vcpus = 2 }]";

#[test]
fn at_the_question_nothing_was_changed() {
    let stage = Stage::with(CPU);
    let mut terminal = Terminal::start(stage.command(&["deploy", "--image=a:1"]));
    terminal.sees("Create this endpoint? [y/N]");
    terminal.0.send_control('c').unwrap();
    terminal.sees("nothing was changed");
    terminal.ends(130);
    assert_eq!(stage.platform.changes(), []);
}

#[test]
fn an_answer_other_than_yes_changes_nothing() {
    let stage = Stage::with(CPU);
    let mut terminal = Terminal::start(stage.command(&["deploy", "--image=a:1"]));
    terminal.sees("Create this endpoint? [y/N]");
    terminal.0.send_line("").unwrap();
    terminal.sees("nothing was changed");
    terminal.ends(2);
    assert_eq!(stage.platform.changes(), []);
}

#[test]
fn while_a_request_is_on_its_way_its_outcome_is_open() {
    for (exists, method, path) in [(false, "POST", "/serverless"), (true, "PATCH", "/ep1")] {
        let stage = Stage::with(CPU);
        if exists {
            let more = json!({ "workers": { "min": 1, "max": 3 } });
            stage.platform.has("hello", &more);
        }
        stage.platform.state().faults.push(Fault {
            method,
            path,
            status: 0,
            header: None,
            times: 1,
            is_done: true,
        });
        let arguments = ["deploy", "--yes", "--image=example/hello:2"];
        let mut terminal = Terminal::start(stage.command(&arguments));
        stage.platform.wait_for_a_change();
        terminal.0.send_control('c').unwrap();
        terminal.sees("stopped before Runpod answered: ");
        terminal
            .sees("the request may have been carried out. Run the same command again to continue");
        if exists {
            terminal.sees("endpoint hello (ep1) exists. 1 worker always runs and is billed");
        }
        terminal.ends(130);
        stage
            .deploy(&["--image=example/hello:2"])
            .code(0)
            .says("is up to date");
    }
}

#[test]
fn while_the_workers_start_the_endpoint_is_named_with_its_cost() {
    let stage = Stage::with(CPU);
    let mut terminal =
        Terminal::start(stage.command(&["deploy", "--image=example/stuck:1", "--min-workers=1"]));
    terminal.sees("Create this endpoint? [y/N]");
    terminal.0.send_line("y").unwrap();
    terminal.sees("loading the model");
    terminal.0.send_control('c').unwrap();
    terminal.sees("endpoint hello (ep1) exists. 1 worker always runs and is billed");
    terminal.sees("cargo runpod delete ep1");
    terminal.ends(130);
}

#[test]
fn while_the_smoke_job_waits_it_is_cancelled() {
    let stage = Stage::with(CPU);
    let mut terminal = Terminal::start(stage.command(&[
        "deploy",
        "--yes",
        "--image=example/stuck:1",
        "--smoke={}",
    ]));
    terminal.sees("loading the model");
    terminal.0.send_control('c').unwrap();
    terminal.sees("the smoke job job-1 was cancelled");
    terminal.sees("endpoint hello (ep1) exists. Workers are billed while they start and run");
    terminal.ends(130);
    assert!(stage.platform.state().endpoints[0].jobs[0].is_cancelled);
}

#[test]
fn while_the_smoke_job_runs_it_is_cancelled() {
    let stage = Stage::with(CPU);
    let mut terminal = Terminal::start(stage.command(&[
        "deploy",
        "--yes",
        "--image=a:1",
        r#"--smoke={"do": "hang"}"#,
    ]));
    terminal.sees("waiting for the smoke job job-1");
    terminal.0.send_control('c').unwrap();
    terminal.sees("the smoke job job-1 was cancelled");
    terminal.ends(130);
    assert!(stage.platform.state().endpoints[0].jobs[0].is_cancelled);
}

#[test]
fn at_the_question_of_delete_nothing_is_deleted() {
    let stage = Stage::with("");
    stage.platform.has("hello", &json!({}));
    let mut terminal = Terminal::start(stage.command(&["delete", "hello"]));
    terminal.sees("Delete endpoint hello (ep1) with 0 workers?");
    terminal.0.send_control('c').unwrap();
    terminal.sees("stopped; nothing was deleted");
    terminal.ends(130);
    let mut terminal = Terminal::start(stage.command(&["delete", "hello"]));
    terminal.sees("[y/N]");
    terminal.0.send_line("y").unwrap();
    terminal.sees("deleted endpoint hello (ep1)");
    terminal.ends(0);
    assert!(stage.platform.state().endpoints.is_empty());
}

#[test]
fn while_the_worker_is_built_nothing_is_changed() {
    let stage = Stage::with(CPU);
    let endless = "fn main() { loop { std::thread::park() } }\n";
    std::fs::write(stage.room.path().join("build.rs"), endless).unwrap();
    let arguments = ["deploy", "--yes", "--push=127.0.0.1:9/me/hello:1"];
    let mut terminal = Terminal::start(stage.command(&arguments));
    terminal.sees("Building hello");
    terminal.0.send_control('c').unwrap();
    terminal.sees("nothing was changed");
    terminal.ends(130);
    assert_eq!(stage.platform.changes(), []);
}
