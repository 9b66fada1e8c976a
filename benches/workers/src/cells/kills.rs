//! SIGKILL after a handler has returned and before the platform has accepted the result.

use std::time::Duration;

use super::{Cell, Lab, Measure};
use crate::Outcome;
use crate::endpoint::{Answer, Endpoint, Jobs};
use crate::sample::float;
use crate::worker::Worker;

const KILLS: u64 = 100;
/// Jobs that each worker takes, and slots that it has.
const JOBS: u64 = 10;
/// A result has to survive if it is this old. The age counts from the arrival of its post, which comes after the handler's
/// return.
const AGE: Duration = Duration::from_millis(10);
const LIMIT: Duration = Duration::from_secs(60);
/// What the results of the worker that will be killed get, in turn.
const ANSWERS: [Answer; 3] = [Answer::Nothing, Answer::Refused, Answer::Closed];

pub(super) const KILLS_CELL: Cell = Cell {
    name: "kills",
    measures: &[
        Measure {
            what: "results at least 10 ms old at one of 100 SIGKILLs",
            unit: "",
        },
        Measure {
            what: "of these, lost",
            unit: "",
        },
    ],
    yardstick: Worker::Ours,
    // The others keep nothing.
    workers: &[Worker::Ours],
    most_rounds: 1,
    run: kills,
};

fn kills(lab: &Lab, worker: Worker) -> Outcome<Vec<f64>> {
    let endpoint = Endpoint::open(Jobs::of(0, |_| "{}".into()))?;
    let slots = usize::try_from(JOBS)?;
    let mut made = 0;
    for kill in 0..KILLS {
        // Those of the workers before this one are accepted.
        let answer = ANSWERS[usize::try_from(kill)? % ANSWERS.len()];
        endpoint.answer_results(made, answer);
        let start = if kill == 0 {
            Lab::start
        } else {
            Lab::start_again
        };
        let process = start(lab, worker, false, slots, &endpoint)?;
        endpoint.add(JOBS);
        made += JOBS;
        endpoint.wait("results of all jobs", LIMIT, |it| {
            (it.counts().not_accepted == made).then_some(())
        })?;
        std::thread::sleep(AGE);
        process.kill()?;
    }
    endpoint.answer_results(made, Answer::Accepted);
    let process = lab.start_again(worker, false, slots, &endpoint)?;
    // What is never delivered is lost.
    let _ = endpoint.wait("result of each job", LIMIT, |it| {
        (it.without_result(made) == 0).then_some(())
    });
    process.kill()?;
    Ok(vec![float(made), float(endpoint.without_result(made))])
}
