//! Finds the files of the model.

use std::env;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::Error;

/// The model, as on Hugging Face, if `MODEL_ID` is not set.
const DEFAULT_MODEL: &str = "HuggingFaceTB/SmolLM2-135M-Instruct";

/// The folders that can have the model. The first one with all files is used.
#[derive(Debug)]
pub struct Places(Vec<Place>);

#[derive(Debug)]
struct Place {
    what: &'static str,
    /// The folder, or why there is none.
    folder: Result<PathBuf, String>,
}

/// The files of a model.
#[derive(Debug)]
pub struct Files {
    pub folder: PathBuf,
    pub weights: Vec<PathBuf>,
}

impl Places {
    /// Returns the folder in `MODEL_DIR`, or the places of the model in `MODEL_ID`.
    pub fn of_environment() -> Result<Self, Error> {
        // An empty variable counts as not set.
        let variable = |name| env::var(name).ok().filter(|value| !value.is_empty());
        match variable("MODEL_DIR") {
            Some(folder) => Ok(Self(vec![Place {
                what: "MODEL_DIR",
                folder: Ok(folder.into()),
            }])),
            None => {
                let id = variable("MODEL_ID").unwrap_or_else(|| DEFAULT_MODEL.to_owned());
                let cached = runpod::cached_model(&id).map_err(|error| error.to_string());
                Self::of(&id, cached, Path::new("/"), Path::new(""))
            }
        }
    }

    /// Returns the places of a model in the order of the search. Tests pass other folders than Runpod's cached model, the
    /// container's `/` and its working directory.
    pub fn of(
        id: &str,
        cached: Result<PathBuf, String>,
        root: &Path,
        working: &Path,
    ) -> Result<Self, Error> {
        let is_name = |name: &str| !name.is_empty() && !name.starts_with('.');
        let is_id = id.split_once('/').is_some_and(|(organisation, name)| {
            is_name(organisation) && is_name(name) && !name.contains('/')
        });
        if !is_id {
            return Err(format!(
                "MODEL_ID: found {id:?}; expected ORGANISATION/NAME, such as {DEFAULT_MODEL}"
            )
            .into());
        }
        let place = |what, folder| Place {
            what,
            folder: Ok(folder),
        };
        Ok(Self(vec![
            Place {
                what: "the cached model",
                folder: cached,
            },
            place(
                "the network volume",
                root.join("runpod-volume/models").join(id),
            ),
            place("the image", root.join("models").join(id)),
            // `include = ["models"]` puts the folder next to the program. It is also useful in development.
            place("the working directory", working.join("models").join(id)),
        ]))
    }

    /// Returns the files in the first place that has all of them.
    pub fn find(&self) -> Result<Files, NotFound> {
        let mut searched = Vec::new();
        for place in &self.0 {
            let folder = match &place.folder {
                Ok(folder) => folder,
                Err(fault) => {
                    searched.push(format!("{}: {fault}", place.what));
                    continue;
                }
            };
            match files(folder) {
                Ok(files) => return Ok(files),
                Err(fault) => {
                    searched.push(format!("{}, {}: {fault}", place.what, folder.display()));
                }
            }
        }
        Err(NotFound(searched))
    }
}

/// Returns the files of the model in a folder that has all of them.
fn files(folder: &Path) -> Result<Files, String> {
    if !folder.is_dir() {
        return Err("it does not exist".to_owned());
    }
    let file = |name: &str| {
        let path = folder.join(name);
        if path.is_file() {
            Ok(path)
        } else {
            Err(format!("it has no {name}"))
        }
    };
    file("config.json")?;
    file("tokenizer.json")?;
    let weights = match file("model.safetensors") {
        Ok(only) => vec![only],
        Err(missing) => {
            let index = file("model.safetensors.index.json")
                .map_err(|other| format!("{missing} and {other}"))?;
            let parts = parts(&index).map_err(|error| format!("{}: {error}", index.display()))?;
            parts
                .iter()
                .map(|part| file(part))
                .collect::<Result<_, _>>()?
        }
    };
    Ok(Files {
        folder: folder.to_owned(),
        weights,
    })
}

/// Returns the names of the files that an index of weights lists.
fn parts(index: &Path) -> Result<Vec<String>, Error> {
    let index: Value = serde_json::from_str(&fs::read_to_string(index)?)?;
    let map = index["weight_map"]
        .as_object()
        .ok_or("it has no `weight_map`")?;
    let mut parts: Vec<_> = map
        .values()
        .filter_map(|it| it.as_str().map(str::to_owned))
        .collect();
    parts.sort();
    parts.dedup();
    Ok(parts)
}

/// No place has all files of the model. Each entry is a place with the reason.
#[derive(Debug)]
pub struct NotFound(Vec<String>);

impl fmt::Display for NotFound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the model was not found. These places were searched:")?;
        for place in &self.0 {
            write!(f, "\n- {place}")?;
        }
        f.write_str("\nMODEL_ID names another model, and MODEL_DIR a folder with its files")
    }
}

impl std::error::Error for NotFound {}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    const FOLDERS: [&str; 4] = [
        "runpod-volume/huggingface-cache/hub/models--lab--small/snapshots/abc",
        "runpod-volume/models/lab/small",
        "models/lab/small",
        "here/models/lab/small",
    ];

    /// Creates a folder with empty files of a model.
    fn fill(root: &Path, folder: &str) {
        fs::create_dir_all(root.join(folder)).unwrap();
        for name in ["config.json", "tokenizer.json", "model.safetensors"] {
            fs::write(root.join(folder).join(name), "").unwrap();
        }
    }

    fn find(root: &Path) -> Result<Files, NotFound> {
        let cached = Ok(root.join(FOLDERS[0]));
        Places::of("lab/small", cached, root, &root.join("here"))
            .unwrap()
            .find()
    }

    #[test]
    fn the_cached_model_comes_first_then_the_volume_the_image_and_the_working_directory() {
        let room = TempDir::new().unwrap();
        let root = room.path();
        FOLDERS.iter().for_each(|folder| fill(root, folder));
        for folder in FOLDERS {
            assert_eq!(find(root).unwrap().folder, root.join(folder));
            fs::remove_dir_all(root.join(folder)).unwrap();
        }
        assert!(find(root).is_err());
    }

    #[test]
    fn a_place_that_lacks_a_file_is_passed_over() {
        let room = TempDir::new().unwrap();
        for folder in [FOLDERS[1], FOLDERS[2]] {
            fill(room.path(), folder);
        }
        fs::remove_file(room.path().join(FOLDERS[1]).join("tokenizer.json")).unwrap();
        let files = find(room.path()).unwrap();
        assert_eq!(files.folder, room.path().join(FOLDERS[2]));
    }

    #[test]
    fn an_error_lists_every_place_and_what_it_lacks() {
        let room = TempDir::new().unwrap();
        fill(room.path(), FOLDERS[1]);
        fs::remove_file(room.path().join(FOLDERS[1]).join("model.safetensors")).unwrap();
        let error = find(room.path()).unwrap_err().to_string();
        for part in [
            "models--lab--small/snapshots/abc: it does not exist",
            "models/lab/small: it has no model.safetensors and it has no model.safetensors.index.json",
            "the image, ",
            "the working directory, ",
            "MODEL_ID",
            "MODEL_DIR",
        ] {
            assert!(error.contains(part), "no {part} in {error}");
        }
    }

    #[test]
    fn a_model_that_is_not_cached_is_searched_elsewhere() {
        let room = TempDir::new().unwrap();
        let find = || {
            let cached = runpod::cached_model("lab/small").map_err(|error| error.to_string());
            let places = Places::of("lab/small", cached, room.path(), room.path());
            places.unwrap().find()
        };
        let error = find().unwrap_err().to_string();
        assert!(
            error.contains("the cached model: the model lab/small is not cached"),
            "{error}"
        );
        fill(room.path(), FOLDERS[1]);
        assert_eq!(find().unwrap().folder, room.path().join(FOLDERS[1]));
    }

    #[test]
    fn weights_in_several_files_are_found_through_their_index() {
        let room = TempDir::new().unwrap();
        fill(room.path(), FOLDERS[2]);
        let folder = room.path().join(FOLDERS[2]);
        fs::rename(
            folder.join("model.safetensors"),
            folder.join("a.safetensors"),
        )
        .unwrap();
        let index = r#"{ "weight_map": { "x": "b.safetensors", "y": "a.safetensors", "z": "a.safetensors" } }"#;
        fs::write(folder.join("model.safetensors.index.json"), index).unwrap();
        let error = find(room.path()).unwrap_err().to_string();
        assert!(error.contains("it has no b.safetensors"), "{error}");
        fs::write(folder.join("b.safetensors"), "").unwrap();
        let weights = find(room.path()).unwrap().weights;
        assert_eq!(
            weights,
            [folder.join("a.safetensors"), folder.join("b.safetensors")]
        );
    }

    #[test]
    fn an_id_that_is_no_repository_is_refused() {
        for id in [
            "small",
            "lab/",
            "/small",
            "lab/small/more",
            "../small",
            "lab/..",
        ] {
            let cached = Err("it is not cached".to_owned());
            let error = Places::of(id, cached, Path::new("/"), Path::new("")).unwrap_err();
            assert!(error.to_string().contains("MODEL_ID"), "{error}");
        }
    }
}
