//! Tests streams from a client's point of view.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::site::{Site, limited, timed};

/// Reads until the job has ended, as the official clients do.
async fn read_all(site: &Site, job: &str) -> (Vec<Value>, Value) {
    let mut items = Vec::new();
    loop {
        let answer = site.get(&format!("/stream/{job}")).await.ok();
        let stream = answer["stream"].as_array().expect("the value is an array");
        items.extend(stream.iter().map(|item| item["output"].clone()));
        if answer["status"] != "IN_PROGRESS" && answer["status"] != "IN_QUEUE" {
            return (items, answer["status"].clone());
        }
    }
}

#[tokio::test]
async fn a_client_that_reads_to_the_end_has_every_item_in_order() {
    let site = Site::new().await;
    let job = site.run(json!({})).await;
    let worker = async {
        site.take("w1").await;
        for n in 0..200 {
            site.item("w1", &job, json!({"n": n})).await.ok();
        }
        site.done("w1", &job, json!({"output": []})).await.ok();
    };
    let ((items, status), ()) = tokio::join!(read_all(&site, &job), worker);
    let expected: Vec<_> = (0..200).map(|n| json!({"n": n})).collect();
    assert_eq!((items, status), (expected, json!("COMPLETED")));
}

#[tokio::test]
async fn a_stream_is_held_open_until_an_item_comes() {
    let site = timed(|timing| timing.stream_hold = Duration::from_secs(50)).await;
    let job = site.run(json!({})).await;
    site.take("w1").await;
    let path = format!("/stream/{job}");
    let (answer, _) = tokio::join!(site.get(&path), site.item("w1", &job, json!("x")));
    assert_eq!(
        answer.ok(),
        json!({"id": job, "status": "IN_PROGRESS", "stream": [{"output": "x"}]})
    );
    let (answer, _) = tokio::join!(site.get(&path), site.done("w1", &job, json!({"error": 1})));
    assert_eq!(
        answer.ok(),
        json!({"id": job, "status": "FAILED", "stream": []})
    );
}

#[tokio::test]
async fn a_stream_without_items_is_answered_after_a_short_hold() {
    let site = timed(|timing| timing.stream_hold = Duration::from_millis(1)).await;
    let job = site.run(json!({})).await;
    let path = format!("/stream/{job}");
    for method in [Method::GET, Method::POST] {
        let answer = site.send(method, &path, None).await.ok();
        assert_eq!(
            answer,
            json!({"id": job, "status": "IN_QUEUE", "stream": []})
        );
    }
}

#[tokio::test]
async fn a_stream_whose_job_is_cancelled_ends() {
    let site = timed(|timing| timing.stream_hold = Duration::from_secs(50)).await;
    let job = site.run(json!({})).await;
    let cancel = format!("/cancel/{job}");
    let body = json!({});
    let ((items, status), _) = tokio::join!(read_all(&site, &job), site.post(&cancel, &body));
    assert_eq!((items, status), (vec![], json!("CANCELLED")));
}

#[tokio::test]
async fn a_large_item_comes_in_pieces_that_join_to_it() {
    let site = limited(|limits| {
        limits.stream_item = 100;
        limits.stream_answer = 250;
    })
    .await;
    let job = site.run(json!({})).await;
    site.take("w1").await;
    let text = "ä€\"".repeat(100);
    site.item("w1", &job, json!(text)).await.ok();
    site.done("w1", &job, json!({"output": []})).await.ok();
    let mut joined = String::new();
    let mut answers = 0;
    loop {
        let answer = site.get(&format!("/stream/{job}")).await;
        assert!(answer.text.len() < 500, "{}", answer.text.len());
        let answer = answer.ok();
        for item in answer["stream"].as_array().unwrap() {
            joined += item["output"].as_str().unwrap();
        }
        answers += 1;
        if answer["status"] == "COMPLETED" {
            break;
        }
    }
    assert_eq!(joined, text);
    assert!(answers > 1);
}
