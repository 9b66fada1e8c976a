//! A worker without attributes: you add the handlers to a builder, and `main` stays an ordinary `main`.
//!
//! ```sh
//! cargo run --example builder -- --test_input '{"input": {"task": "greet", "name": "Ada"}}'
//! ```

use runpod::Worker;
use runpod::prelude::*;

#[derive(Deserialize)]
struct Person {
    name: String,
}

struct Phrase(&'static str);

async fn greet(person: Person, phrase: State<Phrase>) -> String {
    format!("{}, {}!", phrase.0, person.name)
}

fn exclaim(person: Person) -> String {
    person.name + "!"
}

fn spell(person: Person) -> impl Stream<Item = String> {
    stream! {
        for letter in person.name.chars() {
            yield format!("{letter} for {}", person.name);
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), runpod::Error> {
    Worker::builder()
        .handler(greet)
        .named("greet")
        .blocking(exclaim)
        .named("exclaim")
        .stream(spell)
        .named("spell")
        .route("task")
        .state(Phrase("Good day"))
        .concurrency(4)
        .run()
        .await
}
