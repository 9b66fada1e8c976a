#[allow(deprecated)]
mod old {
    #[deprecated]
    #[derive(serde::Deserialize)]
    pub struct Old(pub String);
}

#[allow(deprecated)]
use old::Old;

#[runpod::handler]
#[expect(deprecated, reason = "clients still send it")]
async fn greet(input: Old) -> String {
    input.0.clone()
}

fn main() {}
