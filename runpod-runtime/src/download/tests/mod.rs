//! Downloads from real servers on loopback, which misbehave in every way that a server can.

mod blocked;
mod broken;
#[cfg(target_os = "linux")]
mod disk;
mod server;

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Barrier};

use server::{Answer, Server, answer, downloads, file};

use super::{DownloadError, DownloadErrorKind};
use crate::handler::CancelReason;
use crate::testing;
use crate::transfers::{self, AT_ONCE};

/// Returns the names of all files in the job's directory.
fn files(context: &crate::JobContext) -> Vec<PathBuf> {
    let mut folders = vec![context.directory().unwrap()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }
    files
}

fn kind<T: std::fmt::Debug>(result: Result<T, DownloadError>) -> DownloadErrorKind {
    result.unwrap_err().kind()
}

#[tokio::test]
async fn a_file_arrives_with_its_name_type_size_and_digest() {
    let disposition = "content-disposition: attachment; filename=\"../cat.png\"";
    let server = Server::start(vec![file(
        "meow",
        &[disposition, "content-type: image/png"],
    )]);
    let (context, _job) = testing::context();
    let (url, downloads) = (server.url("/x?signature=1"), downloads());
    let file = context.download(&url).with(&downloads).await.unwrap();
    assert_eq!(file.file_name(), "cat.png");
    assert_eq!(file.content_type(), Some("image/png"));
    assert_eq!(file.len(), 4);
    assert_eq!(
        file.sha256(),
        "404cdd7bc109c432f8cc2443b45bcfe95980f5107215c645236e577929ac3e52"
    );
    assert_eq!(fs::read_to_string(file.path()).unwrap(), "meow");
    assert!(file.path().starts_with(context.directory().unwrap()));
    assert_eq!(files(&context), [file.path()]);
    assert!(server.requests()[0].starts_with("GET /x?signature=1 HTTP/1.1\r\n"));
    assert!(server.requests()[0].contains("accept-encoding: identity\r\n"));
}

/// The worker's real loop runs the job, and removes its directory on another thread.
#[test]
fn the_files_of_a_job_disappear_when_its_handler_has_finished() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let paths = ["fails", "works"].map(|input| {
        let handler = |text: String, context: crate::JobContext| async move {
            let file = context
                .download("data:,x")
                .await
                .map_err(|error| error.to_string())?;
            context.progress(file.path());
            if text == "fails" {
                Err("no".to_owned())
            } else {
                Ok(())
            }
        };
        let job = testing::Job::new(serde_json::json!(input));
        let report = runtime.block_on(job.run(handler));
        assert_eq!(report.error.is_some(), input == "fails");
        PathBuf::from(report.progress[0].as_str().unwrap())
    });
    // The runtime waits for its blocking threads, which remove the directories.
    drop(runtime);
    for path in paths {
        assert!(!path.exists(), "{}", path.display());
        assert!(!path.ancestors().nth(2).unwrap().exists());
    }
}

#[tokio::test]
async fn two_files_with_one_name_are_two_files() {
    let server = Server::start(vec![file("one", &[]), file("two", &[])]);
    let (context, _job) = testing::context();
    let downloads = downloads();
    let first = context
        .download(&server.url("/a.txt"))
        .with(&downloads)
        .await
        .unwrap();
    let second = context
        .download(&server.url("/a.txt"))
        .with(&downloads)
        .await
        .unwrap();
    assert_eq!((first.file_name(), second.file_name()), ("a.txt", "a.txt"));
    assert_eq!(fs::read_to_string(first.path()).unwrap(), "one");
    assert_eq!(fs::read_to_string(second.path()).unwrap(), "two");
}

#[tokio::test]
async fn a_file_can_be_written_to_a_place_of_the_users_choice() {
    let server = Server::start(vec![file("weights", &[])]);
    let (context, _job) = testing::context();
    let volume = tempfile::tempdir().unwrap();
    let place = volume.path().join("model.bin");
    let downloads = downloads();
    let file = context
        .download(&server.url("/"))
        .with(&downloads)
        .to(&place)
        .await
        .unwrap();
    assert_eq!(file.path(), place);
    assert_eq!(fs::read_to_string(&place).unwrap(), "weights");
    assert_eq!(fs::read_dir(volume.path()).unwrap().count(), 1);

    let nowhere = volume.path().join("missing/model.bin");
    let failed = context
        .download(&server.url("/"))
        .with(&downloads)
        .to(&nowhere)
        .await;
    let error = failed.unwrap_err();
    assert_eq!(error.kind(), DownloadErrorKind::Disk);
    assert!(error.to_string().contains("missing"), "{error}");
}

#[tokio::test]
async fn a_size_or_a_digest_that_differs_is_an_error_and_leaves_no_file() {
    let server = Server::start(vec![file("meow", &[])]);
    let (context, _job) = testing::context();
    let downloads = downloads();
    let url = server.url("/cat");
    let download = || context.download(&url).with(&downloads);
    let digest = "404CDD7BC109C432F8CC2443B45BCFE95980F5107215C645236E577929AC3E52";
    assert!(download().expected_bytes(4).sha256(digest).await.is_ok());
    let before = files(&context);

    let error = download().expected_bytes(5).await.unwrap_err();
    assert_eq!(error.kind(), DownloadErrorKind::Mismatch);
    assert!(
        error
            .to_string()
            .ends_with("expected 5 bytes, found 4 bytes"),
        "{error}"
    );
    assert_eq!(
        kind(download().sha256("0".repeat(64)).await),
        DownloadErrorKind::Mismatch
    );
    let asked = server.requests().len();
    assert_eq!(
        kind(download().sha256("abc").await),
        DownloadErrorKind::Mismatch
    );
    assert_eq!(
        server.requests().len(),
        asked,
        "a digest that no file can have is reported at once"
    );
    assert_eq!(files(&context), before);
}

#[tokio::test]
async fn progress_ends_with_the_whole_file() {
    let server = Server::start(vec![file(vec![7; 900_000], &[])]);
    let (context, _job) = testing::context();
    let mut reports = Vec::new();
    let downloads = downloads();
    context
        .download(&server.url("/"))
        .with(&downloads)
        .on_progress(|bytes, of| reports.push((bytes, of)))
        .await
        .unwrap();
    assert_eq!(reports.last(), Some(&(900_000, Some(900_000))));
}

#[tokio::test]
async fn a_data_url_is_a_file_too() {
    let (context, _job) = testing::context();
    let downloads = downloads();
    let file = context
        .download("data:image/png;base64,aGVsbG8=")
        .with(&downloads)
        .await
        .unwrap();
    assert_eq!(file.content_type(), Some("image/png"));
    assert_eq!(fs::read_to_string(file.path()).unwrap(), "hello");

    let broken = context
        .download("data:;base64,a")
        .with(&downloads)
        .await
        .unwrap_err();
    assert_eq!(broken.kind(), DownloadErrorKind::Encoding);
    assert!(
        broken
            .to_string()
            .starts_with("the data URL could not be downloaded")
    );
    let large = format!("data:,{}", "a".repeat(100));
    let large = context
        .download(&large)
        .with(&downloads)
        .max_bytes(99)
        .await;
    assert_eq!(kind(large), DownloadErrorKind::TooLarge);
}

#[tokio::test]
async fn a_cancelled_job_stops_its_download_and_keeps_nothing() {
    let start = "HTTP/1.1 200 OK\r\n\r\n".to_owned();
    let server = Server::start(vec![Answer::Endless(start)]);
    let (context, job) = testing::context();
    let mut downloads = downloads();
    // The first report comes after the first mebibyte.
    downloads.max_bytes = 64 << 20;
    let canceller = std::sync::Mutex::new(Some(job));
    let download = context
        .download(&server.url("/"))
        .with(&downloads)
        .on_progress(|_, _| {
            if let Some(job) = canceller.lock().unwrap().take() {
                job.cancel(CancelReason::Stopped);
            }
        });
    let failed = download.await;
    assert_eq!(kind(failed), DownloadErrorKind::Cancelled);
    assert_eq!(files(&context), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn at_most_eight_files_arrive_at_the_same_time() {
    let together = Arc::new(Barrier::new(AT_ONCE));
    let server = Server::start(vec![Answer::Together(together)]);
    let (context, _job) = testing::context();
    // With fewer connections at a time, the server would never answer.
    let downloads: &'static _ = Box::leak(Box::new(downloads()));
    let all = (0..4 * AT_ONCE).map(|index| {
        context
            .download(&server.url(&format!("/{index}")))
            .with(downloads)
    });
    assert_eq!(transfers::all(all).await.unwrap().len(), 4 * AT_ONCE);
    assert_eq!(server.most_at_once(), AT_ONCE);
}

#[tokio::test]
async fn several_files_come_in_their_order_and_the_first_error_ends_all() {
    let server = Server::start(vec![file("x", &[])]);
    let (context, _job) = testing::context();
    let urls: Vec<_> = (0..40).map(|index| format!("data:,{index}")).collect();
    let files = context.download_all(&urls).await.unwrap();
    let texts: Vec<_> = files
        .iter()
        .map(|it| fs::read_to_string(it.path()).unwrap())
        .collect();
    assert_eq!(
        texts,
        (0..40).map(|index| index.to_string()).collect::<Vec<_>>()
    );

    let urls = [
        "data:,1".to_owned(),
        server
            .url("/2?key=secret")
            .replace("files.test", "127.0.0.1"),
    ];
    let error = context.download_all(urls).await.unwrap_err();
    assert_eq!(error.kind(), DownloadErrorKind::Blocked);
    assert!(error.to_string().contains("/2 could not"), "{error}");
    assert!(
        !format!("{error} {error:?}").contains("secret"),
        "{error:?}"
    );
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn a_server_that_fails_for_a_moment_is_asked_again_and_one_that_refuses_is_not() {
    let busy = answer(
        "503 Service Unavailable",
        &["retry-after: 0", "content-length: 0"],
        "",
    );
    let server = Server::start(vec![busy.clone(), busy, file("late", &[])]);
    let (context, _job) = testing::context();
    let downloads = downloads();
    let file = context
        .download(&server.url("/"))
        .with(&downloads)
        .await
        .unwrap();
    assert_eq!((file.len(), server.requests().len()), (4, 3));

    let missing = answer(
        "404 Not Found",
        &["content-type: application/json", "content-length: 14"],
        "{\"no\": \"cat\"}\u{1b}",
    );
    let server = Server::start(vec![missing]);
    let error = context
        .download(&server.url("/cat?token=secret"))
        .with(&downloads)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), DownloadErrorKind::Status(404));
    assert_eq!(
        error.to_string(),
        format!(
            "{} could not be downloaded: the server answered with 404 Not Found: {{\"no\": \"cat\"}}\\u{{1b}}",
            server.url("/cat")
        )
    );
    assert_eq!(server.requests().len(), 1);
}
