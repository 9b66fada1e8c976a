use runpod::prelude::*;
use runpod::{JobCall, JobOutput, JobResult, Next};

async fn without_next(call: JobCall) -> JobResult {
    JobOutput::new(call.id())
}

#[runpod::main(around = without_next)]
async fn greet(name: String) -> String {
    name
}

mod with_another_result {
    use super::*;

    async fn timed(call: JobCall, next: Next) -> Value {
        let _ = next.run(call).await;
        json!(null)
    }

    #[runpod::main(around = timed)]
    async fn greet(name: String) -> String {
        name
    }
}
