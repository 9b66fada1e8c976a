#[runpod::main(concurency = 4, refresh_workers = true, rout = "task", handlr = greet, worker_thread = 2)]
async fn greet(name: String) -> String {
    name
}
