#[runpod::main(
    concurrency = "auto",
    concurrency_modifier = scale,
    min_concurrency = 8,
    max_concurrency = 2
)]
async fn greet(name: String) -> String {
    name
}

fn scale(current: usize) -> usize {
    current + 1
}
