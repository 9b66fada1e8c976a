//! Tests the example of the recipe *Images from URLs to a bucket*, without a bucket.

use serde_json::{Value, json};

use crate::process::example;
use crate::session::Session;

/// A PNG image with one pixel, as a data URL.
const PIXEL: &str = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

#[tokio::test]
async fn each_image_gets_an_address_and_its_type_in_the_order_of_the_urls() {
    let folder = tempfile::tempdir().expect("a temporary folder can be created");
    let job = json!({ "id": "a", "input": { "urls": [PIXEL, PIXEL] } });
    let mut session = Session::start_with("images_to_bucket", [job], |worker| {
        worker.current_dir(folder.path());
    })
    .await;
    let results = session.results(1).await;
    let output = &results[0].1["output"];
    for number in [1, 2] {
        let stored: &Value = &output[number - 1];
        let path = format!("simulated_uploaded/a/{number}/download");
        assert_eq!(stored["image"], path, "{output}");
        assert_eq!(stored["content_type"], "image/png");
        let image = std::fs::read(folder.path().join(path)).expect("the image is in the folder");
        assert_eq!(stored["bytes"], image.len());
    }
    let ended = session.stop().await;
    ended.assert_code(0);
    ended.assert_shows(&["no bucket is set", "BUCKET_ENDPOINT_URL"]);
}

#[tokio::test]
async fn content_that_is_no_image_fails_the_job_and_nothing_is_stored() {
    let folder = tempfile::tempdir().expect("a temporary folder can be created");
    let job = json!({ "input": { "urls": [PIXEL, "data:,no-image"] } });
    let mut command = example("images_to_bucket");
    command
        .current_dir(folder.path())
        .arg("--test_input")
        .arg(job.to_string());
    let ended = command.output().await.expect("the example starts");
    assert_eq!(ended.status.code(), Some(1));
    let text = String::from_utf8_lossy(&ended.stdout);
    assert!(text.contains("expected a PNG or JPEG image"), "{text}");
    assert!(!folder.path().join("simulated_uploaded").exists());
}
