//! Kills workers (SIGKILL) after their handlers have returned and before the platform has accepted the results.

use std::fs;
use std::time::Duration;

use super::{Cell, Lab, Measure};
use crate::Outcome;
use crate::endpoint::{Answer, Endpoint, Jobs};
use crate::worker::Worker;
use worker_bench::sample::float;

const KILLS: u64 = 100;
/// The number of jobs that each worker takes, which is also its number of slots.
const JOBS: u64 = 10;
/// The age at which a result must survive a kill: 10 ms, plus 1 ms because a handler reports its return just before it
/// returns.
const AGE: Duration = Duration::from_millis(11);
const LIMIT: Duration = Duration::from_mins(1);
/// How long the last worker may take to deliver all remaining results.
const DELIVERY: Duration = Duration::from_secs(20);
/// The answers to the results of a worker that will be killed, one kind per worker, in turn.
const ANSWERS: [Answer; 3] = [Answer::Nothing, Answer::Refused, Answer::Closed];

pub(super) const KILLS_CELL: Cell = Cell {
    name: "kills",
    measures: &[
        Measure {
            what: "results that were at least 10 ms old at one of 100 SIGKILLs",
            unit: "",
        },
        Measure {
            what: "lost results among those of the row above",
            unit: "",
        },
    ],
    yardstick: None,
    // The other workers keep no results on disk. Our worker without its spool represents them, and shows that the
    // cell detects a loss.
    workers: &[Worker::Ours, Worker::OursWithoutSpool],
    most_rounds: 1,
    run: kills,
};

fn kills(lab: &Lab, worker: Worker) -> Outcome<Vec<f64>> {
    let endpoint = Endpoint::open(Jobs::of(0, |_| "{}".into()))?;
    let slots = usize::try_from(JOBS)?;
    let mut made = 0;
    let returns = lab.folder.join("returns");
    let mut variables = endpoint.environment("bench-worker");
    variables.push(("BENCH_RETURNS", returns.display().to_string()));
    for kill in 0..KILLS {
        // The results of earlier workers are accepted.
        let answer = ANSWERS[usize::try_from(kill)? % ANSWERS.len()];
        endpoint.answer_results(made, answer);
        let start = if kill == 0 {
            Lab::start_with
        } else {
            Lab::start_again
        };
        let process = start(lab, worker, false, slots, variables.clone())?;
        endpoint.add(JOBS);
        made += JOBS;
        let returned = || fs::metadata(&returns).map_or(0, |file| file.len());
        endpoint
            .wait("return of all handlers", LIMIT, |_| {
                (returned() == made).then_some(())
            })
            .map_err(|error| format!("{error}; {} handlers returned", returned()))?;
        std::thread::sleep(AGE);
        process.kill()?;
        // Without this wait, an open job-take request of the killed worker would receive the next jobs.
        endpoint.wait("end of its connections", LIMIT, |it| {
            (it.connections() == 0).then_some(())
        })?;
    }
    endpoint.answer_results(made, Answer::Accepted);
    let process = lab.start_again(worker, false, slots, variables)?;
    // A result that is not delivered in time counts as lost.
    let _ = endpoint.wait("result of each job", DELIVERY, |it| {
        (it.without_result(made) == 0).then_some(())
    });
    process.kill()?;
    Ok(vec![float(made), float(endpoint.without_result(made))])
}
