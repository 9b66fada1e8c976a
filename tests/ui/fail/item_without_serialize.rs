use runpod::prelude::*;

struct Token(String);

#[runpod::handler(stream)]
fn words(text: String) -> impl Stream<Item = Token> {
    stream! {
        for word in text.split(' ') {
            yield Token(word.to_owned());
        }
    }
}

fn main() {}
