struct Image;

#[runpod::handler]
fn draw(count: usize) -> Vec<Image> {
    (0..count).map(|_| Image).collect()
}

fn main() {}
