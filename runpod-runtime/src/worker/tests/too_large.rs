//! Results and stream items that the platform would refuse because of their size.

use super::stage::{Event, Setting, Stage, play};
use crate::handler::{AsyncFunction, Emitter, StreamFunction};
use crate::platform::Posted;

const TOO_LARGE: usize = (20 << 20) + 1;

/// Returns a text of as many bytes as its input says.
async fn repeated(bytes: String) -> Result<String, std::num::ParseIntError> {
    Ok("x".repeat(bytes.parse()?))
}

fn is_result(event: &Event) -> bool {
    matches!(event, Event::Post(_, "result", _))
}

#[tokio::test(start_paused = true)]
async fn a_result_that_would_be_refused_fails_at_once_and_is_not_posted() {
    let bytes = TOO_LARGE.to_string();
    let stage = Stage::new().jobs(&[&bytes]);
    let setting = Setting {
        refresh_worker: true,
        ..Setting::default()
    };
    let playing = play(stage, AsyncFunction::into_handler(repeated).0, setting);
    playing
        .stage
        .until(|events| events.iter().any(is_result))
        .await;
    let posted = playing.stage.posted(&bytes);
    playing.ended().await;
    assert_eq!(posted.len(), 1);
    let body = &posted[0];
    assert!(body.len() < 2000, "{} bytes", body.len());
    for part in [
        "ResultTooLarge",
        // The body around the text and the request for a fresh worker have a few bytes, too.
        "20971549 bytes",
        "at most 20971520 are posted (RUNPOD_MAX_RESULT_BYTES)",
        "ctx.upload",
        r#""stopPod":true"#,
    ] {
        assert!(body.contains(part), "{part}: {body}");
    }
}

/// Fails with a large error.
async fn fails(_input: String) -> Result<String, String> {
    Err(format!("no memory {}", "x".repeat(TOO_LARGE)))
}

#[tokio::test(start_paused = true)]
async fn an_error_that_would_be_refused_is_shortened_and_named_as_an_error() {
    let stage = Stage::new().jobs(&["j"]);
    let handler = AsyncFunction::into_handler(fails).0;
    let playing = play(stage, handler, Setting::default());
    playing
        .stage
        .until(|events| events.iter().any(is_result))
        .await;
    let posted = playing.stage.posted("j");
    playing.end().await;
    assert_eq!(posted.len(), 1);
    let body = &posted[0];
    assert!(body.len() < 3000, "{} bytes", body.len());
    for part in [
        "ResultTooLarge",
        "the job failed (no memory xxx",
        "), and its error has ",
        "at most 20971520 are posted (RUNPOD_MAX_RESULT_BYTES)",
    ] {
        assert!(body.contains(part), "{part}: {body}");
    }
    assert!(!body.contains("the job finished"), "{body}");
}

/// Sends a small item and a large one.
async fn two_items(_input: String, items: Emitter<String>) -> Result<(), crate::Cancelled> {
    items.send("small".to_owned()).await?;
    items.send("x".repeat(TOO_LARGE)).await
}

#[tokio::test(start_paused = true)]
async fn a_stream_item_that_would_be_refused_ends_the_stream_and_is_not_posted() {
    let stage = Stage::new().jobs(&["j"]).posts(|post| {
        assert!(post.body.len() < 2000, "{} bytes", post.body.len());
        Some(Posted::Accepted)
    });
    let playing = play(
        stage,
        StreamFunction::into_handler(two_items).0,
        Setting::default(),
    );
    playing
        .stage
        .until(|events| events.iter().any(is_result))
        .await;
    let posted = playing.stage.posted("j");
    playing.end().await;
    assert_eq!(posted.len(), 2, "{posted:?}");
    assert_eq!(posted[0], r#"item {"output":"small"}"#);
    assert!(
        posted[1].contains("stream item 2 has 20971534 bytes"),
        "{posted:?}"
    );
}
