//! Models that do not fit twice. A file lock stands for the GPU.

use std::path::Path;

use serde_json::json;

use crate::client::eventually;
use crate::command::Dev;
use crate::crate_under_edit::{Crate, MAIN};

/// Returns the code of a worker whose `main` takes the GPU for itself, or fails.
fn main(gpu: &Path, edition: &str) -> String {
    let gpu = gpu.display().to_string();
    let code = MAIN.replace("\"first\"", &format!("{edition:?}"));
    code.replace("#[runpod::main]", "#[runpod::handler]")
        + &format!(
            r#"
#[runpod::main]
async fn main() -> Result<Gpu, String> {{
    let gpu = std::fs::File::create({gpu:?}).map_err(|error| error.to_string())?;
    gpu.try_lock().map_err(|_| "out of memory: another process holds the GPU".to_owned())?;
    Ok(Gpu {{ _lock: gpu }})
}}

struct Gpu {{
    _lock: std::fs::File,
}}
"#
        )
}

#[tokio::test]
async fn stop_first_lets_the_old_worker_finish_before_the_new_one_starts() {
    let edited = Crate::new("stop-first");
    let gpu = edited.path("gpu");
    edited.write("src/main.rs", &main(&gpu, "first"));
    let dev = Dev::start(&edited, &["--stop-first"]);
    let client = dev.client().await;
    let gate = edited.path("gate");
    let long = client.run(json!({ "do": "wait", "file": gate })).await;
    client.until_progress(&long, "waits").await;
    let queued = client.run(json!({ "do": "tell" })).await;
    edited.replace("src/main.rs", &main(&gpu, "second"));
    dev.says("worker-1-1 finishes its running jobs before worker-1-2 starts")
        .await;
    // A second edit meanwhile: only the newest program is started.
    edited.replace("src/main.rs", &main(&gpu, "third"));
    dev.says_again("Finished `dev` profile", 3).await;
    eventually("the third program has been accepted", async || {
        client.get("/health").await["local"]["state"] != "building"
    })
    .await;
    std::fs::write(&gate, "").expect("a file");
    assert_eq!(client.output(&long).await["edition"], "first");
    assert_eq!(client.output(&queued).await["edition"], "third");
    let health = client.get("/health").await;
    assert_eq!(health["jobs"]["retried"], 0, "{health}");
    let printed = dev.printed();
    assert!(!printed.contains("out of memory"), "{printed}");
    dev.end().await;
}

#[tokio::test]
async fn a_new_worker_that_fails_next_to_the_old_one_is_tried_again_without_it() {
    let edited = Crate::new("does-not-fit");
    let gpu = edited.path("gpu");
    edited.write("src/main.rs", &main(&gpu, "first"));
    let dev = Dev::start(&edited, &[]);
    let client = dev.client().await;
    dev.says("worker-1-1 takes jobs").await;
    edited.replace("src/main.rs", &main(&gpu, "second"));
    dev.says(
        "worker-1-2 stopped before it took a job: exit code 1; trying again without worker-1-1 next to it, as with \
         --stop-first",
    )
    .await;
    dev.says("worker-1-3 takes jobs; from now on, the old worker stops before the new one starts")
        .await;
    let job = client.run(json!({ "do": "tell" })).await;
    assert_eq!(client.output(&job).await["edition"], "second");

    edited.replace("src/main.rs", &main(&gpu, "third"));
    dev.says("worker-1-3 finishes its running jobs before worker-1-4 starts")
        .await;
    dev.says("worker-1-4 takes jobs").await;
    let printed = dev.printed();
    assert_eq!(printed.matches("out of memory").count(), 1, "{printed}");

    // If the new program cannot start at all, the previous one serves again.
    let broken = main(&gpu, "fourth").replace(
        "Ok(Gpu {",
        "if true { return Err(\"no weights\".into()) }\n    Ok(Gpu {",
    );
    edited.replace("src/main.rs", &broken);
    dev.says("worker-1-5 stopped before it took a job: exit code 1; worker-1-6 runs the previous program")
        .await;
    let job = client.run(json!({ "do": "tell" })).await;
    assert_eq!(client.output(&job).await["edition"], "third");
    dev.end().await;
}
