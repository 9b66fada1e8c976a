fn scale(now: u32) -> u32 {
    now + 1
}

#[runpod::main(concurrency_modifier = scale)]
async fn greet(name: String) -> String {
    name
}
