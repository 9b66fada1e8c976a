#[runpod::main(concurrency = 4; refresh_worker = true; route = "task")]
async fn greet(name: String) -> String {
    name
}

#[runpod::handler(stream; name = "x")]
fn count(to: u32) -> impl Iterator<Item = u32> {
    0..to
}
