//! All workers: those that serve, those that are about to take over, and those that finish their last jobs.

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
    pub(super) fn new(around: Surroundings, workers: u16, stop_first: bool) -> Self {
        Self {
            around,
            slots: (1..=workers)
                .map(|number| Slot::new(number, stop_first))
                .collect(),
            leaving: Vec::new(),
        }
    }

    /// Starts workers of this program. Each takes over as soon as it asks for jobs, or is ready
    /// for requests.
    pub(super) fn renew(&mut self, program: &Arc<Program>) {
        for slot in &mut self.slots {
            for worker in slot.renew(&self.around, program) {
                worker.stop();
                self.leaving.push(worker);
            }
        }
    }

    /// Handles news about a worker. `missing` returns what the program lacks if its answer to `--help` shows it is no
    /// worker.
    pub(super) fn hear(&mut self, news: News, missing: impl Fn(Help) -> Option<String>) {
        match news {
            News::Attached(id) => {
                for slot in &mut self.slots {
                    if slot.attached(&self.around, &id, &mut self.leaving) {
                        break;
                    }
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

    /// Waits until the next crashed worker is due for a restart. Never resolves if there is none.
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

    /// Tells all workers to finish their running jobs and exit.
    pub(super) fn stop(&mut self) {
        for worker in self.slots.iter_mut().flat_map(Slot::close) {
            worker.stop();
            self.leaving.push(worker);
        }
    }

    /// Kills the workers that are leaving.
    pub(super) fn kill(&self) {
        for worker in &self.leaving {
            worker.kill();
        }
    }

    pub(super) fn is_gone(&self) -> bool {
        self.leaving.is_empty()
    }
}
