//! Answers that break, lie, or never end.

use std::fs;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::super::DownloadErrorKind;
use super::server::{Answer, Server, answer, downloads, file, impatient_downloads};
use super::{files, kind};
use crate::testing;

/// The first half of a file whose length is announced as ten bytes.
fn first_half(headers: &[&str]) -> Answer {
    let headers: Vec<_> = headers
        .iter()
        .copied()
        .chain(["content-length: 10"])
        .collect();
    answer("200 OK", &headers, "01234")
}

fn rest(range: &str, body: &str) -> Answer {
    let length = format!("content-length: {}", body.len());
    answer(
        "206 Partial Content",
        &[&format!("content-range: bytes {range}"), &length],
        body,
    )
}

/// Downloads the file of a server with these answers, and returns its content and the requests.
async fn download(answers: Vec<Answer>) -> (String, Vec<String>) {
    let server = Server::start(answers);
    let (context, _job) = testing::context();
    let downloads = downloads();
    let file = context
        .download(&server.url("/f"))
        .with(&downloads)
        .await
        .unwrap();
    assert_eq!(files(&context).len(), 1);
    (fs::read_to_string(file.path()).unwrap(), server.requests())
}

async fn error_of(answers: Vec<Answer>) -> (super::DownloadError, usize) {
    let server = Server::start(answers);
    let (context, _job) = testing::context();
    let downloads = downloads();
    let failed = context
        .download(&server.url("/f?k=v"))
        .with(&downloads)
        .await;
    assert!(files(&context).is_empty(), "{:?}", files(&context));
    (failed.unwrap_err(), server.requests().len())
}

#[tokio::test]
async fn a_broken_download_continues_where_it_stopped() {
    let (content, requests) =
        download(vec![first_half(&["etag: \"v1\""]), rest("5-9/10", "56789")]).await;
    assert_eq!(content, "0123456789");
    assert!(
        requests[1].contains("range: bytes=5-\r\n"),
        "{}",
        requests[1]
    );
    assert!(
        requests[1].contains("if-range: \"v1\"\r\n"),
        "{}",
        requests[1]
    );
}

#[tokio::test]
async fn a_server_that_cannot_continue_sends_the_whole_file_again() {
    for version in [&["etag: \"v1\""][..], &["etag: W/\"v1\""], &[]] {
        let (content, requests) =
            download(vec![first_half(version), file("abcdefghij", &[])]).await;
        assert_eq!(content, "abcdefghij");
        // Without a strong validator, the two halves could belong to different files.
        assert_eq!(requests[1].contains("range:"), version == ["etag: \"v1\""]);
    }
}

#[tokio::test]
async fn the_wrong_rest_is_not_appended() {
    let start = first_half(&["last-modified: Sat, 28 Nov 2026 06:00:00 GMT"]);
    for wrong in [
        rest("4-9/10", "456789"),
        rest("x", "56789"),
        answer("416 Range Not Satisfiable", &["content-length: 0"], ""),
    ] {
        let (content, requests) =
            download(vec![start.clone(), wrong, file("abcdefghij", &[])]).await;
        assert_eq!((content.as_str(), requests.len()), ("abcdefghij", 3));
    }
}

#[tokio::test]
async fn a_file_that_never_arrives_completely_is_an_error() {
    let (error, requests) = error_of(vec![first_half(&[])]).await;
    assert_eq!(
        (error.kind(), requests),
        (DownloadErrorKind::Network, 4),
        "{error}"
    );
    let (error, _) = error_of(vec![Answer::Bytes(b"no HTTP\r\n\r\n".to_vec())]).await;
    assert_eq!(error.kind(), DownloadErrorKind::Network);

    let server = Server::start(vec![Answer::Silence]);
    let (context, _job) = testing::context();
    let downloads = impatient_downloads();
    let failed = context.download(&server.url("/")).with(&downloads).await;
    let error = failed.unwrap_err();
    assert!(
        error.to_string().ends_with("did not answer in time"),
        "{error}"
    );
}

#[tokio::test]
async fn a_file_over_the_limit_is_refused_before_or_while_it_arrives() {
    let announced = answer("200 OK", &["content-length: 99999999999"], "");
    let (error, requests) = error_of(vec![announced]).await;
    assert_eq!((error.kind(), requests), (DownloadErrorKind::TooLarge, 1));
    assert!(
        error.to_string().contains("larger than 1048576 bytes"),
        "{error}"
    );

    let endless = Answer::Endless("HTTP/1.1 200 OK\r\n\r\n".to_owned());
    let (error, requests) = error_of(vec![endless]).await;
    assert_eq!((error.kind(), requests), (DownloadErrorKind::TooLarge, 1));
}

fn gzipped(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn encoded_content_is_decoded_and_counted_decoded() {
    let gzip = ["content-encoding: gzip", "etag: \"v\""];
    let (content, _) = download(vec![file(gzipped(b"hello"), &gzip)]).await;
    assert_eq!(content, "hello");

    let bomb = gzipped(&vec![0; 64 << 20]);
    assert!(bomb.len() < 1 << 20);
    let (error, _) = error_of(vec![file(bomb, &gzip)]).await;
    assert_eq!(error.kind(), DownloadErrorKind::TooLarge);

    let (error, requests) = error_of(vec![file("no gzip at all", &gzip)]).await;
    assert_eq!(
        (error.kind(), requests),
        (DownloadErrorKind::Encoding, 1),
        "{error}"
    );
    let mut cut = gzipped(b"hello");
    cut.truncate(cut.len() - 4);
    let (error, _) = error_of(vec![file(cut, &gzip)]).await;
    assert_eq!(error.kind(), DownloadErrorKind::Encoding, "{error}");
    let (error, _) = error_of(vec![file("x", &["content-encoding: br"])]).await;
    assert_eq!(error.kind(), DownloadErrorKind::Encoding);
}

#[tokio::test]
async fn a_place_that_cannot_be_written_is_reported_and_left_as_it_was() {
    let server = Server::start(vec![file("x", &[])]);
    let (context, _job) = testing::context();
    let downloads = downloads();
    // A folder cannot be replaced by a file.
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("taken")).unwrap();
    let place = folder.path().join("taken");
    let failed = context
        .download(&server.url("/"))
        .with(&downloads)
        .to(&place)
        .await;
    assert_eq!(kind(failed), DownloadErrorKind::Disk);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}
