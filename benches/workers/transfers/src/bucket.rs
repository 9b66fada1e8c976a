//! The S3 server to which files are uploaded: the program `s3s-fs`, which checks signatures and keeps objects as files.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rusty_s3::{Credentials, S3Action as _, UrlStyle};

use crate::Outcome;

/// The variable with the path of the server. `cargo xtask bench` sets it.
const PROGRAM: &str = "RUNPOD_TEST_S3";
const ACCESS_KEY: &str = "bench-access-key";
const SECRET_KEY: &str = "bench-secret-key";
const BUCKET: &str = "results";

/// A running server with a bucket.
#[derive(Debug)]
pub(crate) struct Bucket {
    process: Child,
    folder: PathBuf,
    address: String,
}

impl Bucket {
    pub(crate) fn start(folder: &Path) -> Outcome<Self> {
        let program = std::env::var_os(PROGRAM).ok_or_else(|| {
            format!("{PROGRAM} is not set; run `cargo xtask bench transfers`, which sets it")
        })?;
        fs::create_dir_all(folder.join(BUCKET))?;
        let mut process = Command::new(program)
            .args(["--host", "127.0.0.1", "--port", "0"])
            .args(["--access-key", ACCESS_KEY, "--secret-key", SECRET_KEY])
            .arg(folder)
            .env("RUST_LOG", "s3s_fs=info")
            .stdout(Stdio::piped())
            .spawn()?;
        let output = process.stdout.take().ok_or("the server has no output")?;
        let mut bucket = Self {
            process,
            folder: folder.to_owned(),
            address: String::new(),
        };
        let mut lines = BufReader::new(output).lines();
        bucket.address = loop {
            let line = lines.next().ok_or("the S3 server exited")??;
            if let Some((_, address)) = line.split_once("running at http://") {
                break address.trim().to_owned();
            }
        };
        // The server must not wait for a reader of its log.
        std::thread::spawn(move || lines.for_each(drop));
        Ok(bucket)
    }

    /// Returns the variables with which our worker and the SDK find the bucket. If the URL names the bucket, neither
    /// needs the name of the bucket, which the SDK's function for several files does not take.
    pub(crate) fn variables(&self) -> [(&'static str, String); 3] {
        [
            (
                "BUCKET_ENDPOINT_URL",
                format!("http://{}/{BUCKET}", self.address),
            ),
            ("BUCKET_ACCESS_KEY_ID", ACCESS_KEY.to_owned()),
            ("BUCKET_SECRET_ACCESS_KEY", SECRET_KEY.to_owned()),
        ]
    }

    /// Returns a URL to which anybody can upload an object.
    pub(crate) fn presigned(&self, key: &str) -> Outcome<String> {
        let endpoint = format!("http://{}", self.address).parse()?;
        let bucket = rusty_s3::Bucket::new(endpoint, UrlStyle::Path, BUCKET, "us-east-1")?;
        let credentials = Credentials::new(ACCESS_KEY, SECRET_KEY);
        let put = bucket.put_object(Some(&credentials), key);
        Ok(put.sign(Duration::from_mins(10)).into())
    }

    /// Returns the folder with the objects.
    pub(crate) fn objects(&self) -> PathBuf {
        self.folder.join(BUCKET)
    }
}

impl Drop for Bucket {
    fn drop(&mut self) {
        // The process may have exited.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
