use runpod::prelude::*;

struct Broken;

#[runpod::handler(stream)]
async fn letters(word: String, out: Emitter<char>) -> Result<(), Broken> {
    for letter in word.chars() {
        out.send(letter).await.map_err(|_| Broken)?;
    }
    Ok(())
}

#[runpod::handler(stream)]
async fn more(word: String) -> Result<impl Stream<Item = char>, Broken> {
    if word.is_empty() {
        return Err(Broken);
    }
    Ok(stream! {
        for letter in word.chars() {
            yield letter;
        }
    })
}

#[runpod::handler(stream)]
fn lines(word: String) -> Result<impl Iterator<Item = String>, Broken> {
    if word.is_empty() {
        return Err(Broken);
    }
    Ok(vec![word].into_iter())
}

fn main() {}
