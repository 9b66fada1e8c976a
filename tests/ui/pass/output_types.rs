use runpod::prelude::*;

use std::collections::BTreeMap;

#[derive(Serialize)]
struct Size {
    width: u32,
}

#[derive(Serialize)]
#[serde(tag = "kind")]
enum Shape {
    Square(Size),
}

#[runpod::handler]
fn nothing() {}

#[runpod::handler]
async fn unit() -> () {}

#[runpod::handler]
fn own() -> Shape {
    Shape::Square(Size { width: 1 })
}

#[runpod::handler]
fn pair() -> (u8, Option<&'static str>) {
    (1, None)
}

#[runpod::handler]
fn map() -> BTreeMap<String, Vec<f32>> {
    BTreeMap::new()
}

#[runpod::handler]
fn boxed() -> Box<Size> {
    Box::new(Size { width: 1 })
}

#[runpod::handler]
fn opaque() -> impl Serialize {
    Size { width: 1 }
}

#[runpod::handler]
async fn opaque_in_a_result() -> Result<impl Serialize, String> {
    Ok(Size { width: 1 })
}

fn main() {}
