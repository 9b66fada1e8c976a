struct Model;

impl Model {
    #[runpod::handler]
    async fn generate(&self, input: String) -> String {
        input
    }
}

fn main() {}
