use runpod::prelude::*;

type Incoming = Job<Value>;
type Running = JobContext;
type Shared = State<String>;
type Out = Emitter<Value>;

#[runpod::handler]
async fn all(job: Incoming, running: Running, shared: Shared) -> String {
    running.progress(job.input);
    shared.to_string()
}

#[runpod::handler(stream)]
async fn emits(job: Incoming, out: Out) {
    let _ = out.send(job.input).await;
}

#[runpod::handler(stream)]
async fn emits_without_an_input(running: Running, out: Out) -> Result<(), String> {
    out.send(running.job_id().into()).await.map_err(|error| error.to_string())
}

fn main() {}
