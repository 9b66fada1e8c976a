#[runpod::main]
fn count(to: u32) -> impl Iterator<Item = u32> {
    0..to
}
