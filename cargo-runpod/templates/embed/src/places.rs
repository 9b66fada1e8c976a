//! Finds the folder with the model's files.

use std::env;
use std::path::{Path, PathBuf};

use crate::Error;

/// The model's name on Hugging Face.
const MODEL: &str = "sentence-transformers/all-MiniLM-L6-v2";

/// The files that a model needs.
pub const FILES: [&str; 3] = ["config.json", "tokenizer.json", "model.safetensors"];

/// Returns the folder in `MODEL_DIR`, or the first place that has all files of the model.
pub fn find() -> Result<PathBuf, Error> {
    // An empty variable counts as not set.
    if let Some(folder) = env::var_os("MODEL_DIR").filter(|value| !value.is_empty()) {
        return first([("MODEL_DIR", Ok(folder.into()))]);
    }
    let cached = runpod::cached_model(MODEL).map_err(|error| error.to_string());
    first([
        ("the cached model", cached),
        (
            "the network volume",
            Ok(Path::new("/runpod-volume/models").join(MODEL)),
        ),
        ("the image", Ok(Path::new("/models").join(MODEL))),
        // This place is useful in development.
        ("the working directory", Ok(Path::new("models").join(MODEL))),
    ])
}

/// Returns the first folder with all files. The other value of a place is the reason why it has no folder.
fn first(
    places: impl IntoIterator<Item = (&'static str, Result<PathBuf, String>)>,
) -> Result<PathBuf, Error> {
    let mut searched = String::new();
    for (place, folder) in places {
        let missing = match folder {
            Err(reason) => format!("{place}: {reason}"),
            Ok(folder) => match FILES.iter().find(|name| !folder.join(name).is_file()) {
                None => return Ok(folder),
                Some(name) => format!("{place}, {}: it has no {name}", folder.display()),
            },
        };
        searched = searched + "\n- " + &missing;
    }
    Err(format!(
        "the model was not found. These places were searched:{searched}\n\
         To get it, run `hf download {MODEL} --local-dir models/{MODEL}`, or set MODEL_DIR to a folder with its files"
    )
    .into())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;

    #[test]
    fn the_first_folder_with_all_files_is_used_and_the_error_names_every_place() {
        let room = TempDir::new().unwrap();
        let folder = |name: &str| room.path().join(name);
        let places = || {
            [
                ("the cache", Err("it is not cached".to_owned())),
                ("the volume", Ok(folder("volume"))),
                ("the image", Ok(folder("image"))),
            ]
        };
        for place in ["volume", "image"] {
            fs::create_dir(folder(place)).unwrap();
        }
        for name in FILES {
            fs::write(folder("image").join(name), "").unwrap();
        }
        fs::write(folder("volume").join("config.json"), "").unwrap();
        assert_eq!(first(places()).unwrap(), folder("image"));
        fs::remove_file(folder("image").join("model.safetensors")).unwrap();
        let error = first(places()).unwrap_err().to_string();
        for part in [
            "the cache: it is not cached".to_owned(),
            format!(
                "the volume, {}: it has no tokenizer.json",
                folder("volume").display()
            ),
            format!(
                "the image, {}: it has no model.safetensors",
                folder("image").display()
            ),
            "MODEL_DIR".to_owned(),
        ] {
            assert!(error.contains(&part), "no {part} in {error}");
        }
    }
}
