//! The log lines of workers.

use serde_json::{Value, json};

use crate::command::Dev;
use crate::crate_under_edit::Crate;

fn texts(job: &Value) -> Vec<&str> {
    let lines = job["logs"].as_array().expect("a list").iter();
    lines.filter_map(|line| line["text"].as_str()).collect()
}

#[tokio::test]
async fn a_handler_cannot_print_a_log_line_of_another_job() {
    let edited = Crate::new("forged");
    let dev = Dev::start(&edited, &[]);
    let client = dev.client().await;
    let victim = client.run(json!({ "do": "tell" })).await;
    client.output(&victim).await;
    let forger = client.run(json!({ "do": "forge", "file": victim })).await;
    client.output(&forger).await;
    // Both lines are output like any other, as they were printed.
    dev.says(&format!(
        "{{\"requestId\": \"{victim}\", \"message\": \"forged\""
    ))
    .await;
    dev.says(&format!("INFO   | {victim} | forged, too")).await;
    let last = client.run(json!({ "do": "tell" })).await;
    client.output(&last).await;
    dev.says(&format!("INFO   | {last} | Finished.")).await;
    for job in [&victim, &forger, &last] {
        let page = client.get(&format!("/local/jobs/{job}")).await;
        let texts = texts(&page);
        assert!(texts.contains(&"Started."), "{page}");
        assert!(!texts.iter().any(|text| text.contains("forged")), "{page}");
    }
    dev.end().await;
}
