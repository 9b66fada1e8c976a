#[runpod::handler]
unsafe extern "C" fn add(input: u32, ...) -> u32 {
    input
}

fn main() {}
