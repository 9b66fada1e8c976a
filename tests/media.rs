//! Tests media in inputs and outputs as users write them.

use runpod::prelude::*;
use runpod::{AudioInput, ImageInput, Media, MediaError, testing};

const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

#[derive(Deserialize, schemars::JsonSchema)]
struct Scene {
    images: Vec<ImageInput<1000>>,
    /// Speech in any format.
    audio: Option<AudioInput>,
}

#[derive(Serialize, schemars::JsonSchema)]
struct Seen {
    images: Vec<Media>,
}

#[runpod::handler]
async fn see(scene: Scene, ctx: JobContext) -> Result<Seen, MediaError> {
    let mut images = Vec::new();
    for image in &scene.images {
        images.push(image.load(&ctx).await?);
    }
    if let Some(audio) = &scene.audio {
        audio.load(&ctx).await?;
    }
    Ok(Seen { images })
}

#[tokio::test]
async fn an_image_passes_through_a_worker_unchanged() {
    let url = format!("data:image/png;base64,{PNG}");
    let input = json!({ "images": [PNG, url] });
    let report = testing::Job::new(input).run(see).await;
    assert_eq!(report.output, Some(json!({ "images": [url, url] })));
}

#[tokio::test]
async fn an_error_names_the_place_in_the_input() {
    for (input, expected) in [
        (
            json!({ "images": [PNG, "cat.png"] }),
            "input.images[1]: invalid value: base64 with the character `.` at byte 3, expected an image as base64",
        ),
        (
            json!({ "images": ["A".repeat(2000)] }),
            "input.images[0]: invalid value: 1500 bytes, expected an image of at most 1000 bytes",
        ),
        (
            json!({ "images": [], "audio": PNG }),
            "input.audio: invalid value: a file of the type image/png, expected a sound",
        ),
    ] {
        let report = testing::Job::new(input).run(see).await;
        let error = report.error.unwrap();
        assert!(error.contains(expected), "{error}");
        assert_eq!(report.error_type.as_deref(), Some("InputError"));
    }
}

#[tokio::test]
async fn the_limit_holds_for_downloads_too() {
    #[runpod::handler]
    async fn load(image: ImageInput<10>, ctx: JobContext) -> Result<Media, MediaError> {
        image.load(&ctx).await
    }
    // A data URL is the only URL that needs no network, so this one takes the other way to the same limit.
    let report = testing::Job::new(json!(PNG)).run(load).await;
    assert!(report.error.unwrap().contains("at most 10 bytes"));
    let report = testing::Job::new(json!("http://127.0.0.1/cat.png?key=secret"))
        .run(load)
        .await;
    let error = report.error.unwrap();
    assert!(
        error.contains("http://127.0.0.1/cat.png") && !error.contains("secret"),
        "{error}"
    );
}

#[tokio::test]
async fn an_output_that_would_be_refused_fails_with_its_size_and_the_remedy() {
    #[runpod::handler]
    fn paint(bytes: usize) -> Result<Media, MediaError> {
        Media::new(vec![0; bytes], "application/octet-stream")
    }
    let report = testing::Job::new(json!(15_000_000)).blocking(paint).await;
    assert!(report.error.is_none());
    let report = testing::Job::new(json!(16_000_000)).blocking(paint).await;
    assert_eq!(report.error_type.as_deref(), Some("ResultTooLarge"));
    let error = report.error.unwrap();
    for part in ["has 21333", "at most 20971520", "ctx.upload"] {
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn the_schema_says_that_a_field_is_an_encoded_file() {
    let document = testing::schema();
    let handlers = document["handlers"].as_array().unwrap();
    let handler = handlers.iter().find(|it| it["name"] == "see").unwrap();
    let image = &handler["input"]["properties"]["images"]["items"];
    assert_eq!(image["type"], "string", "{handler}");
    assert_eq!(image["contentEncoding"], "base64");
    assert_eq!(image["contentMediaType"], "image/*");
    let description = image["description"].as_str().unwrap();
    assert!(description.contains("At most 1000 bytes"), "{description}");
    let audio = &handler["input"]["properties"]["audio"];
    assert_eq!(audio["description"], "Speech in any format.", "{audio}");
    let output = &handler["output"]["properties"]["images"]["items"];
    assert_eq!(output["pattern"], "^data:[^,]+;base64,", "{output}");
}
