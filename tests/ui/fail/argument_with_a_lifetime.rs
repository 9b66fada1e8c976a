use std::borrow::Cow;

#[runpod::handler]
fn greet<'a>(name: Cow<'a, str>) -> String {
    name.into_owned()
}

fn main() {}
