//! The end of `cargo runpod dev`.

use rexpect::session::{PtySession, spawn_command};
use rustix::process::Signal;
use serde_json::json;

use crate::client::{Client, PATIENCE, eventually};
use crate::command::{Dev, assert_nothing_left, processes_with, without_our_variables};
use crate::crate_under_edit::{Crate, built};

#[tokio::test]
async fn ctrl_c_waits_for_the_job_that_runs_and_tells_what_goes_with_the_queue() {
    let edited = Crate::new("drains");
    let mut dev = Dev::start(&edited, &[]);
    let client = dev.client().await;
    let gate = edited.path("gate");
    let job = client.run(json!({ "do": "wait", "file": gate })).await;
    client.until_progress(&job, "waits").await;
    for _ in 0..3 {
        client.run(json!({ "do": "tell" })).await;
    }
    dev.signal(Signal::INT);
    dev.says("waiting for 1 job to finish; press Ctrl-C again to stop at once")
        .await;
    let output = tokio::join!(client.output(&job), async {
        std::fs::write(&gate, "").expect("the file can be written");
    });
    assert_eq!(output.0["edition"], "first");
    let status = dev.ended().await;
    assert!(status.success(), "{status}");
    dev.says("3 jobs were lost with the queue").await;
    assert_nothing_left(&edited.places());
    assert!(!edited.run_folder().exists());
}

#[tokio::test]
async fn a_second_ctrl_c_and_a_closed_terminal_cut_off_what_runs() {
    let edited = Crate::new("cut-off");
    for signals in [&[Signal::INT, Signal::INT][..], &[Signal::HUP]] {
        let mut dev = Dev::start(&edited, &[]);
        let client = dev.client().await;
        let never = edited.path("never");
        let job = client.run(json!({ "do": "wait", "file": never })).await;
        client.until_progress(&job, "waits").await;
        for (number, signal) in signals.iter().enumerate() {
            dev.signal(*signal);
            if number + 1 < signals.len() {
                dev.says("Ctrl-C again").await;
            }
        }
        let status = dev.ended().await;
        assert!(status.success(), "{status}");
        dev.says("1 job was cut off").await;
        assert_nothing_left(&edited.places());
    }
}

#[tokio::test]
async fn a_killed_command_leaves_no_worker_behind() {
    let edited = Crate::new("killed");
    let mut dev = Dev::start(&edited, &["--workers", "2"]);
    let client = dev.client().await;
    let never = edited.path("never");
    let job = client.run(json!({ "do": "wait", "file": never })).await;
    client.until_progress(&job, "waits").await;
    dev.says("worker-2-1 takes jobs").await;
    let program = edited.program().display().to_string();
    assert_eq!(processes_with(&program).len(), 2);
    dev.signal(Signal::KILL);
    let status = dev.ended().await;
    assert!(!status.success(), "{status}");
    eventually("the workers are gone", async || {
        processes_with(&program).is_empty()
    })
    .await;
    // The next run removes the rest of the killed one.
    let copies = || {
        let entries = std::fs::read_dir(built().join("debug")).expect("a folder");
        let names = entries.map(|entry| entry.expect("an entry").file_name());
        let mine = format!(".runpod-dev.{}.", edited.name);
        names
            .filter(|name| name.to_string_lossy().starts_with(&mine))
            .count()
    };
    assert_eq!(copies(), 1);
    let dev = Dev::start(&edited, &[]);
    dev.says("worker-1-1 takes jobs").await;
    assert_eq!(copies(), 1);
    dev.end().await;
    assert_eq!(copies(), 0);
}

/// In a terminal, Ctrl-C reaches all processes of the foreground process group.
#[test]
fn ctrl_c_in_a_terminal_reaches_the_command_alone_and_ends_everything() {
    let edited = Crate::new("terminal");
    let mut terminal = in_a_terminal(&edited);
    terminal
        .exp_string("worker-1-1 takes jobs")
        .expect("a worker takes jobs");
    assert_eq!(
        processes_with(&edited.program().display().to_string()).len(),
        1
    );
    terminal
        .send_control('c')
        .expect("the command reads its terminal");
    let rest = terminal.exp_eof().expect("the command exits");
    // The command stopped the worker, not the terminal.
    assert!(rest.contains("SIGTERM received"), "{rest}");
    assert!(!rest.contains("SIGINT received"), "{rest}");
    assert_nothing_left(&edited.places());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ctrl_c_in_a_terminal_waits_and_colours_are_for_terminals() {
    let edited = Crate::new("colours");
    let (terminal, url) = tokio::task::spawn_blocking({
        let mut terminal = in_a_terminal(&edited);
        move || {
            terminal
                .exp_string("\u{1b}[36mdev:\u{1b}[0m the endpoint is at ")
                .expect("our lines have a colour");
            let url = terminal
                .exp_string(": open")
                .expect("the endpoint prints its address");
            (terminal, url)
        }
    })
    .await
    .expect("the task does not panic");
    let mut terminal = terminal;
    let client = Client::of(&url);
    let gate = edited.path("gate");
    let job = client.run(json!({ "do": "wait", "file": gate })).await;
    client.until_progress(&job, "waits").await;
    terminal
        .send_control('c')
        .expect("the command reads its terminal");
    let output = tokio::join!(client.output(&job), async {
        std::fs::write(&gate, "").expect("the file can be written");
    });
    assert_eq!(output.0["edition"], "first");
    let rest = tokio::task::spawn_blocking(move || terminal.exp_eof())
        .await
        .expect("the task does not panic")
        .expect("the command exits");
    assert!(rest.contains("\u{1b}[32mINFO   \u{1b}[0m| "), "{rest}");
    assert_nothing_left(&edited.places());
}

fn in_a_terminal(of: &Crate) -> PtySession {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_cargo-runpod"));
    without_our_variables(&mut command);
    command
        .args(["runpod", "dev", "--port", "0"])
        .current_dir(of.folder())
        .env("CARGO_TARGET_DIR", built())
        .env_remove("NO_COLOR");
    let patience = u64::try_from(PATIENCE.as_millis()).ok();
    spawn_command(command, patience).expect("the command starts in a terminal")
}
