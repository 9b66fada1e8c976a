#[runpod::handler]
extern "C" fn double(input: u32) -> u32 {
    input * 2
}

fn main() {}
