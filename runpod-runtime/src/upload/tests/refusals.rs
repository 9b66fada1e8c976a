//! The answers with which a server refuses an upload, and what the error says.

use std::time::{Duration, SystemTime};

use super::proxy::{Fault, Proxy};
use super::server::{ACCESS_KEY, SECRET_KEY, Server, bucket, uploads, uploads_in};
use crate::testing;
use crate::upload::{Bucket, UploadError, UploadErrorKind};

/// Uploads to a bucket, which fails. No error shows a key or a signature.
async fn error_of(bucket: Bucket) -> UploadError {
    let (context, _job) = testing::context();
    let uploads = uploads();
    let error = context
        .upload("a.txt", vec![1])
        .to(bucket)
        .with(&uploads)
        .await
        .unwrap_err();
    assert_no_secret(&error);
    error
}

fn assert_no_secret(error: &UploadError) {
    for text in [error.to_string(), format!("{error:?}")] {
        assert!(
            !text.contains(SECRET_KEY) && !text.contains("X-Amz-"),
            "{text}"
        );
    }
}

/// The test server creates a missing bucket, so the answer is Amazon's.
#[tokio::test]
async fn a_missing_bucket_is_named_with_its_endpoint_and_its_setting() {
    let proxy = Proxy::start("", |_, _| {
        let body = "<Error><Code>NoSuchBucket</Code><Message>The specified bucket does not exist</Message></Error>";
        Fault::Answer("404 Not Found", String::new(), body.to_owned())
    });
    let error = error_of(bucket(&proxy.url()).name("nowhere")).await;
    assert_eq!(error.kind(), UploadErrorKind::Bucket);
    assert_eq!(
        error.to_string(),
        format!(
            "`a.txt` could not be uploaded: bucket `nowhere` at {}, key `test/a.txt`: this bucket does not exist; create \
             it, or correct `Bucket::name` (404 Not Found: NoSuchBucket: The specified bucket does not exist)",
            proxy.url()
        )
    );
    let unnamed = error_of(Bucket::new(proxy.url(), ACCESS_KEY, SECRET_KEY)).await;
    assert!(
        unnamed.to_string().contains("its name is the month"),
        "{unnamed}"
    );
}

#[tokio::test]
async fn wrong_keys_are_named_by_their_setting() {
    let server = Server::start();
    let wrong = Bucket::new(server.url(), ACCESS_KEY, "another-secret").name("results");
    let error = error_of(wrong).await;
    assert_eq!(error.kind(), UploadErrorKind::Denied);
    assert!(
        error
            .to_string()
            .contains("the secret key in `Bucket::new`"),
        "{error}"
    );
    assert!(!error.to_string().contains("another-secret"), "{error}");
    let unknown = Bucket::new(server.url(), "nobody", SECRET_KEY).name("results");
    let error = error_of(unknown).await;
    assert_eq!(error.kind(), UploadErrorKind::Denied);
    assert!(
        error
            .to_string()
            .contains("the access key in `Bucket::new`"),
        "{error}"
    );

    let (context, _job) = testing::context();
    let url = server.url();
    let uploads = uploads_in([
        ("BUCKET_ENDPOINT_URL", &*url),
        ("BUCKET_ACCESS_KEY_ID", ACCESS_KEY),
        ("BUCKET_SECRET_ACCESS_KEY", "another-secret"),
        ("BUCKET_NAME", "results"),
    ]);
    let error = context
        .upload("a.txt", vec![1])
        .with(&uploads)
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("check BUCKET_SECRET_ACCESS_KEY"),
        "{error}"
    );
}

#[tokio::test]
async fn a_wrong_clock_is_named_with_its_difference() {
    let server = Server::start();
    let later = SystemTime::now() + Duration::from_mins(62);
    let date = format!("date: {}\r\n", httpdate::fmt_http_date(later));
    // Amazon answers to an old presigned request with `AccessDenied`, and to one from the future so, too.
    for code in ["RequestTimeTooSkewed", "AccessDenied"] {
        let body =
            format!("<Error><Code>{code}</Code><Message>Request has expired</Message></Error>");
        let date = date.clone();
        let mut proxy = Proxy::start(&server.address, move |_, _| {
            Fault::Answer("403 Forbidden", date.clone(), body.clone())
        });
        let error = error_of(bucket(&proxy.url())).await;
        assert_eq!(error.kind(), UploadErrorKind::Clock);
        let text = error.to_string();
        assert!(text.contains("this machine's clock is 1h "), "{text}");
        assert!(
            text.contains("behind the server's") && text.contains("set the clock"),
            "{text}"
        );
        assert_eq!(proxy.answered().len(), 1, "another attempt would not help");
    }
}

#[tokio::test]
async fn a_difference_of_clocks_that_s3_accepts_is_not_the_reason() {
    let later = SystemTime::now() + Duration::from_mins(10);
    let date = format!("date: {}\r\n", httpdate::fmt_http_date(later));
    let body = "<Error><Code>AccessDenied</Code></Error>".to_owned();
    let proxy = Proxy::start("", move |_, _| {
        Fault::Answer("403 Forbidden", date.clone(), body.clone())
    });
    let error = error_of(bucket(&proxy.url())).await;
    assert_eq!(error.kind(), UploadErrorKind::Denied, "{error}");
}

#[tokio::test]
async fn other_refusals_say_what_to_check() {
    let table = [
        (
            "301 Moved Permanently",
            "PermanentRedirect",
            UploadErrorKind::Bucket,
            "another region",
        ),
        (
            "400 Bad Request",
            "AuthorizationHeaderMalformed",
            UploadErrorKind::Bucket,
            "`Bucket::region`",
        ),
        (
            "403 Forbidden",
            "AccessDenied",
            UploadErrorKind::Denied,
            "s3:PutObject",
        ),
        (
            "404 Not Found",
            "",
            UploadErrorKind::Status(404),
            "the endpoint in `Bucket::new`",
        ),
        (
            "507 Insufficient Storage",
            "",
            UploadErrorKind::Status(507),
            "507 Insufficient Storage",
        ),
    ];
    for (status, code, kind, part) in table {
        let body = format!("<Error><Code>{code}</Code></Error>");
        let proxy = Proxy::start("", move |_, _| {
            Fault::Answer(status, String::new(), body.clone())
        });
        let error = error_of(bucket(&proxy.url())).await;
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(part), "{error}");
    }
}

#[tokio::test]
async fn an_endpoint_that_nobody_listens_to_is_named() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = error_of(bucket(&url)).await;
    assert_eq!(error.kind(), UploadErrorKind::Network);
    let text = error.to_string();
    assert!(
        text.contains(&format!("the connection to {url} failed")),
        "{text}"
    );
    assert!(
        text.contains("check the endpoint in `Bucket::new`"),
        "{text}"
    );
}

#[tokio::test]
async fn a_server_that_is_no_s3_server_is_named() {
    let proxy = Proxy::start("", |_, _| {
        Fault::Answer("200 OK", String::new(), "<html>hello</html>".to_owned())
    });
    let (context, _job) = testing::context();
    let uploads = uploads();
    let upload = context
        .upload("a.bin", vec![0; 6 << 20])
        .to(bucket(&proxy.url()));
    let error = upload.with(&uploads).await.unwrap_err();
    assert_eq!(error.kind(), UploadErrorKind::Configuration);
    assert!(
        error
            .to_string()
            .contains("does not answer like an S3 server"),
        "{error}"
    );
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (context, _job) = testing::context();
    let uploads = uploads();
    for path in [folder.path().join("missing.png"), folder.path().to_owned()] {
        let upload = context
            .upload("a.png", path.clone())
            .to(bucket("http://127.0.0.1:1"));
        let error = upload.with(&uploads).await.unwrap_err();
        assert_eq!(error.kind(), UploadErrorKind::Content);
        assert!(
            error.to_string().contains(path.to_str().unwrap()),
            "{error}"
        );
    }
}
