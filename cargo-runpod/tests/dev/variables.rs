//! `--watch` and `--env-file`.

use serde_json::json;

use crate::command::{Dev, dev};
use crate::crate_under_edit::Crate;

#[tokio::test]
async fn a_changed_environment_file_or_weight_restarts_the_worker_without_a_build() {
    let edited = Crate::new("watched");
    edited.write(".env", "GREETING='good day' # a comment\nPATH=elsewhere\n");
    edited.write("model/weights.bin", "1");
    edited.write("prompt.txt", "1");
    let flags = [
        "--env-file",
        ".env",
        "--watch",
        "model",
        "--watch",
        "prompt.txt",
    ];
    let dev = Dev::start(&edited, &flags);
    let client = dev.client().await;
    let variable = async |name: &str| {
        let job = client.run(json!({ "do": "variable", "file": name })).await;
        client.output(&job).await
    };
    dev.says("worker-1-1 takes jobs").await;
    assert_eq!(variable("GREETING").await, "good day");
    // The variables of the command itself come first.
    assert_ne!(variable("PATH").await, "elsewhere");

    edited.replace(".env", "GREETING=hello\n");
    dev.says(".env changed").await;
    dev.says("worker-1-2 has taken over").await;
    let greeting = variable("GREETING").await;
    assert_eq!(greeting, "hello", "{}", dev.printed());

    edited.replace(".env", "GREETING=secret words\n");
    dev.says("--env-file: .env:1: expected NAME=value").await;
    assert_eq!(variable("GREETING").await, "hello");
    assert!(!dev.printed().contains("secret"), "{}", dev.printed());
    edited.replace(".env", "GREETING=\"hi\"\n");
    dev.says("worker-1-3 has taken over").await;
    assert_eq!(variable("GREETING").await, "hi");

    edited.write("model/inner/new.bin", "1");
    dev.says("model/inner/new.bin changed").await;
    dev.says("worker-1-4 has taken over").await;
    edited.replace("prompt.txt", "2");
    dev.says("prompt.txt changed").await;
    dev.says("worker-1-5 has taken over").await;
    let printed = dev.printed();
    assert_eq!(printed.matches("Finished `dev`").count(), 1, "{printed}");
    dev.end().await;
}

#[tokio::test]
async fn faults_of_the_files_are_told_before_anything_is_built() {
    let edited = Crate::new("no-file");
    edited.write(".env", "A=1\n\nB='never closed\n");
    edited.write("later.rs", "");
    let cases: [(&[&str], &str); 3] = [
        (
            &["--env-file", ".env"],
            "error: --env-file: .env:3: expected NAME=value; put a value with spaces or `#` into quotes, and close them\n",
        ),
        (
            &["--env-file", "none"],
            "error: --env-file: none does not exist; create it, or pass the path of another file\n",
        ),
        (
            &["--watch", "weights"],
            "error: --watch: cannot find weights: No such file or directory (os error 2); pass the path of a file or \
             folder that exists\n",
        ),
    ];
    for (flags, expected) in cases {
        let mut command = dev(edited.folder());
        let output = command.args(["--port", "0"]).args(flags).output().await;
        let output = output.expect("it starts");
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(String::from_utf8_lossy(&output.stderr), expected);
    }
}
