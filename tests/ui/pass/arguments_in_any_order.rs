use runpod::prelude::*;

struct Model;

#[runpod::handler]
async fn one(model: State<Model>, input: String, ctx: JobContext) -> String {
    let Model = *model;
    ctx.progress(&input);
    input
}

#[runpod::handler]
fn other(ctx: JobContext, again: JobContext, job: Job<String>, model: State<Model>, same: State<Model>) -> String {
    let (Model, Model) = (&*model, &*same);
    ctx.progress(again.job_id());
    job.input
}

fn main() {}
