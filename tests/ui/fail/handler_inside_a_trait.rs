trait Generate {
    #[runpod::handler]
    async fn generate(input: String) -> String;
}

fn main() {}
