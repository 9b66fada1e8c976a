struct Image;

#[runpod::handler]
fn draw(width: usize) -> Result<Image, String> {
    if width == 0 { Err("nothing to draw".to_owned()) } else { Ok(Image) }
}

fn main() {}
