//! Faults between the worker and the server.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};

use super::proxy::{Fault, Proxy, Request};
use super::server::{Server, bucket, uploads};
use super::{content, fetch};
use crate::handler::CancelReason;
use crate::testing;
use crate::upload::UploadErrorKind;

fn busy() -> Fault {
    Fault::Answer(
        "503 Slow Down",
        "retry-after: 0\r\n".to_owned(),
        String::new(),
    )
}

#[tokio::test]
async fn each_request_survives_errors_resets_and_lost_answers() {
    let server = Server::start();
    // Each request fails twice: the first request of its kind with one fault, the next one with another.
    let seen = Mutex::new(std::collections::HashMap::new());
    let mut proxy = Proxy::start(&server.address, move |request, _| {
        let operation = (request.method.clone(), operation(&request.target));
        let mut seen = seen.lock().unwrap();
        let count = seen.entry(operation).or_insert(0);
        *count += 1;
        match *count {
            1 => busy(),
            2 => Fault::Reset,
            _ => Fault::None,
        }
    });
    let (context, _job) = testing::context();
    let uploads = uploads();
    let bytes = content(12 << 20);
    let uploaded = context
        .upload("large.bin", bytes.clone())
        .to(bucket(&proxy.url()))
        .with(&uploads)
        .await
        .unwrap();
    let direct = uploaded.url().replace(&proxy.url(), &server.url());
    assert_eq!(
        fetch(&direct).await.0,
        403,
        "the host is part of the signature"
    );
    assert!(server.object("test/large.bin").unwrap() == bytes);
    assert_eq!(server.unfinished(), Vec::<String>::new());
    // Create, three parts, and complete: each of them three times.
    assert_eq!(proxy.answered().len(), 15);
}

/// Returns what distinguishes the requests of an upload: the part's number, or the kind of request.
fn operation(target: &str) -> String {
    let query = target.split_once('?').map_or("", |(_, query)| query);
    let names = query
        .split('&')
        .filter(|it| !it.starts_with("X-Amz") && !it.starts_with("uploadId"));
    names.collect::<Vec<_>>().join("&")
}

#[tokio::test]
async fn a_part_whose_answer_is_lost_is_sent_again() {
    let server = Server::start();
    let lost = AtomicBool::new(false);
    let proxy = Proxy::start(&server.address, move |request, _| {
        if request.is_part(2) && !lost.swap(true, Ordering::SeqCst) {
            return Fault::LoseAnswer;
        }
        Fault::None
    });
    let (context, _job) = testing::context();
    let uploads = uploads();
    let bytes = content(12 << 20);
    let upload = context
        .upload("large.bin", bytes.clone())
        .to(bucket(&proxy.url()));
    upload.with(&uploads).await.unwrap();
    assert!(server.object("test/large.bin").unwrap() == bytes);
}

/// The object was complete, but the answer was lost, so the server does not know the upload any more.
#[tokio::test]
async fn a_lost_answer_to_the_last_request_is_no_failure() {
    let server = Server::start();
    let was_lost = AtomicBool::new(false);
    let proxy = Proxy::start(&server.address, move |request, _| {
        let is_completion = request.method == "POST" && request.target.contains("uploadId=");
        if !is_completion {
            return Fault::None;
        }
        if !was_lost.swap(true, Ordering::SeqCst) {
            return Fault::LoseAnswer;
        }
        let body = "<Error><Code>NoSuchUpload</Code></Error>".to_owned();
        Fault::Answer("404 Not Found", String::new(), body)
    });
    let (context, _job) = testing::context();
    let uploads = uploads();
    let upload = context
        .upload("large.bin", content(6 << 20))
        .to(bucket(&proxy.url()));
    assert_eq!(upload.with(&uploads).await.unwrap().len(), 6 << 20);
    assert_eq!(server.object("test/large.bin").unwrap().len(), 6 << 20);
}

#[tokio::test]
async fn an_error_that_comes_with_the_status_200_is_an_error() {
    let server = Server::start();
    let failed = AtomicBool::new(false);
    let mut proxy = Proxy::start(&server.address, move |request, _| {
        let is_completion = request.method == "POST" && request.target.contains("uploadId=");
        if is_completion && !failed.swap(true, Ordering::SeqCst) {
            let body = "<?xml version=\"1.0\"?><Error><Code>InternalError</Code></Error>";
            return Fault::Answer("200 OK", String::new(), body.to_owned());
        }
        Fault::None
    });
    let (context, _job) = testing::context();
    let uploads = uploads();
    let upload = context
        .upload("large.bin", content(6 << 20))
        .to(bucket(&proxy.url()));
    upload.with(&uploads).await.unwrap();
    assert_eq!(server.object("test/large.bin").unwrap().len(), 6 << 20);
    assert_eq!(proxy.answered().len(), 5);
}

#[tokio::test]
async fn a_part_that_always_fails_fails_the_upload_and_leaves_no_part() {
    let server = Server::start();
    let mut proxy = Proxy::start(&server.address, |request, _| {
        if request.is_part(2) {
            let body =
                "<Error><Code>InternalError</Code><Message>disk 7 is broken</Message></Error>";
            return Fault::Answer("500 Internal Server Error", String::new(), body.to_owned());
        }
        Fault::None
    });
    let (context, _job) = testing::context();
    let uploads = uploads();
    let upload = context
        .upload("large.bin", content(21 << 20))
        .to(bucket(&proxy.url()));
    let error = upload.with(&uploads).await.unwrap_err();
    assert_eq!(error.kind(), UploadErrorKind::Status(500));
    assert_eq!(
        error.to_string(),
        format!(
            "`large.bin` could not be uploaded: bucket `results` at {}, key `test/large.bin`: the server refused the \
             upload (500 Internal Server Error: InternalError: disk 7 is broken)",
            proxy.url()
        )
    );
    let requests = proxy.answered();
    assert_eq!(requests.iter().filter(|it| it.is_part(2)).count(), 4);
    assert_eq!(requests.last().unwrap().method, "DELETE");
    assert_eq!(server.unfinished(), Vec::<String>::new());
    assert_eq!(server.object("test/large.bin"), None);
}

/// Passes all requests on, but holds back one part until the test sends a message.
fn holding_back(server: &Server, part: u16) -> (Proxy, Sender<()>) {
    let (release, released) = channel();
    let released = Mutex::new(released);
    let proxy = Proxy::start(&server.address, move |request, _| {
        if request.is_part(part) {
            // The test releases it, or has ended.
            let _ = released.lock().unwrap().recv();
        }
        Fault::None
    });
    (proxy, release)
}

#[tokio::test]
async fn a_cancelled_job_leaves_no_part_behind() {
    let server = Server::start();
    let (mut proxy, release) = holding_back(&server, 2);
    let (context, job) = testing::context();
    let uploads = uploads();
    let upload = context
        .upload("large.bin", content(21 << 20))
        .to(bucket(&proxy.url()));
    let mut upload = std::pin::pin!(std::future::IntoFuture::into_future(upload.with(&uploads)));
    let mut parts = 0;
    while parts < 4 {
        tokio::select! {
            _ = &mut upload => panic!("part 2 was not answered"),
            request = proxy.next() => parts += usize::from(request.method == "PUT"),
        }
    }
    assert!(!server.unfinished().is_empty());
    job.cancel(CancelReason::Stopped);
    let error = upload.await.unwrap_err();
    assert_eq!(error.kind(), UploadErrorKind::Cancelled);
    release.send(()).unwrap();
    let (part, last) = (proxy.next().await, proxy.next().await);
    assert!(part.is_part(2), "the upload is dropped after its last part");
    assert_eq!((&*last.method, &*last.status), ("DELETE", "204"));
    assert_eq!(server.unfinished(), Vec::<String>::new());
}

#[tokio::test]
async fn a_dropped_upload_leaves_no_part_behind() {
    let server = Server::start();
    let (mut proxy, release) = holding_back(&server, 1);
    let (context, _job) = testing::context();
    let uploads = uploads();
    let upload = context
        .upload("large.bin", content(6 << 20))
        .to(bucket(&proxy.url()));
    let mut upload = std::future::IntoFuture::into_future(upload.with(&uploads));
    let mut parts = 0;
    while parts < 1 {
        tokio::select! {
            _ = &mut upload => panic!("part 1 was not answered"),
            request = proxy.next() => parts += usize::from(request.method == "PUT"),
        }
    }
    drop(upload);
    release.send(()).unwrap();
    assert!(proxy.next().await.is_part(1));
    assert_eq!(proxy.next().await.method, "DELETE");
    assert_eq!(server.unfinished(), Vec::<String>::new());
}

#[tokio::test]
async fn a_failed_upload_that_is_dropped_while_it_removes_its_parts_still_removes_them() {
    let server = Server::start();
    let (arrived, mut has_arrived) = tokio::sync::mpsc::unbounded_channel();
    let (release, released) = channel();
    let (released, is_first) = (Mutex::new(released), AtomicBool::new(true));
    let mut proxy = Proxy::start(&server.address, move |request, _| {
        if request.is_part(2) {
            let refusal = "<Error><Code>AccessDenied</Code></Error>".to_owned();
            return Fault::Answer("403 Forbidden", String::new(), refusal);
        }
        if request.method == "DELETE" && is_first.swap(false, Ordering::SeqCst) {
            arrived.send(()).unwrap();
            let _ = released.lock().unwrap().recv();
            return Fault::Reset;
        }
        Fault::None
    });
    let (context, _job) = testing::context();
    let uploads = uploads();
    let upload = context
        .upload("large.bin", content(21 << 20))
        .to(bucket(&proxy.url()));
    let mut upload = std::future::IntoFuture::into_future(upload.with(&uploads));
    tokio::select! {
        _ = &mut upload => panic!("the upload ended before its parts were removed"),
        _ = has_arrived.recv() => {}
    }
    drop(upload);
    release.send(()).unwrap();
    let removed = async { while proxy.next().await.status != "204" {} };
    let limit = std::time::Duration::from_mins(1);
    let removed = tokio::time::timeout(limit, removed).await;
    assert!(removed.is_ok(), "nobody removes the parts");
    assert_eq!(server.unfinished(), Vec::<String>::new());
}

#[tokio::test]
async fn at_most_eight_requests_are_sent_at_the_same_time() {
    // All parts wait until eight of them have arrived.
    let together = std::sync::Barrier::new(8);
    let proxy = Proxy::start("", move |request, _| {
        if request.method == "PUT" {
            together.wait();
        }
        answered_like_s3(request)
    });
    let (context, _job) = testing::context();
    let uploads = uploads();
    let upload = context
        .upload("large.bin", content(80 << 20))
        .to(bucket(&proxy.url()));
    upload.with(&uploads).await.unwrap();
    assert_eq!(proxy.most_at_once(), 8);
}

/// Answers without a server, which would be slower than the upload.
pub(super) fn answered_like_s3(request: &Request) -> Fault {
    let ok =
        |headers: &str, body: &str| Fault::Answer("200 OK", headers.to_owned(), body.to_owned());
    match &*request.method {
        "PUT" => ok("etag: \"a\"\r\n", ""),
        "POST" if request.target.contains("uploads=") => ok(
            "",
            "<InitiateMultipartUploadResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><UploadId>u</UploadId>\
             </InitiateMultipartUploadResult>",
        ),
        _ => ok(
            "",
            "<CompleteMultipartUploadResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><ETag>a</ETag>\
             </CompleteMultipartUploadResult>",
        ),
    }
}
