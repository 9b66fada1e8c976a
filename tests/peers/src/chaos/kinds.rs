//! The kinds of handlers. They all do the same work, but the runtime drives them in different ways.

use std::thread;
use std::time::Duration;

use runpod::{Emitter, Job, JobContext, Stream, try_stream};

use crate::gate;
use crate::plan::{End, Made, Plan, produced, started, update};

pub(crate) async fn asynchronous(job: Job<Plan>, ctx: JobContext) -> Result<Made, String> {
    let (id, plan) = (job.id, job.input);
    started(&id);
    for number in 0..plan.progress {
        ctx.progress(update(&id, number));
        pause(&plan, plan.progress).await;
    }
    if plan.progress == 0 {
        pause(&plan, 1).await;
    }
    if plan.gate {
        gate::pass_async(&id).await;
    }
    if let End::Hang = plan.end {
        std::future::pending::<()>().await;
    }
    end(&plan, &id, &ctx)?;
    produced(&id);
    Ok(plan.result(&id))
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "a handler owns its arguments"
)]
pub(crate) fn plain(job: Job<Plan>, ctx: JobContext) -> Result<Made, String> {
    let (id, plan) = (job.id, job.input);
    started(&id);
    for number in 0..plan.progress {
        ctx.progress(update(&id, number));
        block(&plan, plan.progress);
    }
    if plan.progress == 0 {
        block(&plan, 1);
    }
    if plan.gate {
        gate::pass(&id);
    }
    end(&plan, &id, &ctx)?;
    produced(&id);
    Ok(plan.result(&id))
}

pub(crate) fn stream(job: Job<Plan>, ctx: JobContext) -> impl Stream<Item = Result<Made, String>> {
    let (id, plan) = (job.id, job.input);
    started(&id);
    try_stream! {
        for number in 0..plan.items {
            if number < plan.progress {
                ctx.progress(update(&id, number));
            }
            pause(&plan, plan.items).await;
            yield plan.item(&id, number);
        }
        if plan.gate {
            gate::pass_async(&id).await;
        }
        if let End::Hang = plan.end {
            std::future::pending::<()>().await;
        }
        end(&plan, &id, &ctx)?;
        produced(&id);
    }
}

pub(crate) fn iterator(
    job: Job<Plan>,
    ctx: JobContext,
) -> impl Iterator<Item = Result<Made, String>> {
    let (id, plan) = (job.id, job.input);
    started(&id);
    (0..=plan.items).filter_map(move |number| {
        if number == plan.items {
            if plan.gate {
                gate::pass(&id);
            }
            let ended = end(&plan, &id, &ctx);
            if ended.is_ok() {
                produced(&id);
            }
            return ended.err().map(Err);
        }
        if number < plan.progress {
            ctx.progress(update(&id, number));
        }
        block(&plan, plan.items);
        Some(Ok(plan.item(&id, number)))
    })
}

pub(crate) async fn emitter(
    job: Job<Plan>,
    ctx: JobContext,
    out: Emitter<Made>,
) -> Result<(), String> {
    let (id, plan) = (job.id, job.input);
    started(&id);
    for number in 0..plan.items {
        if number < plan.progress {
            ctx.progress(update(&id, number));
        }
        pause(&plan, plan.items).await;
        let sent = out.send(plan.item(&id, number)).await;
        sent.map_err(|cancelled| cancelled.to_string())?;
    }
    if plan.gate {
        gate::pass_async(&id).await;
    }
    if let End::Hang = plan.end {
        std::future::pending::<()>().await;
    }
    end(&plan, &id, &ctx)?;
    produced(&id);
    Ok(())
}

/// Sleeps for one of `parts` equal parts of the job's total time.
async fn pause(plan: &Plan, parts: u64) {
    if plan.ms > 0 {
        tokio::time::sleep(Duration::from_millis(plan.ms) / u32::try_from(parts).unwrap_or(1))
            .await;
    }
}

fn block(plan: &Plan, parts: u64) {
    if plan.ms > 0 {
        thread::sleep(Duration::from_millis(plan.ms) / u32::try_from(parts).unwrap_or(1));
    }
}

fn end(plan: &Plan, id: &str, ctx: &JobContext) -> Result<(), String> {
    match plan.end {
        End::Value | End::Hang => Ok(()),
        End::Error => Err(format!("{id} fails as requested")),
        End::Panic => panic!("{id} panics as requested"),
        End::Refresh => {
            ctx.refresh_worker();
            Ok(())
        }
        End::Block => loop {
            thread::park();
        },
    }
}
