//! A worker in an older edition than ours, which has a different prelude and different rules for `impl Trait`. The
//! worker has one handler of each kind.

use runpod::prelude::*;

struct Phrase(&'static str);

#[runpod::main(route = "task")]
async fn main() -> Result<Phrase, String> {
    Ok(Phrase("Good day"))
}

#[derive(Deserialize)]
struct Person {
    name: String,
}

#[runpod::handler]
async fn greet(person: Person, phrase: State<Phrase>) -> String {
    format!("{}, {}!", phrase.0, person.name)
}

#[runpod::handler]
fn shout(Job { input, .. }: Job<Person>) -> Result<String, String> {
    Ok(input.name.to_uppercase() + "!")
}

#[runpod::handler(stream)]
fn spell(person: Person, phrase: State<Phrase>) -> impl Stream<Item = String> {
    stream! {
        for letter in person.name.chars() {
            yield format!("{}, {letter}", phrase.0);
        }
    }
}

/// Uses `gen` as a name. It is a keyword in the edition of the generated code.
#[runpod::handler]
async fn count(gen: u32) -> u32 {
    gen + 1
}
