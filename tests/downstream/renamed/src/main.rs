//! A worker whose manifest renames our crate. The attributes get the name from `crate = worker` or find it in the
//! manifest. The worker has one handler of each kind.

use std::convert::Infallible;

use worker::prelude::*;

struct Phrase(&'static str);

#[worker::main(route = "task", concurrency = 2)]
async fn main() -> Result<Phrase, Infallible> {
    Ok(Phrase("Good day"))
}

#[derive(Deserialize)]
struct Person {
    name: String,
}

#[worker::handler(crate = worker)]
async fn greet(person: Person, ctx: JobContext, phrase: State<Phrase>) -> String {
    ctx.progress(json!({ "greeting": person.name }));
    format!("{}, {}!", phrase.0, person.name)
}

#[worker::handler]
fn shout(job: Job<Person>) -> Result<String, String> {
    if job.input.name.is_empty() {
        return Err(format!("job {} has an empty name", job.id));
    }
    Ok(job.input.name.to_uppercase() + "!")
}

#[worker::handler(stream)]
fn spell(person: Person) -> impl Stream<Item = String> {
    stream! {
        for letter in person.name.chars() {
            yield format!("{letter} for {}", person.name);
        }
    }
}
