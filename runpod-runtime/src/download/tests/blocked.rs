//! Attempts to reach an address that is not public: in the URL, through a redirect, or by a name that changes.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::super::DownloadErrorKind;
use super::server::{PRIVATE, Server, downloads, downloads_with, file, redirect};
use super::{files, kind};
use crate::testing;

/// Downloads with the usual settings, and returns the error.
async fn error_of(url: &str) -> super::DownloadError {
    let (context, _job) = testing::context();
    let downloads = downloads();
    let failed = context.download(url).with(&downloads).await;
    assert!(files(&context).is_empty());
    failed.unwrap_err()
}

#[tokio::test]
async fn a_redirect_to_an_address_that_is_not_public_is_not_followed() {
    let secret = Server::start_at(PRIVATE, vec![file("secret", &[])]);
    for target in [
        format!("http://{PRIVATE}:{}/", secret.address.port()),
        format!("http://0x7f000002:{}/", secret.address.port()),
        format!("//2130706434:{}/", secret.address.port()),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "file:///etc/passwd".to_owned(),
        "http://user:hunter2@files.test/".to_owned(),
        "http://".to_owned(),
    ] {
        let server = Server::start(vec![redirect(&target)]);
        let error = error_of(&server.url("/")).await;
        assert_eq!(
            error.kind(),
            DownloadErrorKind::Blocked,
            "{target}: {error}"
        );
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
    assert!(secret.requests().is_empty());
}

#[tokio::test]
async fn redirects_are_followed_five_times() {
    let hops = |count| (0..count).map(|hop| redirect(&format!("/hop{hop}?x=1")));
    let server = Server::start(hops(5).chain([file("here", &[])]).collect());
    let (context, _job) = testing::context();
    let downloads = downloads();
    let file = context
        .download(&server.url("/"))
        .with(&downloads)
        .await
        .unwrap();
    assert_eq!(file.len(), 4);
    assert!(server.requests()[5].starts_with("GET /hop4?x=1 "));

    let circle = Server::start(vec![redirect("/again")]);
    let error = error_of(&circle.url("/")).await;
    assert_eq!(error.kind(), DownloadErrorKind::Blocked);
    assert!(
        error
            .to_string()
            .ends_with("it was redirected more than 5 times"),
        "{error}"
    );
}

#[tokio::test]
async fn another_server_does_not_get_the_headers_of_the_first() {
    let other = Server::start(vec![file("there", &[])]);
    let target = other.url("/").replace("files.test", "other.test");
    let first = Server::start(vec![redirect("/same"), redirect(&target)]);
    let (context, _job) = testing::context();
    let downloads = downloads();
    let download = context.download(&first.url("/")).with(&downloads);
    download
        .header("authorization", "Bearer secret")
        .header("x-key", "secret")
        .await
        .unwrap();
    for request in first.requests() {
        assert!(
            request.contains("authorization: Bearer secret\r\nx-key: secret"),
            "{request}"
        );
    }
    assert!(
        !other.requests()[0].contains("secret"),
        "{}",
        other.requests()[0]
    );
}

#[tokio::test]
async fn a_name_with_a_public_and_a_private_address_is_blocked() {
    let server = Server::start(vec![file("x", &[])]);
    let downloads = downloads_with(|_| Ok(vec![Ipv4Addr::LOCALHOST.into(), PRIVATE.into()]));
    let (context, _job) = testing::context();
    let error = context
        .download(&server.url("/"))
        .with(&downloads)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), DownloadErrorKind::Blocked);
    assert!(
        error
            .to_string()
            .contains("files.test is not a public address, but 127.0.0.2"),
        "{error}"
    );
    assert!(server.requests().is_empty());
}

/// The name resolves to a public address first and to a private one later. If the client looked the name up again after
/// the check, it would reach the private server.
#[tokio::test]
async fn a_name_that_resolves_to_another_address_later_gains_nothing() {
    let public = Server::start(vec![file("public", &[])]);
    let port = public.address.port();
    let private = std::net::TcpListener::bind((PRIVATE, port)).unwrap();
    private.set_nonblocking(true).unwrap();
    let look_ups = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&look_ups);
    let downloads = downloads_with(move |_| {
        let address = match counter.fetch_add(1, Ordering::SeqCst) {
            0 => Ipv4Addr::LOCALHOST,
            _ => PRIVATE,
        };
        Ok(vec![IpAddr::V4(address)])
    });
    let (context, _job) = testing::context();
    let url = public.url("/");
    let first = context.download(&url).with(&downloads).await.unwrap();
    assert_eq!(std::fs::read_to_string(first.path()).unwrap(), "public");
    assert_eq!(
        look_ups.load(Ordering::SeqCst),
        1,
        "one look-up for check and connection"
    );
    let second = context.download(&url).with(&downloads).await;
    assert_eq!(kind(second), DownloadErrorKind::Blocked);
    assert!(
        private.accept().is_err(),
        "nobody connected to the private server"
    );
}

#[tokio::test]
async fn the_default_settings_block_this_machine() {
    let server = Server::start(vec![file("x", &[])]);
    let (context, _job) = testing::context();
    for host in ["localhost", "127.0.0.1"] {
        let url = server.url("/").replace("files.test", host);
        let failed = context.download(&url).await;
        assert_eq!(kind(failed), DownloadErrorKind::Blocked, "{host}");
    }
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn a_malformed_url_is_reported_without_its_text() {
    for url in [
        "",
        "secret-token",
        "http://",
        "http://exa mple.com/",
        "/relative",
    ] {
        let error = error_of(url).await;
        assert_eq!(error.kind(), DownloadErrorKind::Blocked, "{url}");
        assert!(
            url.is_empty() || !error.to_string().contains(url),
            "{error}"
        );
    }
}
