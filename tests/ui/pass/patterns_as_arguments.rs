use runpod::prelude::*;

#[derive(Deserialize)]
struct Size {
    width: u32,
    height: u32,
}

#[runpod::handler]
async fn area(Size { width, height }: Size, _: JobContext) -> u32 {
    width * height
}

#[runpod::handler]
fn add((first, second): (i64, i64)) -> i64 {
    first + second
}

#[runpod::handler]
fn id(Job { id, input: (), .. }: Job<()>) -> String {
    id
}

#[runpod::handler]
fn whole(size @ Size { .. }: Size) -> u32 {
    size.width
}

fn main() {}
