//! Fetches images from the URLs in a job, and uploads what it makes of them to a bucket.
//!
//! Without the variables of a bucket, the images go to the folder `simulated_uploaded`.
//!
//! ```sh
//! cargo run --example images_to_bucket --features upload -- --test_input '{"input": {"urls": ["data:,no-image"]}}'
//! ```

use std::error::Error;

use runpod::Uploaded;
use runpod::prelude::*;

#[derive(Deserialize)]
struct Images {
    urls: Vec<String>,
}

#[derive(Serialize)]
struct Stored {
    /// The presigned URL.
    image: Uploaded,
    bytes: u64,
    content_type: String,
}

#[runpod::main(concurrency = 4)]
async fn images_to_bucket(
    images: Images,
    ctx: JobContext,
) -> Result<Vec<Stored>, Box<dyn Error + Send + Sync>> {
    let files = ctx.download_all(&images.urls).await?;
    ctx.progress(json!({ "downloaded": files.len() }));

    let mut results = Vec::new();
    for (file, number) in files.iter().zip(1..) {
        let image = std::fs::read(file.path())?;
        let image = edited(image).map_err(|error| format!("{}: {error}", file.file_name()))?;
        // Two images may have the same name.
        results.push((format!("{number}/{}", file.file_name()), image));
    }

    let stored = ctx.upload_all(results).await?;
    let stored = stored.into_iter().map(|image| Stored {
        bytes: image.len(),
        content_type: image.content_type().to_owned(),
        image,
    });
    Ok(stored.collect())
}

/// Stands in for a model or an image library. It only checks that the content is a PNG or JPEG image.
fn edited(image: Vec<u8>) -> Result<Vec<u8>, &'static str> {
    if image.starts_with(b"\x89PNG\r\n\x1a\n") || image.starts_with(b"\xff\xd8\xff") {
        Ok(image)
    } else {
        Err("expected a PNG or JPEG image")
    }
}
