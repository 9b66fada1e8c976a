//! The files of this worker, which the spool's thread manages.

use std::collections::{HashMap, HashSet, VecDeque};
use std::iter;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use super::directory::Spool;
use super::error::SpoolError;
use super::message::{Key, Message, Reply, SpoolStatus};
use super::name::Entry;
use super::owner::LEASE;
use super::result::JobResult;
use crate::process::threads::Refused;

/// How often this worker shows the others that it is alive.
const LOOK_AFTER: Duration = LEASE.checked_div(4).expect("a quarter of a lease");

/// The files of this worker.
pub(super) struct Files {
    spool: Spool,
    status: Arc<SpoolStatus>,
    stored: HashMap<Key, Stored>,
    /// Results that could not be written. The thread tries again every half minute.
    unwritten: HashMap<Key, JobResult>,
    /// Files that could not be removed or released. The thread tries again every half minute.
    to_remove: Vec<Entry>,
    to_release: Vec<Entry>,
    /// Slow messages that were not handled yet.
    slow: VecDeque<Message>,
    /// Whether a task has received the first list of waiting results.
    listed: Arc<AtomicBool>,
    /// Whether the log already has a line about results that cannot be written.
    reported: bool,
}

struct Stored {
    entry: Entry,
    /// The content of the file.
    result: JobResult,
}

impl Files {
    pub(super) fn new(spool: Spool, status: Arc<SpoolStatus>) -> Self {
        Self {
            spool,
            status,
            stored: HashMap::new(),
            unwritten: HashMap::new(),
            to_remove: Vec::new(),
            to_release: Vec::new(),
            slow: VecDeque::new(),
            listed: Arc::default(),
            reported: false,
        }
    }

    /// Handles messages until the last sender is dropped.
    pub(super) fn work(mut self, messages: &Receiver<Message>) {
        let mut looked_after = Instant::now();
        loop {
            let longest = if self.slow.is_empty() {
                LOOK_AFTER.saturating_sub(looked_after.elapsed())
            } else {
                Duration::ZERO
            };
            match messages.recv_timeout(longest) {
                Ok(first) => self.turn(iter::once(first).chain(messages.try_iter())),
                Err(RecvTimeoutError::Timeout) => self.turn(iter::empty()),
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if looked_after.elapsed() >= LOOK_AFTER {
                self.look_after();
                looked_after = Instant::now();
            }
        }
    }

    /// Handles the quick messages first, because their results exist only in memory, and then one slow message. So
    /// neither kind waits for long.
    fn turn(&mut self, messages: impl Iterator<Item = Message>) {
        let (slow, quick) = messages.partition::<Vec<_>, _>(Message::is_slow);
        self.slow.extend(slow);
        self.handle_all(quick);
        if let Some(message) = self.slow.pop_front() {
            self.handle(message);
        }
    }

    /// Handles messages in order. If a later message settles a result, the result is not written.
    fn handle_all(&mut self, messages: Vec<Message>) {
        let mut settled: HashSet<Key> = HashSet::new();
        let mut needed = Vec::with_capacity(messages.len());
        for message in messages.into_iter().rev() {
            match message {
                Message::Keep(key, result) if settled.contains(&key) => self.is_written(&result),
                Message::Settle(key) => {
                    settled.insert(key);
                    needed.push(Message::Settle(key));
                }
                message => needed.push(message),
            }
        }
        for message in needed.into_iter().rev() {
            self.handle(message);
        }
    }

    fn handle(&mut self, message: Message) {
        match message {
            Message::Keep(key, result) => self.keep(key, result),
            Message::Settle(key) => {
                self.unwritten.remove(&key);
                if let Some(stored) = self.stored.remove(&key) {
                    self.remove(stored.entry);
                }
            }
            Message::Release(key, result, reply) => self.release(key, result, reply),
            Message::Abandon(key) => {
                self.unwritten.remove(&key);
                if let Some(stored) = self.stored.remove(&key) {
                    self.give_back(stored.entry);
                }
            }
            Message::List(reply) => self.list(reply),
            Message::Claim(key, entry, reply) => {
                let claimed = self.claim(key, &entry);
                if reply.send(claimed).is_err()
                    && let Some(stored) = self.stored.remove(&key)
                {
                    self.give_back(stored.entry);
                }
            }
            Message::Expire(key, why, reply) => {
                let is_old = |stored: &Stored| Spool::is_older_than_its_job(&stored.entry);
                // If the task no longer waits for the answer, it is about to release the result.
                let expires = !reply.is_closed() && self.stored.get(&key).is_some_and(is_old);
                if expires && let Some(stored) = self.stored.remove(&key) {
                    tracing::error!(
                        job_id = stored.entry.job_id(),
                        "an undelivered result is discarded: {why}"
                    );
                    self.remove(stored.entry);
                }
                let _ = reply.send(expires);
            }
            Message::Leave(reply) => {
                for entry in self.stored.drain().map(|(_, stored)| stored.entry) {
                    let _ = self.spool.release(&entry);
                }
                self.look_after();
                self.spool.leave();
                let _ = reply.send(());
            }
        }
    }

    /// Lists the waiting results on a separate thread. Listing a directory with a thousand files takes several
    /// milliseconds, and no new result could be written in that time.
    fn list(&self, reply: Reply<Result<Vec<Entry>, SpoolError>>) {
        let (spool, listed) = (self.spool.clone(), Arc::clone(&self.listed));
        let list = move || {
            let waiting = if listed.load(Ordering::Relaxed) {
                spool.long_waiting()
            } else {
                spool.waiting()
            };
            // This must happen before the answer is sent, because the next request may follow immediately.
            if waiting.is_ok() {
                listed.store(true, Ordering::Relaxed);
            }
            if reply.send(waiting).is_err() {
                listed.store(false, Ordering::Relaxed);
            }
        };
        // On an error, the closure is dropped together with its reply. The worker asks for the list again later.
        if let Err(error) = thread::Builder::new()
            .name("runpod-list".to_owned())
            .spawn(list)
        {
            tracing::debug!("the spool could not be listed: {}", Refused::from(error));
        }
    }

    fn keep(&mut self, key: Key, result: JobResult) {
        let stored = self.store(key, result.clone());
        // This must not happen earlier. Otherwise the status would say that all results are on disk before they are.
        self.is_written(&result);
        if let Err(error) = stored {
            self.unwritten.insert(key, result);
            // The log gets only one line, because the cause is the same for all results.
            if !std::mem::replace(&mut self.reported, true) {
                tracing::warn!(
                    "results have no copy on disk while they are delivered, so they would be lost if the worker is killed: {error}"
                );
            }
        }
    }

    /// Writes a result. If it replaces an older result of the same job, it keeps the older result's time.
    fn store(&mut self, key: Key, result: JobResult) -> Result<(), SpoolError> {
        let written = match self.stored.get(&key) {
            Some(stored) => self.spool.replace(&stored.entry, &result),
            None => self.spool.store(&result),
        };
        self.status
            .failing
            .store(written.is_err(), Ordering::Release);
        let entry = written?;
        self.unwritten.remove(&key);
        self.stored.insert(key, Stored { entry, result });
        Ok(())
    }

    /// Syncs a result to the disk and lets any worker deliver it. If nobody waits for the answer any more, the result
    /// stays with this worker until it is settled or abandoned.
    fn release(&mut self, key: Key, result: JobResult, reply: Reply<Result<(), String>>) {
        let is_there = |stored: &Stored| stored.result == result;
        let stored = if self.stored.get(&key).is_some_and(is_there) {
            Ok(())
        } else {
            self.store(key, result)
        };
        let synced = stored.and_then(|()| match self.stored.get(&key) {
            Some(stored) => self.spool.sync(&stored.entry),
            None => Ok(()),
        });
        if let Err(error) = synced {
            let _ = reply.send(Err(error.to_string()));
            return;
        }
        if reply.is_closed() {
            return;
        }
        let Some(stored) = self.stored.remove(&key) else {
            return;
        };
        let free = match self.spool.release(&stored.entry) {
            Ok(free) => free,
            Err(error) => {
                let _ = reply.send(Err(error.to_string()));
                self.to_release.push(stored.entry);
                return;
            }
        };
        if reply.send(Ok(())).is_err()
            && let Ok(Some(entry)) = self.spool.claim(&free)
        {
            self.stored.insert(key, Stored { entry, ..stored });
        }
    }

    /// Claims a waiting result and reads it. If the file cannot be read, it is released again.
    fn claim(&mut self, key: Key, entry: &Entry) -> Result<Option<JobResult>, SpoolError> {
        let Some(entry) = self.spool.claim(entry)? else {
            return Ok(None);
        };
        match self.spool.load(&entry) {
            Ok(Some(result)) => {
                let stored = Stored {
                    entry,
                    result: result.clone(),
                };
                self.stored.insert(key, stored);
                Ok(Some(result))
            }
            Ok(None) => Ok(None),
            Err(error) => {
                self.give_back(entry);
                Err(error)
            }
        }
    }

    fn give_back(&mut self, entry: Entry) {
        if let Err(error) = self.spool.release(&entry) {
            tracing::warn!(
                job_id = entry.job_id(),
                "a kept result cannot be released to other workers yet: {error}"
            );
            self.to_release.push(entry);
        }
    }

    fn remove(&mut self, entry: Entry) {
        if let Err(error) = self.spool.remove(&entry) {
            tracing::warn!(
                job_id = entry.job_id(),
                "a delivered result cannot be removed from the spool yet, and it is delivered again if this worker stops first: {error}"
            );
            self.to_remove.push(entry);
        }
    }

    fn is_written(&self, result: &JobResult) {
        let cost = SpoolStatus::cost(result);
        if self.status.bytes.fetch_sub(cost, Ordering::Relaxed) == cost {
            self.status.reported.store(false, Ordering::Relaxed);
        }
    }

    /// Shows that this worker is alive, and retries the operations that have failed.
    fn look_after(&mut self) {
        if let Err(error) = self.spool.renew() {
            tracing::debug!("this worker's sign of life in the spool cannot be renewed: {error}");
        }
        for (key, result) in std::mem::take(&mut self.unwritten) {
            if self.store(key, result.clone()).is_err() {
                self.unwritten.insert(key, result);
            }
        }
        let spool = &self.spool;
        self.to_remove.retain(|entry| spool.remove(entry).is_err());
        self.to_release
            .retain(|entry| spool.release(entry).is_err());
    }
}

#[cfg(test)]
#[path = "files_tests.rs"]
mod tests;
