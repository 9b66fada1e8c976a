//! The methods of the user's traits also apply to the types in generated code.
use runpod::prelude::*;
use runpod::serde::Serializer;

trait Everything: Sized {
    fn flat(self) {}
    fn output(self) {}
    fn asked(&self) {}
    fn state(self) {}
    fn no_exit_code(&self) {}
    fn emitter(&self) {}
    fn value(&self) {}
    fn argument(&self) {}
    fn schema(&self) {}
    fn valid(&self) {}
    fn item(&self) {}
    fn items(&self) {}
    fn awaited(&self) {}
    fn handler(&self) {}
    fn concurrency(&self) {}
    fn run(&self) {}
    fn check(&self) {}
    fn into_json(&self) {}
    fn from_job(&self) {}
}

impl<T> Everything for T {}

struct Written(u8);

impl Serialize for Written {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

#[runpod::main(concurrency = 2, route = "name")]
async fn main() -> u8 {
    0
}

#[runpod::handler(name = "Ada")]
async fn greet(name: Value, state: State<u8>) -> Value {
    json!({ "name": name, "state": *state })
}

#[runpod::handler]
async fn written(input: u8) -> Written {
    Written(input)
}

#[runpod::handler]
fn fallible(input: u8) -> Result<Written, String> {
    Ok(Written(input))
}

#[runpod::handler(stream)]
fn count(to: u8) -> impl Iterator<Item = Written> {
    (0..to).map(Written)
}

#[runpod::handler(stream)]
async fn send(to: u8, out: Emitter<Written>) -> Result<(), runpod::Cancelled> {
    out.send(Written(to)).await
}
