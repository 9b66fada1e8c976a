//! The same uploads with the Python SDK's `rp_upload`: the same server, variables, keys and URLs.

use std::path::PathBuf;
use std::process::Command;

use reqwest::Url;

use super::fetch;
use super::server::{ACCESS_KEY, BUCKET, SECRET_KEY, Server, uploads_in};
use crate::testing;

/// Runs a program with the SDK in a folder, and returns the last line that it prints.
fn sdk(program: &str, folder: &std::path::Path, variables: &[(&str, &str)]) -> String {
    let python = std::env::var_os("RUNPOD_TEST_PYTHON").map_or_else(
        || {
            PathBuf::from(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/../target/sdk-venv/bin/python"
            ))
        },
        PathBuf::from,
    );
    let output = Command::new(python)
        .args([
            "-c",
            &format!("from runpod.serverless.utils import rp_upload\n{program}"),
        ])
        .current_dir(folder)
        .env_remove("BUCKET_ENDPOINT_URL")
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    text.lines().last().unwrap_or_default().to_owned()
}

/// Returns everything of a URL but the values that depend on the time.
fn shape(url: &str) -> (String, Vec<(String, String)>) {
    let url = Url::parse(url).unwrap();
    let query = url.query_pairs().map(|(name, value)| {
        let value = match &*name {
            "X-Amz-Date" | "X-Amz-Signature" => format!("{} characters", value.len()),
            "X-Amz-Credential" => value.replace(|it: char| it.is_ascii_digit(), "0"),
            _ => value.into_owned(),
        };
        (name.into_owned(), value)
    });
    let query = query.collect();
    (
        format!("{}{}", url.origin().ascii_serialization(), url.path()),
        query,
    )
}

#[tokio::test]
async fn the_same_variables_give_the_same_keys_and_the_same_form_of_url() {
    let server = Server::start();
    let url = server.url();
    let folder = tempfile::tempdir().unwrap();
    let variables = [
        ("BUCKET_ENDPOINT_URL", &*url),
        ("BUCKET_ACCESS_KEY_ID", ACCESS_KEY),
        ("BUCKET_SECRET_ACCESS_KEY", SECRET_KEY),
    ];
    let uploads = uploads_in(variables);
    let (context, _job) = testing::context();
    for name in ["plain.png", "a b+c~ü/(1)'*!,@&=:$;.txt"] {
        let program = format!(
            "print(rp_upload.upload_in_memory_object({name:?}, b'theirs', bucket_name={BUCKET:?}, prefix='test'))"
        );
        let theirs = sdk(&program, folder.path(), &variables);
        assert_eq!(fetch(&theirs).await.2, b"theirs");
        let stored = server.object(&format!("test/{name}"));
        assert_eq!(stored.as_deref(), Some(&b"theirs"[..]));

        let ours = context
            .upload(name, b"ours".to_vec())
            .bucket(BUCKET)
            .with(&uploads)
            .await
            .unwrap();
        assert_eq!(shape(ours.url()), shape(&theirs));
        // The SDK's URL now leads to our object: it is the same one.
        assert_eq!(fetch(&theirs).await.2, b"ours");
    }
}

#[tokio::test]
async fn without_a_name_both_use_the_month_as_bucket_also_behind_a_bucket_in_the_url() {
    let server = Server::start();
    // The endpoint's URL names the bucket, so the month is the first folder in it.
    let url = format!("{}/{BUCKET}", server.url());
    let folder = tempfile::tempdir().unwrap();
    let variables = [
        ("BUCKET_ENDPOINT_URL", &*url),
        ("BUCKET_ACCESS_KEY_ID", ACCESS_KEY),
        ("BUCKET_SECRET_ACCESS_KEY", SECRET_KEY),
    ];
    let program =
        "open('a.png', 'wb').write(b'theirs')\nprint(rp_upload.upload_image('test', 'a.png'))";
    let theirs = sdk(
        program,
        folder.path(),
        &[&variables[..], &[("TZ", "UTC")]].concat(),
    );
    let (context, _job) = testing::context();
    let uploads = uploads_in(variables);
    let ours = context
        .upload("a.png", b"ours".to_vec())
        .with(&uploads)
        .await
        .unwrap();
    // The SDK makes up the name of an image.
    let folder_of = |url: &str| {
        let (address, query) = shape(url);
        (address.rsplit_once('/').unwrap().0.to_owned(), query)
    };
    assert_eq!(folder_of(ours.url()), folder_of(&theirs));
    assert_eq!(fetch(&theirs).await.2, b"theirs");
    assert_eq!(fetch(ours.url()).await.2, b"ours");
}

#[tokio::test]
async fn the_sdk_fetches_what_we_upload_in_parts() {
    let server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    let (context, _job) = testing::context();
    let uploads = uploads_in([]);
    let bytes = super::content(6 << 20);
    let bucket = super::server::bucket(&server.url());
    let ours = context
        .upload("large.bin", bytes)
        .to(bucket)
        .with(&uploads)
        .await
        .unwrap();
    let program = format!(
        "import urllib.request\nprint(len(urllib.request.urlopen({:?}).read()))",
        ours.url()
    );
    assert_eq!(sdk(&program, folder.path(), &[]), (6 << 20).to_string());
}

#[tokio::test]
async fn without_variables_both_write_to_the_same_folder() {
    let folder = tempfile::tempdir().unwrap();
    let program =
        "open('a.png', 'wb').write(b'theirs')\nprint(rp_upload.upload_image('test', 'a.png'))";
    let theirs = sdk(program, folder.path(), &[]);
    let uploads = uploads_in([]);
    let (parent, _) = theirs.split_once('/').unwrap();
    assert_eq!(uploads.folder, PathBuf::from(parent));
}
