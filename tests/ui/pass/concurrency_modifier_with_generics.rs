use runpod::prelude::*;

mod limits {
    pub fn grow<const BY: usize, const TO: usize>(now: usize) -> usize {
        (now + BY).min(TO)
    }
}

#[runpod::main(concurrency_modifier = limits::grow::<1, 4>,)]
async fn echo(input: Value) -> Value {
    input
}
