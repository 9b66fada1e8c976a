#[runpod::handler]
fn sorted(numbers: &mut Vec<i64>) {
    numbers.sort();
}

fn main() {}
