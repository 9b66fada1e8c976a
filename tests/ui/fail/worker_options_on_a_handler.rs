#[runpod::handler(concurrency = 4, refresh_worker)]
async fn greet(name: String) -> String {
    name
}

fn main() {}
