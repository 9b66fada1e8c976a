//! Measures how many jobs per second can be submitted, taken and completed.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::task::LocalSet;

use crate::Outcome;
use crate::connection::{Connection, get, id, post};
use crate::served::Served;

pub(crate) const CONNECTIONS: usize = 50;
const WARM_UP: Duration = Duration::from_secs(1);
const MEASURED: Duration = Duration::from_secs(4);

#[derive(Debug, Clone, Copy)]
pub(crate) struct Speed {
    pub(crate) a_second: f64,
    /// The server's CPU time per job, in µs. Other programs on the machine hardly affect it.
    pub(crate) cpu_us: f64,
}

pub(crate) async fn speed(served: &Served) -> Outcome<Speed> {
    let done = Rc::new(Cell::new(0_u32));
    let all = Rc::new(Cell::new(0_u32));
    let start = Instant::now() + WARM_UP;
    let end = start + MEASURED;
    let tasks = LocalSet::new();
    let mut connections = Vec::new();
    for number in 0..CONNECTIONS {
        let connection = Connection::open(served.address).await?;
        let (done, all) = (Rc::clone(&done), Rc::clone(&all));
        connections.push(tasks.spawn_local(async move {
            go_round(connection, number, start, end, &done, &all)
                .await
                .map_err(|error| error.to_string())
        }));
    }
    tasks.await;
    for connection in connections {
        connection.await??;
    }
    Ok(Speed {
        a_second: f64::from(done.get()) / MEASURED.as_secs_f64(),
        cpu_us: served.cpu()? * 1e6 / f64::from(all.get()),
    })
}

async fn go_round(
    mut connection: Connection,
    number: usize,
    start: Instant,
    end: Instant,
    done: &Cell<u32>,
    all: &Cell<u32>,
) -> Outcome<()> {
    let run = post(
        "/run",
        r#"{"input": {"prompt": "a lighthouse in the fog", "steps": 20}}"#,
    );
    let take = get(&format!(
        "/job-take/worker-{number}?gpu=local&job_in_progress=0"
    ));
    let result = r#"{"output": {"image": "https://example.com/1.png", "seconds": 1.5}}"#;
    let done_head = format!("/job-done/worker-{number}/");
    loop {
        let answer = connection.ask(&run).await?;
        expect(answer.status)?;
        let answer = connection.ask(&take).await?;
        expect(answer.status)?;
        // The empty server hands out no jobs.
        let job = id(answer.body).unwrap_or("00000000-0000-4000-8000-000000000000-l1");
        let post_done = post(
            &format!("{done_head}{job}?gpu=local&isStream=false"),
            result,
        );
        expect(connection.ask(&post_done).await?.status)?;
        all.set(all.get() + 1);
        let now = Instant::now();
        if now >= end {
            return Ok(());
        }
        if now >= start {
            done.set(done.get() + 1);
        }
    }
}

fn expect(status: u16) -> Outcome<()> {
    match status {
        200 => Ok(()),
        other => Err(format!("answered {other}").into()),
    }
}
