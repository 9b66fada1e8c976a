struct Image;
struct Refused;

#[runpod::handler]
fn draw(width: usize) -> Result<Image, Refused> {
    if width == 0 { Err(Refused) } else { Ok(Image) }
}

fn main() {}
