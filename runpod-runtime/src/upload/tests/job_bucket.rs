//! The bucket in a job's `s3Config`, which the job's client chooses.

use serde_json::{Value, json};

use super::fetch;
use super::server::{ACCESS_KEY, BUCKET, SECRET_KEY, Server, uploads_in};
use crate::testing;
use crate::upload::settings::Uploads;

async fn run(uploads: &'static Uploads, config: Value) -> testing::Report {
    let handler = move |text: String, context: crate::JobContext| async move {
        let uploaded = context
            .upload("a.txt", text.into_bytes())
            .with(uploads)
            .await;
        uploaded
            .map(crate::Uploaded::into_url)
            .map_err(|error| error.to_string())
    };
    let job = testing::Job::new(json!("hello"))
        .id("job-7")
        .extra("s3Config", config);
    job.run(handler).await
}

#[tokio::test]
async fn the_bucket_of_the_job_goes_before_the_bucket_of_the_environment() {
    let server = Server::start();
    let url = server.url();
    // Nobody listens to the environment's endpoint.
    let uploads: &'static _ = Box::leak(Box::new(uploads_in([
        ("BUCKET_ENDPOINT_URL", "http://127.0.0.1:1"),
        ("BUCKET_ACCESS_KEY_ID", "a"),
        ("BUCKET_SECRET_ACCESS_KEY", "b"),
    ])));
    let config = json!({
        "endpointUrl": url, "accessId": ACCESS_KEY, "accessSecret": SECRET_KEY, "bucketName": BUCKET,
    });
    let report = run(uploads, config).await;
    let output = report
        .output
        .unwrap_or_else(|| panic!("{:?}", report.error));
    assert_eq!(fetch(output.as_str().unwrap()).await.2, b"hello");
    assert_eq!(server.object("job-7/a.txt").unwrap(), b"hello");
    for unused in [
        json!(null),
        json!({}),
        json!({ "accessId": "", "endpointUrl": " " }),
    ] {
        let error = run(uploads, unused).await.error.unwrap();
        assert!(error.contains("http://127.0.0.1:1 failed"), "{error}");
    }
}

#[tokio::test]
async fn a_config_with_missing_keys_is_an_error_that_names_the_key() {
    let uploads: &'static _ = Box::leak(Box::new(uploads_in([])));
    let table = [
        (
            json!({ "endpointUrl": "http://a.test" }),
            "no text `accessId`",
        ),
        (
            json!({ "endpointUrl": "http://a.test", "accessId": "a", "accessSecret": 3 }),
            "no text `accessSecret`",
        ),
        (json!("bucket"), "no text `endpointUrl`"),
        (
            json!({ "endpointUrl": "ftp://a.test", "accessId": "a", "accessSecret": "b" }),
            "`endpointUrl` in the job's `s3Config`: found a URL with the scheme `ftp`",
        ),
    ];
    for (config, part) in table {
        let error = run(uploads, config).await.error.unwrap();
        assert!(error.contains(part), "{error}");
    }
}

/// A client must not reach services that only the worker can reach.
#[tokio::test]
async fn an_endpoint_of_the_job_that_is_not_public_is_blocked() {
    // In these tests, loopback addresses count as public, and all names resolve to one.
    let uploads: &'static _ = Box::leak(Box::new(uploads_in([])));
    for endpoint in [
        "http://169.254.169.254",
        "http://10.0.0.1:9000",
        "http://[fd00::1]",
    ] {
        let config = json!({ "endpointUrl": endpoint, "accessId": "a", "accessSecret": "b" });
        let error = run(uploads, config).await.error.unwrap();
        assert!(error.contains("not a public address"), "{error}");
        assert!(error.contains(endpoint), "{error}");
    }
    // The process's own uploads block loopback addresses, too.
    let handler = |context: crate::JobContext| async move {
        let uploaded = context.upload("a.txt", vec![1]).await;
        uploaded.map(drop).map_err(|error| error.to_string())
    };
    let config =
        json!({ "endpointUrl": "http://localhost:1", "accessId": "a", "accessSecret": "b" });
    let report = testing::Job::new(json!(null))
        .extra("s3Config", config)
        .run(handler)
        .await;
    let error = report.error.unwrap();
    assert!(
        error.contains("localhost is not a public address"),
        "{error}"
    );
}
