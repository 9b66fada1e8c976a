use runpod::prelude::*;

use runpod::{JobContext as Ctx, Emitter as Sender, Job as Incoming, State as Shared};

#[runpod::handler]
fn all(ctx: Ctx, shared: Shared<u8>, job: Incoming<Value>) -> Value {
    ctx.progress(*shared);
    job.input
}

#[runpod::handler(stream)]
fn emits(out: Sender<u8>, input: Value) {
    let _ = (out, input);
}

fn main() {}
