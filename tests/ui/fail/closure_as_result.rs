#[runpod::handler]
fn adder(by: i64) -> impl Fn(i64) -> i64 {
    move |number| number + by
}

fn main() {}
