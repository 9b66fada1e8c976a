//! In the output of a `macro_rules` macro, two arguments can have names with the same letters.
use runpod::prelude::*;

macro_rules! handler {
    ($name:ident($input:ident: $type:ty) $body:expr) => {
        #[runpod::handler]
        async fn $name($input: $type, input: JobContext) -> $type {
            input.progress("working");
            $body
        }
    };
}

handler!(double(input: Value) input);

mod library {
    pub use runpod::Job;

    #[macro_export]
    macro_rules! identity {
        ($name:ident) => {
            #[runpod::handler(crate = ::runpod)]
            fn $name(job: $crate::library::Job<u32>) -> u32 {
                job.input
            }
        };
    }
}

identity!(same);

#[runpod::main(handler = double)]
async fn main() {
    // An item in a function body that has the name of an item outside.
    identity!(same);
    let _ = same;
}
