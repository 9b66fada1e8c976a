//! Uploads without a bucket.

use std::fs;

use super::super::settings::Uploads;
use super::server::uploads_in;
use super::{content, stream_of};
use crate::testing;
use crate::upload::{UploadContent, UploadErrorKind};

fn uploads_to(folder: &std::path::Path) -> Uploads {
    let mut uploads = uploads_in([]);
    uploads.folder = folder.join("simulated_uploaded");
    uploads
}

#[tokio::test]
async fn without_a_bucket_files_go_to_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let uploads = uploads_to(folder.path());
    let (context, _job) = testing::context();
    let mut reports = Vec::new();
    let uploaded = context
        .upload("frames/1.png", content(3 << 20))
        .with(&uploads)
        .on_progress(|bytes, of| reports.push((bytes, of)))
        .await
        .unwrap();
    let path = uploads.folder.join("test/frames/1.png");
    assert_eq!(uploaded.url(), path.to_str().unwrap());
    assert_eq!(uploaded.content_type(), "image/png");
    assert!(fs::read(&path).unwrap() == content(3 << 20));
    assert_eq!(reports.last(), Some(&(3 << 20, Some(3 << 20))));
    let empty = context
        .upload("empty", vec![])
        .with(&uploads)
        .await
        .unwrap();
    assert_eq!(fs::read(empty.url()).unwrap(), b"");
}

#[tokio::test]
async fn a_local_upload_that_fails_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let uploads = uploads_to(folder.path());
    let (context, _job) = testing::context();
    let items = [Ok(vec![1; 2 << 20]), Err("no")];
    let stream = UploadContent::stream(stream_of(items.into_iter()));
    let error = context
        .upload("a.bin", stream)
        .with(&uploads)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), UploadErrorKind::Content);
    assert_eq!(
        fs::read_dir(uploads.folder.join("test")).unwrap().count(),
        0
    );
    let error = context
        .upload("../a.bin", vec![1])
        .with(&uploads)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), UploadErrorKind::Name);
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_named_with_the_variables() {
    let folder = tempfile::tempdir().unwrap();
    let uploads = uploads_to(folder.path());
    fs::write(&uploads.folder, "a file is in the way").unwrap();
    let (context, _job) = testing::context();
    let error = context
        .upload("a.bin", vec![1])
        .with(&uploads)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), UploadErrorKind::Disk);
    let text = error.to_string();
    assert!(text.contains(uploads.folder.to_str().unwrap()), "{text}");
    assert!(text.contains("BUCKET_ENDPOINT_URL"), "{text}");
}

#[tokio::test]
async fn a_bucket_that_is_set_in_part_is_an_error_and_not_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let mut uploads = uploads_in([
        ("BUCKET_ENDPOINT_URL", "http://a.test"),
        ("BUCKET_ACCESS_KEY_ID", "a"),
    ]);
    uploads.folder = folder.path().to_owned();
    let (context, _job) = testing::context();
    let error = context
        .upload("a.bin", vec![1])
        .with(&uploads)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), UploadErrorKind::Configuration);
    assert!(
        error
            .to_string()
            .contains("BUCKET_SECRET_ACCESS_KEY is not set"),
        "{error}"
    );
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}
