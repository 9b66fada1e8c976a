//! A real S3 server: the program `s3s-fs`, which checks signatures, and keeps objects as files.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::super::settings::Uploads;
use crate::config::Environment;
use crate::download::guard::Guard;
use crate::upload::Bucket;

pub(super) const ACCESS_KEY: &str = "test-access-key";
pub(super) const SECRET_KEY: &str = "test-secret/key+that=is long";
pub(super) const BUCKET: &str = "results";

/// The server, with an empty bucket `results`.
pub(super) struct Server {
    process: Child,
    root: TempDir,
    pub(super) address: String,
}

impl Server {
    pub(super) fn start() -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join(BUCKET)).unwrap();
        let program = std::env::var_os("RUNPOD_TEST_S3").map_or_else(
            || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/tools/bin/s3s-fs"),
            PathBuf::from,
        );
        let mut process = Command::new(&program)
            .args(["--host", "127.0.0.1", "--port", "0"])
            .args(["--access-key", ACCESS_KEY, "--secret-key", SECRET_KEY])
            .arg(root.path())
            .env("RUST_LOG", "s3s_fs=info")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| {
                panic!(
                    "{} could not be started: {error}; `cargo xtask test` installs it",
                    program.display()
                )
            });
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let address = loop {
            let line = lines.next().expect("the server runs").unwrap();
            if let Some((_, address)) = line.split_once("running at http://") {
                break address.trim().to_owned();
            }
        };
        // The server must not wait for a reader of its log.
        std::thread::spawn(move || lines.for_each(drop));
        Self {
            process,
            root,
            address,
        }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the content of an object, if it exists.
    pub(super) fn object(&self, key: &str) -> Option<Vec<u8>> {
        fs::read(self.root.path().join(BUCKET).join(key)).ok()
    }

    /// Returns the files of uploads that are neither complete nor aborted.
    pub(super) fn unfinished(&self) -> Vec<String> {
        let entries = fs::read_dir(self.root.path()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.starts_with(".upload")).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Returns the test server's bucket, at the URL of the server or of a proxy in front of it.
pub(super) fn bucket(url: &str) -> Bucket {
    Bucket::new(url, ACCESS_KEY, SECRET_KEY).name(BUCKET)
}

/// Returns uploads with the smallest parts that S3 allows, and no pause before another attempt.
pub(super) fn uploads() -> Uploads {
    uploads_in([])
}

/// Returns such uploads, in an environment with these variables. Loopback addresses count as public.
pub(super) fn uploads_in<const N: usize>(variables: [(&str, &str); N]) -> Uploads {
    let guard = Guard::for_test(
        |address| address.is_loopback(),
        |_| Ok(vec![[127, 0, 0, 1].into()]),
    );
    let mut uploads = Uploads::new(Environment::of(variables), guard).unwrap();
    uploads.part_bytes = 5 << 20;
    uploads.first_pause = std::time::Duration::from_millis(1);
    uploads
}
