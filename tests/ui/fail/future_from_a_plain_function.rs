#[runpod::handler]
fn greet(name: String) -> impl Future<Output = String> {
    async move { name }
}

fn main() {}
