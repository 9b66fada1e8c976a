use std::rc::Rc;
use runpod::prelude::*;

#[runpod::handler(stream)]
async fn letters(word: String, out: Emitter<char>) -> Result<(), runpod::Cancelled> {
    let word = Rc::new(word);
    for letter in word.chars() {
        out.send(letter).await?;
    }
    Ok(())
}

fn main() {}
