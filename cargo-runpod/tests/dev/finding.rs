//! `cargo runpod invoke` finds the endpoint of its project.

use std::path::Path;
use std::process::Output;

use rustix::process::Signal;
use serde_json::Value;

use crate::command::{Dev, invoke};
use crate::crate_under_edit::Crate;

const TELL: &str = r#"{"do": "tell"}"#;

async fn edition(folder: &Path) -> Value {
    let output = invoked(folder, &[TELL]).await;
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let answer: Value = serde_json::from_slice(&output.stdout).expect("the text is valid JSON");
    answer["edition"].clone()
}

async fn invoked(folder: &Path, arguments: &[&str]) -> Output {
    let output = invoke(folder).args(arguments).output().await;
    output.expect("the command can be started")
}

#[tokio::test]
async fn invoke_finds_the_endpoint_of_its_project_on_any_port() {
    let edited = Crate::new("found");
    let other = Crate::new("other-found");
    other.write("src/main.rs", &Crate::edition("other"));
    let dev = Dev::start(&edited, &[]);
    let dev_of_other = Dev::start(&other, &[]);
    dev.says("takes jobs").await;
    dev_of_other.says("takes jobs").await;
    // Both projects share cargo's target folder, but each endpoint is found only in its own project.
    assert_eq!(edition(edited.folder()).await, "first");
    assert_eq!(edition(&edited.path("src")).await, "first");
    assert_eq!(edition(other.folder()).await, "other");

    let file = edited.run_folder().join("endpoint.json");
    let text = std::fs::read_to_string(&file).expect("the file can be read");
    let told: Value = serde_json::from_str(&text).expect("the text is valid JSON");
    let url = told["url"].as_str().expect("the value is a string");
    let port = url.rsplit(':').next().expect("the address has a port");
    let output = invoked(other.folder(), &["--port", port, TELL]).await;
    assert!(String::from_utf8_lossy(&output.stdout).contains("first"));

    dev.end().await;
    assert!(!file.exists());
    dev_of_other.end().await;
}

#[tokio::test]
async fn a_second_run_in_a_project_is_chosen_by_its_port() {
    let edited = Crate::new("twice");
    let one = Dev::start(&edited, &[]);
    one.says("takes jobs").await;
    let mut other = Dev::start(&edited, &[]);
    other.says("takes jobs").await;
    let output = invoked(edited.folder(), &[TELL]).await;
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(
        told.starts_with("error: several endpoints of this project are running; choose one"),
        "{told}"
    );
    assert_eq!(told.matches("\n  --port ").count(), 2, "{told}");

    // A killed run leaves its file behind. The file is ignored.
    let left = edited.run_folder().with_file_name("dev-twice-2");
    let file = left.join("endpoint.json");
    let text = std::fs::read(&file).expect("the file can be read");
    other.signal(Signal::INT);
    assert!(other.ended().await.success());
    assert!(!file.exists());
    std::fs::create_dir_all(&left).expect("the folder can be created");
    std::fs::write(&file, text).expect("the file can be written");
    assert_eq!(edition(edited.folder()).await, "first");
    one.end().await;
}
