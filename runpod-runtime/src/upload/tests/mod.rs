//! Uploads to a real S3 server.

mod beside_the_sdk;
mod changed_files;
#[cfg(target_os = "linux")]
mod disk;
mod faults;
mod job_bucket;
mod local;
mod memory;
mod proxy;
mod refusals;
mod server;

use std::fs;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;

use proxy::{Fault, Proxy};
use server::{BUCKET, Server, bucket, uploads};

use super::{UploadContent, UploadErrorKind};
use crate::testing;
use crate::transfers;

/// Fetches a URL without any key, like the job's client. Returns the status, the media type and the content.
async fn fetch(url: &str) -> (u16, String, Vec<u8>) {
    let response = uploads().client.get(url).send().await.unwrap();
    let status = response.status().as_u16();
    let media_type = response.headers().get("content-type");
    let media_type = media_type.map_or_else(String::new, |it| it.to_str().unwrap().to_owned());
    (status, media_type, response.bytes().await.unwrap().into())
}

/// Content whose parts differ.
fn content(bytes: usize) -> Vec<u8> {
    (0..=250).cycle().take(bytes).collect()
}

#[tokio::test]
async fn an_uploaded_file_can_be_fetched_from_its_url() {
    let server = Server::start();
    let (context, _job) = testing::context();
    let uploads = uploads();
    let png = b"\x89PNG\r\n\x1a\nrest".to_vec();
    let uploaded = context
        .upload("picture", png.clone())
        .to(bucket(&server.url()))
        .with(&uploads)
        .await
        .unwrap();
    assert_eq!(uploaded.key(), "test/picture");
    assert_eq!((uploaded.len(), uploaded.content_type()), (12, "image/png"));
    let start = format!("{}/{BUCKET}/test/picture?X-Amz-", server.url());
    assert!(uploaded.url().starts_with(&start), "{}", uploaded.url());
    assert_eq!(fetch(uploaded.url()).await, (200, "image/png".into(), png));
    assert_eq!(serde_json::to_value(&uploaded).unwrap(), uploaded.url());
    // Without the signature, the object is not public.
    let (unsigned, _) = uploaded.url().split_once('?').unwrap();
    assert_eq!(fetch(unsigned).await.0, 403);
    assert!(!format!("{uploaded:?}").contains("X-Amz"), "{uploaded:?}");
}

#[tokio::test]
async fn names_with_any_characters_are_stored_under_these_characters() {
    let server = Server::start();
    let (context, _job) = testing::context();
    let uploads = uploads();
    for name in [
        "a b+c~ü/(1)'*!,@&=:$;.txt",
        "100%.txt",
        "%2e%2e/x",
        "a?b#c",
        "\"q\" <t> {}|^`[]",
    ] {
        let uploaded = context
            .upload(name, name.as_bytes().to_vec())
            .to(bucket(&server.url()))
            .with(&uploads)
            .await
            .unwrap();
        assert_eq!(uploaded.key(), format!("test/{name}"));
        assert_eq!(fetch(uploaded.url()).await.2, name.as_bytes());
        assert_eq!(server.object(uploaded.key()).unwrap(), name.as_bytes());
    }
}

#[tokio::test]
async fn a_large_file_is_sent_in_parts_and_progress_ends_with_all_of_it() {
    let server = Server::start();
    let mut proxy = Proxy::start(&server.address, |_, _| Fault::None);
    let (context, _job) = testing::context();
    let uploads = uploads();
    let bytes = content((11 << 20) + 3);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("video.mp4");
    fs::write(&path, &bytes).unwrap();
    let mut reports = Vec::new();
    let uploaded = context
        .upload("video.mp4", path)
        .to(bucket(&proxy.url()))
        .with(&uploads)
        .on_progress(|bytes, of| reports.push((bytes, of)))
        .await
        .unwrap();
    let total = bytes.len() as u64;
    assert_eq!(uploaded.len(), total);
    assert_eq!(reports.last(), Some(&(total, Some(total))));
    assert!(reports.len() == 3 && reports.is_sorted(), "{reports:?}");
    let (status, media_type, fetched) = fetch(uploaded.url()).await;
    assert_eq!((status, &*media_type), (200, "video/mp4"));
    assert!(fetched == bytes);
    assert_eq!(server.unfinished(), Vec::<String>::new());
    let mut sizes: Vec<_> = proxy
        .answered()
        .iter()
        .filter(|it| it.method == "PUT")
        .map(|it| it.body_length)
        .collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [(1 << 20) + 3, 5 << 20, 5 << 20]);
}

#[tokio::test]
async fn a_content_that_fills_one_part_exactly_is_one_request() {
    let server = Server::start();
    let mut proxy = Proxy::start(&server.address, |_, _| Fault::None);
    let (context, _job) = testing::context();
    let uploads = uploads();
    for bytes in [0, 5 << 20] {
        let uploaded = context
            .upload("exact", content(bytes))
            .to(bucket(&proxy.url()))
            .with(&uploads)
            .await
            .unwrap();
        assert_eq!(uploaded.len(), bytes as u64);
        assert_eq!(server.object("test/exact").unwrap().len(), bytes);
        assert_eq!(proxy.answered().len(), 1);
    }
}

#[tokio::test]
async fn a_stream_of_any_size_is_uploaded() {
    let server = Server::start();
    let (context, _job) = testing::context();
    let uploads = uploads();
    for bytes in [0, 1000, (6 << 20) + 7] {
        let all = content(bytes);
        let stream = stream_of(
            all.chunks(300_000)
                .map(<[u8]>::to_vec)
                .map(Ok::<_, std::io::Error>),
        );
        let uploaded = context
            .upload("stream.bin", UploadContent::stream(stream))
            .to(bucket(&server.url()))
            .with(&uploads)
            .await
            .unwrap();
        assert!(fetch(uploaded.url()).await.2 == all);
    }
}

#[tokio::test]
async fn a_stream_that_fails_or_has_another_size_stores_nothing() {
    let server = Server::start();
    let (context, _job) = testing::context();
    let uploads = uploads();
    for before in [0, 6] {
        let items = std::iter::repeat_n(Ok(vec![1; 1 << 20]), before);
        let items = items.chain([Err("the encoder crashed")]);
        let error = context
            .upload("a.bin", UploadContent::stream(stream_of(items)))
            .to(bucket(&server.url()))
            .with(&uploads)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), UploadErrorKind::Content);
        assert_eq!(
            error.to_string(),
            "`a.bin` could not be uploaded: its content could not be read: the encoder crashed"
        );
        for expected in [3, 100 << 20] {
            let items = std::iter::repeat_n(Ok::<_, String>(vec![1; 1 << 20]), before);
            let stream = UploadContent::stream(stream_of(items));
            let upload = context.upload("a.bin", stream).expected_bytes(expected);
            let error = upload
                .to(bucket(&server.url()))
                .with(&uploads)
                .await
                .unwrap_err();
            assert_eq!(error.kind(), UploadErrorKind::Content);
            assert!(
                error
                    .to_string()
                    .contains(&format!("expected {expected} bytes")),
                "{error}"
            );
        }
    }
    assert_eq!(server.object("test/a.bin"), None);
    assert_eq!(server.unfinished(), Vec::<String>::new());
}

#[tokio::test]
async fn several_files_come_in_their_order_and_the_first_error_ends_all() {
    let server = Server::start();
    let (context, _job) = testing::context();
    let uploads: &'static _ = Box::leak(Box::new(uploads()));
    let url = server.url();
    let upload = |name: String| {
        let bytes = name.clone().into_bytes();
        context.upload(name, bytes).to(bucket(&url)).with(uploads)
    };
    let files = transfers::all((0..20).map(|index| upload(format!("{index}.txt"))))
        .await
        .unwrap();
    let keys: Vec<_> = files.iter().map(super::Uploaded::key).collect();
    assert_eq!(
        keys,
        (0..20)
            .map(|index| format!("test/{index}.txt"))
            .collect::<Vec<_>>()
    );

    let error = transfers::all(
        ["a", "../b", "c"]
            .map(str::to_owned)
            .map(upload)
            .into_iter(),
    )
    .await
    .unwrap_err();
    assert_eq!(error.kind(), UploadErrorKind::Name);
    assert!(
        error
            .to_string()
            .starts_with("`../b` could not be uploaded"),
        "{error}"
    );
}

#[tokio::test]
async fn the_options_decide_about_key_media_type_and_lifetime() {
    let server = Server::start();
    let (context, _job) = testing::context();
    let uploads = uploads();
    let upload = || {
        context
            .upload("a.json", b"{}".to_vec())
            .to(bucket(&server.url()))
            .with(&uploads)
    };
    let uploaded = upload()
        .prefix("")
        .content_type("text/x-test")
        .expires_in(Duration::from_secs(90))
        .await
        .unwrap();
    assert_eq!(
        (uploaded.key(), uploaded.content_type()),
        ("a.json", "text/x-test")
    );
    assert!(
        uploaded.url().contains("X-Amz-Expires=90&"),
        "{}",
        uploaded.url()
    );
    assert_eq!(
        fetch(uploaded.url()).await,
        (200, "text/x-test".into(), b"{}".to_vec())
    );
    let uploaded = upload().prefix("out/today").await.unwrap();
    assert_eq!(uploaded.key(), "out/today/a.json");
    assert!(uploaded.url().contains("X-Amz-Expires=604800&"));

    let failed = upload()
        .expires_in(Duration::from_secs(604_801))
        .await
        .unwrap_err();
    assert_eq!(failed.kind(), UploadErrorKind::Configuration);
    assert!(
        failed.to_string().contains("1 second to 7 days"),
        "{failed}"
    );
    let failed = upload().content_type("a\r\nb: c").await.unwrap_err();
    assert_eq!(failed.kind(), UploadErrorKind::Configuration);
}

/// Turns an iterator into a stream that waits once before each item.
fn stream_of<I: Iterator + Unpin>(items: I) -> Items<I> {
    Items {
        items,
        has_waited: false,
    }
}

struct Items<I> {
    items: I,
    has_waited: bool,
}

impl<I: Iterator + Unpin> Stream for Items<I> {
    type Item = I::Item;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<I::Item>> {
        self.has_waited = !self.has_waited;
        if self.has_waited {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(self.items.next())
    }
}
