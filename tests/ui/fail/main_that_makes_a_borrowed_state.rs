struct Model<'a> {
    name: &'a str,
}

#[runpod::main]
async fn main<'a>() -> Model<'a> {
    Model { name: "tiny" }
}
