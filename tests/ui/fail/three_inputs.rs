#[runpod::handler]
fn add(first: i64, second: i64, third: i64) -> i64 {
    first + second + third
}

fn main() {}
