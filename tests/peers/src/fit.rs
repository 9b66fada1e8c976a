//! Workers with fitness checks, and the order in which the checks ran.

use std::sync::{Mutex, PoisonError};

use runpod::{HandlerError, WorkerBuilder};

/// The fitness checks that have run.
static CHECKED: Mutex<Vec<&str>> = Mutex::new(Vec::new());

fn has_run(check: &'static str) {
    CHECKED
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(check);
}

fn first() {
    has_run("first");
}

async fn second() {
    has_run("second");
}

fn kaput() -> Result<(), HandlerError> {
    let checked = checked_so_far().join(", ");
    Err(HandlerError::new(
        "RuntimeError",
        format!("no GPU memory after {checked}"),
    ))
}

fn last() {
    has_run("last");
}

fn checked_so_far() -> Vec<&'static str> {
    CHECKED
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone()
}

async fn checked() -> Vec<&'static str> {
    checked_so_far()
}

pub(crate) fn fit(worker: WorkerBuilder) -> WorkerBuilder {
    worker
        .handler(checked)
        .fitness_check("first", first)
        .fitness_check("second", second)
        .fitness_check("last", last)
}

pub(crate) fn unfit(worker: WorkerBuilder) -> WorkerBuilder {
    worker
        .handler(checked)
        .fitness_check("first", first)
        .fitness_check("second", second)
        .fitness_check("kaput", kaput)
        .fitness_check("last", last)
}
