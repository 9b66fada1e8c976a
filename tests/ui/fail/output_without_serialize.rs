struct Image {
    pixels: Vec<u8>,
}

#[runpod::handler]
async fn draw(width: usize) -> Image {
    Image { pixels: vec![0; width] }
}

fn main() {}
