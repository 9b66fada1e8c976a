use runpod::prelude::*;

#[runpod::main(handler = handlers::second)]
fn main() {}

mod handlers {
    use super::Value;

    #[runpod::handler]
    pub fn first(input: Value) -> Value {
        input
    }

    #[runpod::handler]
    pub fn second(input: Value) -> Value {
        input
    }
}
