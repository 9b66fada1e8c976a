use runpod::prelude::*;

mod jobs {
    pub mod text {
        use crate::Value;

        #[runpod::handler]
        pub(in crate::jobs) async fn echo(input: Value) -> Value {
            input
        }

        #[runpod::handler]
        pub(super) fn again(input: Value) -> Value {
            input
        }
    }
}

fn main() {}
