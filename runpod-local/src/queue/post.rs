//! What workers post before the result: stream items and progress.

use std::sync::Arc;

use tokio::time::Instant;

use super::book::{Book, Caller};
use super::ending::Accepted;
use super::error::QueueError;
use super::job::Tie;
use super::json::Json;
use super::voice::Said;
use super::{Event, JobId, LogLine, Status};

impl Book {
    /// Items of the worker that runs the job. Large ones come in several pieces.
    pub(super) fn stream(
        &mut self,
        worker: &str,
        id: JobId,
        items: Vec<Json>,
        now: Instant,
    ) -> Result<Accepted, QueueError> {
        if self.reclaim(worker, id, now)? == Accepted::Ignored {
            return Ok(Accepted::Ignored);
        }
        self.make_room(items.iter().map(|item| item.len() as u64).sum())?;
        let Some(job) = self.jobs.get_mut(&id) else {
            return Ok(Accepted::Ignored);
        };
        let stream = job.stream.get_or_insert_default();
        let mut lost = false;
        for item in items {
            let (index, lost_some) = stream.push(item, &self.limits);
            lost |= lost_some;
            self.voice.tell(|| Event::Item { job: id, index });
        }
        let is_news = lost && !std::mem::replace(&mut stream.is_overflowing, true);
        job.tell_waiters();
        if is_news {
            let said = Said::ItemsDropped(id);
            let line = LogLine::warning(&said.to_string());
            self.voice.warn(said);
            self.log(id, line);
        }
        self.recount(id);
        Ok(Accepted::Yes)
    }

    pub(super) fn progress(
        &mut self,
        worker: &str,
        id: JobId,
        progress: Json,
        now: Instant,
    ) -> Result<Accepted, QueueError> {
        if self.reclaim(worker, id, now)? == Accepted::Ignored {
            return Ok(Accepted::Ignored);
        }
        self.make_room(progress.len() as u64)?;
        if let Some(job) = self.jobs.get_mut(&id) {
            job.progress = Some(progress);
        }
        self.recount(id);
        self.tell_job(id);
        Ok(Accepted::Yes)
    }

    /// A line for the job's page.
    pub(super) fn log(&mut self, id: JobId, line: LogLine) {
        if let Some(job) = self.jobs.get_mut(&id) {
            let lines = job.lines.get_or_insert_default();
            let index = lines.push(line, &self.limits);
            self.voice.tell(|| Event::Log { job: id, index });
            self.recount(id);
            // A line is never refused for want of room: older results go.
            let _ = self.make_room(0);
        }
    }

    /// Does the worker run the job? One that was thought lost and goes on with it has it again, unless another has it.
    fn reclaim(&mut self, worker: &str, id: JobId, now: Instant) -> Result<Accepted, QueueError> {
        let (tie, status) = self.tie(worker, id)?;
        self.heard(worker, now);
        match (tie, status) {
            (Tie::Current, Status::InProgress) => Ok(Accepted::Yes),
            (Tie::Earlier, Status::InQueue) => {
                let caller = Caller {
                    worker,
                    agent: None,
                };
                let worker = Arc::clone(&self.meet(caller, now)?.id);
                self.release(id);
                self.assign(id, &worker, now);
                self.tell_worker(&worker);
                Ok(Accepted::Yes)
            }
            _ => Ok(Accepted::Ignored),
        }
    }
}
