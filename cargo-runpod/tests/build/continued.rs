//! A push that was killed inside a large blob.

use std::fs;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::command::{command, text};
use crate::push::{a_large_one, built};
use crate::registry::{Act, Registry, digest, length, proxy};

/// The size of the parts in which blobs are uploaded.
const PART: u64 = 16 << 20;

/// A proxy that reads whole requests before it passes them on, as those in front of many registries do. It counts the
/// bytes of uploads that it passes, and holds the large blob's second part while `is_held`.
struct Front {
    host: String,
    passed: Arc<AtomicU64>,
    is_held: Arc<AtomicBool>,
    holds: mpsc::Receiver<()>,
}

impl Front {
    fn of(registry: &Registry) -> Self {
        let (passed, is_held) = (Arc::<AtomicU64>::default(), Arc::new(AtomicBool::new(true)));
        let (sender, holds) = mpsc::channel();
        let sender = Mutex::new(sender);
        let (count, held) = (Arc::clone(&passed), Arc::clone(&is_held));
        let host = proxy(registry, move |head| {
            if head
                .to_ascii_lowercase()
                .contains("content-range: 16777216-")
                && held.load(Ordering::SeqCst)
            {
                sender.lock().unwrap().send(()).unwrap();
                return Act::Hold;
            }
            count.fetch_add(length(head), Ordering::SeqCst);
            Act::Pass
        });
        Self {
            host,
            passed,
            is_held,
            holds,
        }
    }

    fn name(&self) -> String {
        format!("{}/me/large:1", self.host)
    }

    /// Kills a push while the registry has the first part of the large blob.
    fn kill_a_push(&self, folder: &TempDir) {
        let mut run = command(folder.path(), &["--profile=dev", "--push", &self.name()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        self.holds.recv_timeout(Duration::from_mins(5)).unwrap();
        kill_process(Pid::from_child(&run), Signal::KILL).unwrap();
        assert_eq!(run.wait().unwrap().code(), None);
        self.is_held.store(false, Ordering::SeqCst);
    }

    /// Pushes to the end, and returns the report and the number of bytes that were uploaded.
    fn push(&self, folder: &TempDir) -> (String, u64) {
        let before = self.passed.load(Ordering::SeqCst);
        let output = command(folder.path(), &["--profile=dev", "--push", &self.name()])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
        (
            text(&output.stdout),
            self.passed.load(Ordering::SeqCst) - before,
        )
    }
}

/// The open uploads that the crate's target folder has.
fn remembered(folder: &TempDir) -> usize {
    fs::read_dir(folder.path().join("target/runpod-uploads")).map_or(0, Iterator::count)
}

#[test]
fn the_next_run_continues_inside_the_blob() {
    let registry = Registry::start();
    let front = Front::of(&registry);
    let folder = a_large_one();
    front.kill_a_push(&folder);
    assert!(remembered(&folder) > 0);

    let (said, bytes) = front.push(&folder);
    assert!(
        said.contains("uploaded, continued from an earlier run\n"),
        "{said}"
    );
    let weights = 40 << 20;
    assert!(
        bytes < weights - PART + (1 << 20),
        "{bytes} bytes were uploaded"
    );
    assert_eq!(
        digest(&format!("docker://{}", registry.name("me/large:1"))),
        built(&folder)
    );
    assert_eq!(remembered(&folder), 0);
}

#[test]
fn an_upload_that_the_registry_has_given_up_starts_again() {
    let (registry, fresh) = (Registry::start(), Registry::start());
    let front = Front::of(&registry);
    let folder = a_large_one();
    front.kill_a_push(&folder);
    // The same address leads to a registry that knows nothing of the upload.
    let files = fs::read_dir(folder.path().join("target/runpod-uploads")).unwrap();
    for file in files.map(|file| file.unwrap().path()) {
        let text = fs::read_to_string(&file).unwrap();
        fs::write(&file, text.replace(&front.host, &fresh.host)).unwrap();
    }
    let (said, bytes) = front.push(&folder);
    assert!(!said.contains("continued"), "{said}");
    assert!(bytes >= 40 << 20, "{bytes} bytes were uploaded");
    assert_eq!(
        digest(&format!("docker://{}", registry.name("me/large:1"))),
        built(&folder)
    );
    assert_eq!(remembered(&folder), 0);
}
