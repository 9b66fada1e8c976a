mod vendored {
    pub mod worker {
        pub use runpod::*;
    }
}

use vendored::worker::prelude::*;

#[vendored::worker::main(crate = crate::vendored::worker)]
async fn echo(input: Value, ctx: JobContext) -> Value {
    ctx.progress("echo");
    input
}
