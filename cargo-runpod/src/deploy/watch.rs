//! Judges the workers of a new version: whether one is ready, and whether none will ever be.

use std::collections::{BTreeMap, BTreeSet};

use crate::invoke::safe_text;
use crate::rest::logs::Line;
use crate::rest::worker::{Worker, Workers};

/// How often a worker may start before this is a crash loop.
const MOST_STARTS: usize = 3;
/// How many looks in a row a worker may be unhealthy.
const MOST_UNHEALTHY: u32 = 5;
/// How many failed pulls are enough. The platform tries again, and the first one may be an accident.
const MOST_PULL_FAILURES: usize = 2;

#[derive(Debug, Default)]
pub(super) struct Watch {
    workers: BTreeMap<String, Seen>,
    pull_failures: Vec<String>,
}

#[derive(Debug, Default)]
struct Seen {
    starts: BTreeSet<String>,
    unhealthy: u32,
    is_gone: bool,
    was_ready: bool,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// This worker runs the new version and takes jobs.
    Up(String),
    /// No worker exists, and none of the new version has failed.
    Empty,
    Waiting(String),
    /// No worker comes up. The worker is the one whose log may tell why.
    Failing {
        reason: String,
        worker: Option<String>,
    },
}

impl Watch {
    /// Judges an answer about the workers. Workers of older versions do not count.
    pub(super) fn look(&mut self, answer: &Workers, version: Option<u64>) -> Verdict {
        let new: Vec<&Worker> = answer
            .workers
            .iter()
            .filter(|worker| is_new(worker, version))
            .collect();
        for (id, seen) in &mut self.workers {
            seen.is_gone = !new.iter().any(|worker| worker.id == *id);
        }
        for worker in &new {
            let seen = self.workers.entry(worker.id.clone()).or_default();
            seen.starts.extend(worker.started_at.clone());
            seen.unhealthy = if worker.status == "UNHEALTHY" {
                seen.unhealthy + 1
            } else {
                0
            };
            seen.was_ready |= worker.is_ready();
        }
        if let Some(failing) = self.failing() {
            return failing;
        }
        if let Some(ready) = new.iter().find(|worker| worker.is_ready()) {
            return Verdict::Up(ready.id.clone());
        }
        match &new[..] {
            [] if answer.workers.is_empty() && self.workers.is_empty() => Verdict::Empty,
            [] => Verdict::Waiting(format!(
                "no worker of the new version yet; {} of older versions",
                answer.workers.len()
            )),
            workers => Verdict::Waiting(
                workers
                    .iter()
                    .map(|worker| state(worker))
                    .collect::<Vec<_>>()
                    .join(", "),
            ),
        }
    }

    /// Looks for a failed pull of the image in a line of the system's log.
    pub(super) fn hear(&mut self, line: &Line) {
        if line.source == "system" && is_pull_failure(&line.line) {
            self.pull_failures.push(line.line.clone());
        }
    }

    fn failing(&self) -> Option<Verdict> {
        if self.pull_failures.len() >= MOST_PULL_FAILURES {
            let last = self
                .pull_failures
                .last()
                .map(|line| safe_text::line(line, 300))
                .unwrap_or_default();
            return Some(Verdict::Failing {
                reason: format!("the image cannot be pulled: {last}"),
                worker: None,
            });
        }
        for (id, seen) in self.workers.iter().filter(|(_, seen)| !seen.was_ready) {
            let shown = safe_text::line(id, 60);
            let reason = if seen.starts.len() > MOST_STARTS {
                format!(
                    "worker {shown} has started {} times and was never ready: it crashes",
                    seen.starts.len()
                )
            } else if seen.unhealthy >= MOST_UNHEALTHY {
                format!("worker {shown} stays UNHEALTHY")
            } else {
                continue;
            };
            return Some(Verdict::Failing {
                reason,
                worker: Some(id.clone()),
            });
        }
        let mut lost = self
            .workers
            .iter()
            .filter(|(_, seen)| seen.is_gone && !seen.was_ready);
        let count = lost.clone().count();
        if count >= MOST_STARTS {
            return Some(Verdict::Failing {
                reason: format!(
                    "{count} workers of the new version have stopped before they were ready: they crash"
                ),
                worker: lost.next_back().map(|(id, _)| id.clone()),
            });
        }
        None
    }
}

/// Tells whether a worker runs the new version. Without version numbers, the API's own judgement counts.
pub(super) fn is_new(worker: &Worker, version: Option<u64>) -> bool {
    match (worker.version, version) {
        (Some(of_worker), Some(version)) => of_worker == version,
        _ => !worker.is_stale,
    }
}

fn state(worker: &Worker) -> String {
    let id = safe_text::line(&worker.id, 60);
    match worker.status.as_str() {
        "INITIALIZING" => format!("worker {id} is starting"),
        "THROTTLED" => format!("worker {id} waits for a free machine"),
        "UNHEALTHY" => format!("worker {id} is unhealthy"),
        other => format!("worker {id} is {}", safe_text::line(other, 60)),
    }
}

/// Recognizes the texts of container engines. The platform's own wording is not documented.
fn is_pull_failure(line: &str) -> bool {
    let line = line.to_lowercase();
    let is_about_an_image = ["pull", "image", "manifest", "registry"]
        .iter()
        .any(|word| line.contains(word));
    let has_failed = [
        "manifest unknown",
        "denied",
        "unauthorized",
        "not found",
        "no such",
        "failed to pull",
        "error pulling",
        "no matching manifest",
        "cannot pull",
    ];
    is_about_an_image && has_failed.iter().any(|text| line.contains(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn workers(list: &[(&str, &str, u64, Option<&str>)]) -> Workers {
        let list: Vec<Value> = list
            .iter()
            .map(|(id, status, version, started)| {
                json!({ "id": id, "status": status, "isStale": *version != 2, "version": version, "gpuCount": 0, "startedAt": started })
            })
            .collect();
        serde_json::from_value(json!({ "workers": list, "endpointVersion": 2 })).unwrap()
    }

    fn line(source: &str, text: &str) -> Line {
        Line {
            worker: "w".to_owned(),
            ts: String::new(),
            source: source.to_owned(),
            line: text.to_owned(),
        }
    }

    #[test]
    fn a_ready_worker_of_an_older_version_is_not_the_new_one() {
        let mut watch = Watch::default();
        let old = workers(&[("a", "IDLE", 1, None)]);
        assert!(matches!(watch.look(&old, Some(2)), Verdict::Waiting(_)));
        let both = workers(&[("a", "IDLE", 1, None), ("b", "RUNNING", 2, None)]);
        assert_eq!(watch.look(&both, Some(2)), Verdict::Up("b".to_owned()));
        assert_eq!(
            Watch::default().look(&workers(&[]), Some(2)),
            Verdict::Empty
        );
    }

    #[test]
    fn a_worker_that_starts_again_and_again_is_a_crash_loop() {
        let mut watch = Watch::default();
        for start in ["1", "2", "3"] {
            let answer = workers(&[("a", "INITIALIZING", 2, Some(start))]);
            assert!(matches!(watch.look(&answer, Some(2)), Verdict::Waiting(_)));
        }
        let verdict = watch.look(&workers(&[("a", "INITIALIZING", 2, Some("4"))]), Some(2));
        assert!(
            matches!(&verdict, Verdict::Failing { reason, .. } if reason.contains("started 4 times")),
            "{verdict:?}"
        );
    }

    #[test]
    fn workers_that_vanish_before_they_are_ready_are_a_crash_loop() {
        let mut watch = Watch::default();
        for id in ["a", "b", "c"] {
            let verdict = watch.look(&workers(&[(id, "INITIALIZING", 2, None)]), Some(2));
            assert!(matches!(verdict, Verdict::Waiting(_)), "{verdict:?}");
        }
        let verdict = watch.look(&workers(&[]), Some(2));
        assert!(
            matches!(&verdict, Verdict::Failing { reason, .. } if reason.contains("3 workers")),
            "{verdict:?}"
        );
    }

    #[test]
    fn a_worker_that_is_unhealthy_for_a_moment_may_recover() {
        let mut watch = Watch::default();
        let sick = workers(&[("a", "UNHEALTHY", 2, None)]);
        for _ in 0..4 {
            assert!(matches!(watch.look(&sick, Some(2)), Verdict::Waiting(_)));
        }
        watch.look(&workers(&[("a", "INITIALIZING", 2, None)]), Some(2));
        for _ in 0..4 {
            assert!(matches!(watch.look(&sick, Some(2)), Verdict::Waiting(_)));
        }
        assert!(matches!(
            watch.look(&sick, Some(2)),
            Verdict::Failing { .. }
        ));
    }

    #[test]
    fn failed_pulls_are_heard_in_the_system_log_only() {
        let mut watch = Watch::default();
        let text = "error pulling image: manifest unknown";
        watch.hear(&line("container", text));
        watch.hear(&line("container", text));
        watch.hear(&line("system", "pulling image a:1"));
        watch.hear(&line("system", text));
        assert_eq!(watch.look(&workers(&[]), Some(2)), Verdict::Empty);
        watch.hear(&line("system", text));
        let verdict = watch.look(&workers(&[]), Some(2));
        assert!(
            matches!(&verdict, Verdict::Failing { reason, .. } if reason.contains("manifest unknown")),
            "{verdict:?}"
        );
    }
}
