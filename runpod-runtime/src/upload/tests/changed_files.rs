//! Files that change, disappear or cannot be read while they are uploaded.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::content;
use super::proxy::{Fault, Proxy};
use super::server::{Server, bucket, uploads};
use crate::testing;
use crate::upload::{UploadError, UploadErrorKind, Uploaded};

/// Uploads a file of three parts, and changes it when its first two parts were read.
async fn upload_while(
    server: &Server,
    path: PathBuf,
    change: fn(&Path),
) -> Result<Uploaded, UploadError> {
    fs::write(&path, content(15 << 20)).unwrap();
    let changed = path.clone();
    let proxy = Proxy::start(&server.address, move |_, count| {
        if count == 0 {
            change(&changed);
        }
        Fault::None
    });
    let (context, _job) = testing::context();
    let uploads = uploads();
    let upload = context.upload("a.bin", path).to(bucket(&proxy.url()));
    upload.with(&uploads).await
}

#[tokio::test]
async fn a_file_that_becomes_shorter_is_an_error_and_the_bucket_keeps_nothing() {
    let server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.bin");
    let truncate = |path: &Path| {
        let file = File::options().write(true).open(path).unwrap();
        file.set_len(11 << 20).unwrap();
    };
    let uploaded = upload_while(&server, path.clone(), truncate).await;
    let error = uploaded.unwrap_err();
    assert_eq!(error.kind(), UploadErrorKind::Content);
    let text = error.to_string();
    assert!(text.contains(path.to_str().unwrap()), "{text}");
    assert!(text.contains("became shorter"), "{text}");
    assert_eq!(server.object("test/a.bin"), None);
    assert_eq!(server.unfinished(), Vec::<String>::new());
}

#[tokio::test]
async fn a_file_that_is_removed_arrives_complete() {
    let server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    let remove = |path: &Path| fs::remove_file(path).unwrap();
    let uploaded = upload_while(&server, folder.path().join("a.bin"), remove).await;
    assert_eq!(uploaded.unwrap().len(), 15 << 20);
    assert!(server.object("test/a.bin").unwrap() == content(15 << 20));
}

/// A read of this file at its beginning fails, because nothing is mapped at the address 0.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_file_whose_content_cannot_be_read_is_named() {
    let server = Server::start();
    let (context, _job) = testing::context();
    let uploads = uploads();
    let upload = context
        .upload("a.bin", Path::new("/proc/self/mem"))
        .to(bucket(&server.url()));
    let error = upload.with(&uploads).await.unwrap_err();
    assert_eq!(error.kind(), UploadErrorKind::Content);
    let text = error.to_string();
    assert!(text.contains("/proc/self/mem could not be read"), "{text}");
    assert_eq!(server.object("test/a.bin"), None);
}
