#![no_implicit_prelude]

use ::runpod::{Emitter, Job, JobContext, State};

#[::runpod::main(route = "name", concurrency = 2)]
async fn main() -> ::std::result::Result<::std::vec::Vec<u8>, ::std::io::Error> {
    ::std::result::Result::Ok(::std::vec::Vec::new())
}

#[::runpod::handler(name = "Ada")]
async fn greet(job: Job<::runpod::serde_json::Value>, ctx: JobContext, state: State<::std::vec::Vec<u8>>) -> ::std::string::String {
    ctx.progress(state.len());
    job.id
}

#[::runpod::handler]
fn double(input: u32) -> ::std::result::Result<u32, ::std::string::String> {
    ::std::result::Result::Ok(input * 2)
}

#[::runpod::handler(stream)]
async fn count(to: u8, out: Emitter<u8>) {
    for number in 0..to {
        let _ = out.send(number).await;
    }
}

#[::runpod::handler(stream)]
fn down(to: u8) -> impl ::std::iter::Iterator<Item = u8> {
    ::std::iter::Iterator::rev(0..to)
}
