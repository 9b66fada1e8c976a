//! The local folder on a full or read-only disk: the job fails with an error that names the disk, no file is left, and
//! the worker lives.

use super::server::uploads_in;
use crate::testing;
use crate::transfers::bad_disk::{self, READ_ONLY, SMALL, output_of_worker};

const WORKER: &str = "upload::tests::disk::a_worker_with_a_bad_disk";

/// Uploads content of this size to the local folder, which is on the bad disk.
async fn handler(bytes: usize, context: crate::JobContext) -> Result<u64, String> {
    let mut uploads = uploads_in([]);
    uploads.folder = bad_disk::folder().unwrap().join("simulated_uploaded");
    let upload = context.upload("a.bin", vec![1; bytes]).with(&uploads);
    match upload.await {
        Ok(file) => {
            // The worker must leave nothing behind.
            std::fs::remove_file(file.url()).unwrap();
            Ok(file.len())
        }
        Err(error) => Err(format!("{:?}: {error}", error.kind())),
    }
}

/// The worker of the other tests, which prints the result of each job. Without their environment, it does nothing.
#[test]
fn a_worker_with_a_bad_disk() {
    if bad_disk::folder().is_none() {
        return;
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for bytes in [1_000_000, 5] {
        let job = testing::Job::new(serde_json::json!(bytes));
        let report = runtime.block_on(job.run(handler));
        println!("{:?} {:?}", report.output, report.error);
    }
}

#[test]
fn a_full_disk_fails_the_upload_and_the_next_one_succeeds() {
    let text = output_of_worker(WORKER, SMALL);
    assert!(text.contains("Disk: `a.bin` could not be"), "{text}");
    assert_eq!(text.matches("No space left on device").count(), 1, "{text}");
    assert!(text.contains("Some(Number(5)) None"), "{text}");
}

#[test]
fn a_read_only_disk_is_named() {
    let text = output_of_worker(WORKER, READ_ONLY);
    assert_eq!(text.matches("Read-only file system").count(), 2, "{text}");
}
