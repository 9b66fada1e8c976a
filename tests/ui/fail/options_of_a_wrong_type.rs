#[runpod::main(
    refresh_worker = "yes",
    return_aggregate_stream = 1,
    concurrency = "four",
    concurrency_modifier = 2,
    handler = "greet",
    max_consecutive_failures = "3",
    worker_threads = 2.5,
    stream = true,
    name = 5
)]
async fn greet(name: String) -> String {
    name
}
