//! Tests the start and the stop of the endpoint.

use std::time::Duration;

use runpod_local::{BindError, Endpoint};
use rustix::process::{Resource, getrlimit};
use serde_json::json;

use crate::site::{Site, timed};

#[tokio::test]
async fn what_is_held_open_is_answered_when_the_endpoint_ends() {
    let site = timed(|timing| {
        let long = Duration::from_secs(50);
        timing.take_hold = long;
        timing.stop_hold = long;
        timing.stream_hold = long;
    })
    .await;
    let job = site.run(json!({})).await;
    site.take("w1").await;
    let stream = format!("/stream/{job}");
    let status = format!("/status-sync/{job}?wait=50000");
    let Site { running, talk } = site;
    let held = async {
        tokio::join!(
            talk.get("/job-take/w2"),
            talk.get("/job-stop/w1"),
            talk.get(&stream),
            talk.get(&status)
        )
    };
    let end = async {
        // The endpoint knows the worker, so the worker's poll is being held.
        talk.until_known(&["w2"]).await;
        running.shutdown().await;
    };
    let ((take, stop, stream, status), ()) = tokio::join!(held, end);
    assert_eq!((take.status, stop.status), (204, 204));
    assert_eq!(stream.ok()["stream"], json!([]));
    assert_eq!(status.ok()["status"], "IN_PROGRESS");
}

#[tokio::test]
async fn a_port_in_use_is_told_apart() {
    let site = Site::new().await;
    let port = site.running.address().port();
    let error: BindError = Endpoint::new().bind("127.0.0.1", port).await.unwrap_err();
    assert!(error.is_in_use());
    assert!(error.to_string().contains("in use"), "{error}");
}

#[tokio::test]
async fn an_id_that_cannot_stand_in_a_path_is_refused() {
    for id in ["", "a/b", "{x}", "ä", &"x".repeat(65)] {
        let error = Endpoint::new()
            .id(id)
            .bind("127.0.0.1", 0)
            .await
            .unwrap_err();
        assert!(!error.is_in_use());
        assert!(error.to_string().contains("endpoint id"), "{error}");
    }
}

#[tokio::test]
async fn who_listens_everywhere_tells_an_address_that_can_be_opened() {
    let running = Endpoint::new().bind("0.0.0.0", 0).await.unwrap();
    let port = running.address().port();
    assert_eq!(running.url(), format!("http://127.0.0.1:{port}"));
    running.shutdown().await;
}

#[tokio::test]
async fn a_host_name_is_served_at_each_of_its_addresses() {
    let running = Endpoint::new().bind("localhost", 0).await.unwrap();
    let port = running.address().port();
    assert_eq!(running.url(), format!("http://127.0.0.1:{port}"));
    // Fails if another test has installed a provider already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    for address in running.addresses() {
        assert_eq!(address.port(), port);
        let url = format!("http://{address}/health");
        let response = client.get(&url).send().await.unwrap();
        assert_eq!(response.status(), 200, "{url}");
    }
    running.shutdown().await;
}

#[tokio::test]
async fn a_key_that_no_client_can_send_is_refused_before_anything_listens() {
    for key in ["", " ", "sk-1\n", " sk-1", "schlüssel"] {
        let endpoint = Endpoint::new().api_key(Some(key.to_owned()));
        let error = endpoint.bind("127.0.0.1", 0).await.unwrap_err();
        assert!(!error.is_in_use());
        assert!(error.to_string().contains("API key"), "{error}");
        assert!(!error.to_string().contains("sk-1"), "{error}");
    }
}

#[tokio::test]
async fn to_bind_leaves_the_limit_of_open_files_to_the_process() {
    let limit = || getrlimit(Resource::Nofile);
    let before = limit();
    let running = Endpoint::new().bind("127.0.0.1", 0).await.unwrap();
    assert_eq!(limit(), before);
    running.shutdown().await;
}
