//! All workers: those that serve, those that are to take over, and those that finish their last jobs.

use std::sync::Arc;

use tokio::time::Instant;

use super::missing::Help;
use super::program::Program;
use super::slot::Slot;
use super::worker::{Ended, News, Surroundings, Worker};

#[derive(Debug)]
pub(super) struct Crew {
    around: Surroundings,
    slots: Vec<Slot>,
    leaving: Vec<Worker>,
}

impl Crew {
    pub(super) fn new(around: Surroundings, workers: u16) -> Self {
        Self {
            around,
            slots: (1..=workers).map(Slot::new).collect(),
            leaving: Vec::new(),
        }
    }

    /// Has workers of this program take over, each as soon as it is there.
    pub(super) fn renew(&mut self, program: &Arc<Program>) {
        for slot in &mut self.slots {
            for worker in slot.renew(&self.around, program) {
                worker.stop();
                self.leaving.push(worker);
            }
        }
    }

    /// `missing`: what the program lacks, if it is no worker, by its answer to `--help`.
    pub(super) fn hear(&mut self, news: News, missing: impl Fn(Help) -> Option<String>) {
        match news {
            News::Attached(id) => {
                let before = self.leaving.len();
                for slot in &mut self.slots {
                    if slot.attached(&id, &mut self.leaving) {
                        break;
                    }
                }
                for worker in &self.leaving[before..] {
                    // Else it might still get a job that is for the new code.
                    self.around.endpoint.worker_leaves(&worker.id);
                    worker.stop();
                }
            }
            News::Ended(id, ended) => self.ended(&id, &ended, &missing),
        }
    }

    fn ended(&mut self, id: &str, ended: &Ended, missing: &dyn Fn(Help) -> Option<String>) {
        let leaving = self.leaving.iter().position(|worker| worker.id == id);
        if let Some(index) = leaving {
            self.leaving.swap_remove(index);
            return;
        }
        for slot in &mut self.slots {
            if slot.ended(&self.around, id, ended, missing) {
                return;
            }
        }
    }

    /// When the next one that crashed is to be started again. Never, where there is none.
    pub(super) async fn restart_due(&self) {
        match self.slots.iter().filter_map(Slot::restarts_at).min() {
            Some(at) => tokio::time::sleep_until(at).await,
            None => std::future::pending().await,
        }
    }

    pub(super) fn restart(&mut self) {
        let now = Instant::now();
        for slot in &mut self.slots {
            slot.restart_if_due(&self.around, now);
        }
    }

    /// All of them finish what they run, and end.
    pub(super) fn stop(&mut self) {
        for worker in self.slots.iter_mut().flat_map(Slot::close) {
            worker.stop();
            self.leaving.push(worker);
        }
    }

    /// Those who are leaving end at once.
    pub(super) fn kill(&self) {
        for worker in &self.leaving {
            worker.kill();
        }
    }

    pub(super) fn is_gone(&self) -> bool {
        self.leaving.is_empty()
    }
}
