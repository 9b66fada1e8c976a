//! SIGKILL after a handler has returned and before the platform has accepted the result.

use std::fs;
use std::time::Duration;

use super::{Cell, Lab, Measure};
use crate::Outcome;
use crate::endpoint::{Answer, Endpoint, Jobs};
use crate::sample::float;
use crate::worker::Worker;

const KILLS: u64 = 100;
/// Jobs that each worker takes, and slots that it has.
const JOBS: u64 = 10;
/// A result has to survive if it is this old. Handlers tell of their return just before it, so that a moment is added.
const AGE: Duration = Duration::from_millis(11);
const LIMIT: Duration = Duration::from_mins(1);
/// What the last worker has for all that is left.
const DELIVERY: Duration = Duration::from_secs(20);
/// What the results of the worker that will be killed get, in turn.
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
    // The others keep nothing, as ours without its spool, which shows that a loss is seen.
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
        // Those of the workers before this one are accepted.
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
            .map_err(|error| format!("{error}; {} handlers have returned", returned()))?;
        std::thread::sleep(AGE);
        process.kill()?;
        // A take that is still held for it would get the next jobs.
        endpoint.wait("end of its connections", LIMIT, |it| {
            (it.connections() == 0).then_some(())
        })?;
    }
    endpoint.answer_results(made, Answer::Accepted);
    let process = lab.start_again(worker, false, slots, variables)?;
    // What is never delivered is lost.
    let _ = endpoint.wait("result of each job", DELIVERY, |it| {
        (it.without_result(made) == 0).then_some(())
    });
    process.kill()?;
    Ok(vec![float(made), float(endpoint.without_result(made))])
}
