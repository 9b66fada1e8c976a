//! Extractors in attributed handlers, and a function around them.

use runpod::prelude::*;
use runpod::{FromJobCall, JobCall, JobFailure, JobResult, Next};

struct Greeting(&'static str);

struct Name(String);

impl FromJobCall for Name {
    type Error = JobFailure;

    async fn from_job_call(job: &JobCall) -> Result<Self, JobFailure> {
        #[derive(Deserialize)]
        struct Named {
            name: String,
        }

        let Named { name } = job.input()?;
        Ok(Self(name))
    }
}

async fn checked(call: JobCall, next: Next) -> JobResult {
    assert_eq!(call.handler(), "greet");
    let result = next.run(call).await;
    assert_eq!(result.as_ref().unwrap().json(), Some(r#""Hello, Ada!""#));
    result
}

#[runpod::main(around = checked, handler = greet)]
async fn main() -> Greeting {
    Greeting("Hello")
}

#[runpod::handler]
async fn greet(name: Name, _input: Value, greeting: State<Greeting>) -> String {
    format!("{}, {}!", greeting.0, name.0)
}

#[runpod::handler(stream)]
fn letters(Name(name): Name) -> impl Iterator<Item = char> {
    name.chars().collect::<Vec<_>>().into_iter()
}
