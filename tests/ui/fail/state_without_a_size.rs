use runpod::prelude::*;

trait Model: Send + Sync {
    fn predict(&self, input: f64) -> f64;
}

#[runpod::handler]
async fn predict(input: f64, model: State<dyn Model>) -> f64 {
    model.predict(input)
}

#[runpod::handler]
async fn greet(name: String, phrase: State<str>) -> String {
    format!("{}, {name}", &*phrase)
}

fn main() {}
