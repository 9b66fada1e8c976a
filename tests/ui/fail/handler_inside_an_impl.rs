struct Model;

impl Model {
    #[runpod::handler]
    async fn generate(input: String) -> String {
        input
    }
}

fn main() {}
