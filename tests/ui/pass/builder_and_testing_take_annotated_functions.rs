use runpod::prelude::*;

#[runpod::handler]
async fn greet(name: String, ctx: JobContext) -> String {
    ctx.progress("greeting");
    format!("Hello, {name}!")
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let job = runpod::testing::Job::new(json!("Ada"));
    let report = runtime.block_on(job.run(greet));
    assert_eq!(report.output, Some(json!("Hello, Ada!")));
    let _ = runpod::Worker::builder().handler(greet);
}
