//! Uploads a large object in parts, several at a time.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::task::{JoinError, JoinSet};

use super::error::Cause;
use super::progress::Progress;
use super::reader::Reader;
use super::requests::{Requests, SentPart};

/// The largest number of parts that S3 allows.
pub(super) const MOST_PARTS: u16 = 10_000;

/// The longest wait for the parts that are being sent when an upload is dropped.
const LAST_PARTS: Duration = Duration::from_secs(10);

/// An upload in parts. If it is dropped before it is finished, it is aborted, so that the bucket keeps no parts.
pub(super) struct Multipart {
    requests: Arc<Requests>,
    /// `None` when nothing has to be aborted any more.
    id: Option<Arc<str>>,
    running: JoinSet<Result<(SentPart, u64), Cause>>,
    sent: Vec<SentPart>,
}

impl Multipart {
    pub(super) async fn create(requests: Arc<Requests>, media_type: &str) -> Result<Self, Cause> {
        let id = requests.create(media_type).await?;
        Ok(Self {
            requests,
            id: Some(id.into()),
            running: JoinSet::new(),
            sent: Vec::new(),
        })
    }

    /// Sends the first parts, and the parts that the reader reads, and makes the object of them.
    pub(super) async fn run(
        mut self,
        first: Vec<Bytes>,
        reader: &mut Reader<'_>,
        part_bytes: usize,
        sends: &Arc<Semaphore>,
        progress: &mut Progress<'_, '_>,
    ) -> Result<(), Cause> {
        match self
            .send_all(first, reader, part_bytes, sends, progress)
            .await
        {
            Ok(()) => {
                self.id = None;
                Ok(())
            }
            Err(cause) => {
                let running = std::mem::take(&mut self.running);
                if let Some(id) = self.id.take() {
                    // A task of its own, because this future may be dropped meanwhile.
                    let abort = abort(Arc::clone(&self.requests), id, running);
                    let _ = tokio::spawn(abort).await;
                }
                Err(cause)
            }
        }
    }

    async fn send_all(
        &mut self,
        first: Vec<Bytes>,
        reader: &mut Reader<'_>,
        part_bytes: usize,
        sends: &Arc<Semaphore>,
        progress: &mut Progress<'_, '_>,
    ) -> Result<(), Cause> {
        let mut waiting = first.into_iter();
        let mut number = 0;
        loop {
            let part = match waiting.next() {
                Some(part) => part,
                None => self.read(reader, part_bytes, progress).await?,
            };
            if part.is_empty() {
                break;
            }
            if number == MOST_PARTS {
                return Err(Cause::TooLarge(format!(
                    "it is larger than {MOST_PARTS} parts of {part_bytes} bytes; if its size is known, tell it with \
                     `.expected_bytes(size)`, so that the parts are larger"
                )));
            }
            number += 1;
            progress.read(part.len())?;
            self.start(number, part, sends, progress).await?;
        }
        while let Some(done) = self.running.join_next().await {
            self.record(done, progress)?;
        }
        progress.check_size()?;
        self.sent.sort_unstable_by_key(|(number, _)| *number);
        let Some(id) = &self.id else { return Ok(()) };
        self.requests
            .complete(id, &self.sent, progress.bytes_read())
            .await
    }

    /// Reads the next part. Meanwhile, parts that are being sent may fail.
    async fn read(
        &mut self,
        reader: &mut Reader<'_>,
        part_bytes: usize,
        progress: &mut Progress<'_, '_>,
    ) -> Result<Bytes, Cause> {
        let mut reading = pin!(reader.part(part_bytes));
        loop {
            tokio::select! {
                biased;
                Some(done) = self.running.join_next() => self.record(done, progress)?,
                part = &mut reading => return part,
            }
        }
    }

    /// Starts to send a part as soon as there is room.
    async fn start(
        &mut self,
        number: u16,
        part: Bytes,
        sends: &Arc<Semaphore>,
        progress: &mut Progress<'_, '_>,
    ) -> Result<(), Cause> {
        let Some(id) = self.id.clone() else {
            return Ok(());
        };
        let mut room = pin!(Arc::clone(sends).acquire_owned());
        let permit = loop {
            tokio::select! {
                biased;
                Some(done) = self.running.join_next() => self.record(done, progress)?,
                permit = &mut room => break permit,
            }
        };
        let requests = Arc::clone(&self.requests);
        self.running.spawn(async move {
            let _permit = permit;
            let bytes = part.len() as u64;
            Ok((requests.part(id, number, part).await?, bytes))
        });
        Ok(())
    }

    fn record(
        &mut self,
        done: Result<Result<(SentPart, u64), Cause>, JoinError>,
        progress: &mut Progress<'_, '_>,
    ) -> Result<(), Cause> {
        match done {
            Ok(sent) => {
                let (part, bytes) = sent?;
                self.sent.push(part);
                progress.sent(bytes);
                Ok(())
            }
            // A task is never aborted while its set exists, so it panicked.
            Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
        }
    }
}

impl Drop for Multipart {
    /// The job was cancelled, or the handler dropped the upload.
    fn drop(&mut self) {
        let Some(id) = self.id.take() else { return };
        // Without a runtime, the process is about to exit.
        if let Ok(runtime) = Handle::try_current() {
            let running = std::mem::take(&mut self.running);
            runtime.spawn(abort(Arc::clone(&self.requests), id, running));
        }
    }
}

/// Waits for the parts that are being sent, and then drops the upload. A server may keep a part that it is still
/// receiving when the upload is dropped.
async fn abort(
    requests: Arc<Requests>,
    id: Arc<str>,
    mut running: JoinSet<Result<(SentPart, u64), Cause>>,
) {
    let all = async { while running.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(LAST_PARTS, all).await;
    running.shutdown().await;
    if let Err(cause) = requests.abort(&id).await {
        tracing::warn!(
            "an unfinished upload could not be removed from its bucket, which keeps the parts until a lifecycle rule \
             removes them: {cause}"
        );
    }
}
