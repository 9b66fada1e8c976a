use runpod::prelude::*;
use runpod::{FromJobCall, JobCall};

#[derive(Deserialize)]
struct User {
    name: String,
}

impl FromJobCall for User {
    type Error = String;

    async fn from_job_call(job: &JobCall) -> Result<Self, String> {
        Ok(Self { name: job.id().to_owned() })
    }
}

#[runpod::handler]
async fn greet(user: User) -> String {
    user.name
}

fn main() {}
