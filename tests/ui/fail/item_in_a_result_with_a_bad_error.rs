use runpod::prelude::*;

struct Refused;

#[runpod::handler(stream)]
fn words(text: String) -> impl Stream<Item = Result<String, Refused>> {
    try_stream! {
        if text.is_empty() {
            Err(Refused)?;
        }
        yield text;
    }
}

fn main() {}
