//! The results of a run.

use super::events::{Time, in_secs};
use super::jobs::{Job, Parts};
use super::run::Fleet;

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Outcome {
    pub(super) jobs: usize,
    /// The mean of each part of the latency.
    pub(super) parts: Parts,
    /// The mean and percentiles of the latency, in seconds.
    pub(super) mean: f64,
    pub(super) p50: f64,
    pub(super) p99: f64,
    /// The sum of the lifetimes of all workers, in seconds.
    pub(super) gpu: f64,
    /// The same sum, counted during the run.
    pub(super) worker_time: f64,
    /// The time until the last job has ended, in seconds.
    pub(super) lasted: f64,
    pub(super) most_workers: usize,
    pub(super) started_workers: usize,
    pub(super) drained: u64,
    pub(super) died: u64,
    /// How often a handler was called.
    pub(super) runs: u64,
    /// Jobs whose result a worker gave up at least once.
    pub(super) dropped: usize,
    /// Jobs that were handed to a worker which never ran them.
    pub(super) stranded: u64,
    /// How often a job returned to the queue.
    pub(super) returned: u64,
    /// Jobs that have no result at the end.
    pub(super) failed: usize,
    /// The largest difference between a job's latency and the sum of its parts, in seconds.
    pub(super) unexplained: f64,
    pub(super) takes: u64,
    /// The time in which the accepted runs used their slots, divided by the number of slots of a worker, in seconds.
    pub(super) busy: f64,
}

impl Outcome {
    pub(super) fn of(fleet: &Fleet) -> Self {
        let ended = || fleet.jobs.iter().filter(|job| job.ended.is_some());
        let mut latencies: Vec<Time> = ended().filter_map(Job::latency).collect();
        latencies.sort_unstable();
        let at = |share: f64| {
            let last = latencies.len().saturating_sub(1);
            let index = (last as f64 * share).round() as usize;
            latencies.get(index).map_or(0.0, |it| in_secs(*it))
        };
        let unexplained = ended().map(|job| {
            let parts = job.parts().map_or(0.0, Parts::sum);
            (parts - job.latency().map_or(0.0, in_secs)).abs()
        });
        let lifetimes = fleet.workers.iter().map(|worker| {
            let until = worker.stopped.unwrap_or(fleet.now);
            in_secs(until - worker.created)
        });
        assert!(
            fleet.jobs.iter().all(|job| job.ends <= 1),
            "a job has ended twice"
        );
        Self {
            jobs: fleet.jobs.len(),
            parts: Parts::mean(fleet.jobs.iter().filter_map(Job::parts)),
            mean: latencies.iter().map(|it| in_secs(*it)).sum::<f64>()
                / latencies.len().max(1) as f64,
            p50: at(0.5),
            p99: at(0.99),
            gpu: lifetimes.sum(),
            worker_time: fleet.worker_time as f64 / 1e9,
            lasted: in_secs(fleet.now),
            most_workers: fleet.most_workers,
            started_workers: fleet.workers.len(),
            drained: fleet.drained,
            died: fleet.died,
            runs: fleet.jobs.iter().map(|job| u64::from(job.runs)).sum(),
            dropped: fleet.jobs.iter().filter(|job| job.dropped > 0).count(),
            stranded: fleet.stranded,
            returned: fleet.queue.returned(),
            failed: fleet.jobs.len() - latencies.len(),
            unexplained: unexplained.fold(0.0, f64::max),
            takes: fleet.takes,
            busy: ended().filter_map(Job::parts).map(|it| it.run).sum::<f64>()
                / fleet.setup.profile.slots as f64,
        }
    }

    /// Returns the means of the times of several runs, and the sums of everything else.
    pub(super) fn mean(all: &[Self]) -> Self {
        let count = all.len() as f64;
        let mean = |of: fn(&Self) -> f64| all.iter().map(of).sum::<f64>() / count;
        let largest = |of: fn(&Self) -> f64| all.iter().map(of).fold(0.0, f64::max);
        let count = |of: fn(&Self) -> usize| all.iter().map(of).sum();
        let sum = |of: fn(&Self) -> u64| all.iter().map(of).sum();
        Self {
            jobs: count(|it| it.jobs),
            parts: Parts::mean(all.iter().map(|it| it.parts)),
            mean: mean(|it| it.mean),
            p50: mean(|it| it.p50),
            p99: mean(|it| it.p99),
            gpu: all.iter().map(|it| it.gpu).sum(),
            worker_time: all.iter().map(|it| it.worker_time).sum(),
            lasted: mean(|it| it.lasted),
            most_workers: all.iter().map(|it| it.most_workers).max().unwrap_or(0),
            started_workers: count(|it| it.started_workers),
            drained: sum(|it| it.drained),
            died: sum(|it| it.died),
            runs: sum(|it| it.runs),
            dropped: count(|it| it.dropped),
            stranded: sum(|it| it.stranded),
            returned: sum(|it| it.returned),
            failed: count(|it| it.failed),
            unexplained: largest(|it| it.unexplained),
            takes: sum(|it| it.takes),
            busy: all.iter().map(|it| it.busy).sum(),
        }
    }

    /// Returns the seconds of GPU time per 1,000 jobs.
    pub(super) fn gpu_per_1000(&self) -> f64 {
        self.gpu * 1000.0 / self.jobs as f64
    }

    /// Returns the GPU time per 1,000 jobs if all slots were always in use.
    pub(super) fn busy_per_1000(&self) -> f64 {
        self.per_1000(self.busy)
    }

    /// Returns the number per 1,000 jobs.
    pub(super) fn per_1000(&self, number: f64) -> f64 {
        number * 1000.0 / self.jobs as f64
    }
}
