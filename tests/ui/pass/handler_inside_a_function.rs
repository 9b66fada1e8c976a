use runpod::prelude::*;

fn main() {
    #[derive(Deserialize)]
    struct Local {
        name: String,
    }

    #[runpod::handler]
    async fn greet(input: Local) -> String {
        input.name
    }

    assert!(std::any::type_name_of_val(&greet).ends_with("greet"));
}
