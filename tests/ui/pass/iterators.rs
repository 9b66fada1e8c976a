use std::rc::Rc;

#[runpod::handler(stream)]
fn count(to: u32) -> impl Iterator<Item = u32> {
    0..to
}

#[runpod::handler(stream)]
fn fallible(text: String) -> impl Iterator<Item = Result<u32, std::num::ParseIntError>> {
    let words: Vec<_> = text.split(' ').map(str::parse).collect();
    words.into_iter()
}

#[runpod::handler(stream)]
fn boxed(to: u32) -> Box<dyn Iterator<Item = u32>> {
    Box::new(0..to)
}

#[runpod::handler(stream)]
fn in_a_result(to: u32) -> Result<std::ops::Range<u32>, String> {
    Ok(0..to)
}

#[runpod::handler(stream)]
fn stays_on_its_thread(to: u32) -> impl Iterator<Item = u32> {
    let to = Rc::new(to);
    (0..*to).map(move |number| number + *to)
}

fn main() {}
