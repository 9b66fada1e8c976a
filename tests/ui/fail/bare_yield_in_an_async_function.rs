use runpod::prelude::*;

#[runpod::main(stream)]
async fn letters(text: String) -> impl Stream<Item = char> {
    for letter in text.chars() {
        yield letter;
    }
}
