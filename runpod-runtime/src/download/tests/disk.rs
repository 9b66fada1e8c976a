//! Full and read-only disks: the job fails with an error that names the disk, no file is left, and the worker lives.

use std::path::PathBuf;

use super::server::{Server, downloads, file};
use crate::JobContext;
use crate::testing;
use crate::transfers::bad_disk::{self, READ_ONLY, SMALL, output_of_worker};

const WORKER: &str = "download::tests::disk::a_worker_with_a_bad_disk";

/// Downloads the URL of a job, to the bad disk or to the job's directory.
async fn handler((url, to): (String, Option<PathBuf>), context: JobContext) -> Result<u64, String> {
    let downloads = downloads();
    let mut download = context.download(&url).with(&downloads);
    if let Some(to) = to {
        download = download.to(to);
    }
    match download.await {
        Ok(file) => Ok(file.len()),
        Err(error) => Err(format!("{:?}: {error}", error.kind())),
    }
}

/// The worker of the other tests, which prints the result of each job. Without their environment, it does nothing.
#[test]
fn a_worker_with_a_bad_disk() {
    let Some(disk) = bad_disk::folder() else {
        return;
    };
    let large = || file(vec![b'x'; 1_000_000], &[]);
    let server = Server::start(vec![large(), large(), file("small", &[])]);
    let jobs = [
        (server.url("/to-the-disk"), Some(disk.join("model.bin"))),
        (server.url("/in-the-directory"), None),
        (server.url("/small"), None),
    ];
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for job in jobs {
        let job = testing::Job::new(serde_json::to_value(job).unwrap());
        let report = runtime.block_on(job.run(handler));
        println!("{:?} {:?}", report.output, report.error);
    }
}

#[test]
fn a_full_disk_fails_the_download_and_the_next_one_succeeds() {
    let mount = format!("{SMALL} && export TMPDIR=\"$RUNPOD_TEST_BAD_DISK\"");
    let text = output_of_worker(WORKER, &mount);
    let full = text.matches("No space left on device").count();
    assert_eq!(full, 2, "{text}");
    assert!(text.contains("Disk: http://files.test:"), "{text}");
    assert!(text.contains("Some(Number(5)) None"), "{text}");
}

#[test]
fn a_read_only_volume_fails_only_the_downloads_to_it() {
    let text = output_of_worker(WORKER, READ_ONLY);
    assert_eq!(text.matches("Read-only file system").count(), 1, "{text}");
    assert!(text.contains("Some(Number(1000000)) None"), "{text}");
    assert!(text.contains("Some(Number(5)) None"), "{text}");
}

#[test]
fn a_read_only_temporary_directory_is_named() {
    let mount = format!("{READ_ONLY} && export TMPDIR=\"$RUNPOD_TEST_BAD_DISK\"");
    let text = output_of_worker(WORKER, &mount);
    assert_eq!(text.matches("Read-only file system").count(), 3, "{text}");
}
