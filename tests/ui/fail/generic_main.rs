#[runpod::main]
fn main<T: Default>() -> T {
    T::default()
}
