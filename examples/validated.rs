//! Types that describe themselves (`--schema`), and an input that is validated before the handler runs.
//!
//! ```sh
//! cargo run --example validated --features schema,validate -- --schema
//! cargo run --example validated --features schema,validate -- --test_input '{"input": {"prompt": "a fox", "size": {"width": 9999, "height": 64}}}'
//! ```

// The derives refer to the crates `garde` and `schemars`, so both must be in the manifest, like serde.
use garde::Validate;
use runpod::prelude::*;
use schemars::JsonSchema;

#[derive(Deserialize, JsonSchema, Validate)]
struct Request {
    /// What the image shows.
    #[garde(length(chars, min = 1, max = 200))]
    prompt: String,
    #[garde(dive)]
    size: Size,
}

#[derive(Deserialize, JsonSchema, Validate)]
struct Size {
    #[garde(range(min = 64, max = 2048))]
    width: u32,
    #[garde(range(min = 64, max = 2048))]
    height: u32,
}

#[derive(Serialize, JsonSchema)]
struct Image {
    pixels: u32,
    caption: String,
}

#[runpod::main]
async fn draw(input: Request) -> Result<Image, std::fmt::Error> {
    Ok(Image {
        pixels: input.size.width * input.size.height,
        caption: input.prompt,
    })
}
