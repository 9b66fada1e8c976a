//! Finds the files of the model.

use std::env;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::{Error, MODEL};

/// The folders that can have the model. The first one with all files is used.
#[derive(Debug)]
pub struct Places {
    places: Vec<Place>,
    /// The name of the GGUF file, if a folder has several.
    file: Option<String>,
}

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
    pub weights: Weights,
}

#[derive(Debug, PartialEq)]
pub enum Weights {
    /// Files in Hugging Face's form, next to `config.json` and `tokenizer.json`.
    Safetensors(Vec<PathBuf>),
    /// One file with everything.
    Gguf(PathBuf),
}

impl Files {
    /// Returns the path for messages.
    pub fn shown(&self) -> &Path {
        match &self.weights {
            Weights::Safetensors(_) => &self.folder,
            Weights::Gguf(file) => file,
        }
    }
}

impl Places {
    /// Returns the folder in `MODEL_DIR`, or the places of the model in `MODEL_ID`.
    pub fn of_environment() -> Result<Self, Error> {
        // An empty variable counts as not set.
        let variable = |name| env::var(name).ok().filter(|value| !value.is_empty());
        let places = match variable("MODEL_DIR") {
            Some(folder) => Self::from(vec![Place {
                what: "MODEL_DIR",
                folder: Ok(folder.into()),
            }]),
            None => {
                let id = variable("MODEL_ID").unwrap_or_else(|| MODEL.to_owned());
                let cached = runpod::cached_model(&id).map_err(|error| error.to_string());
                Self::of(&id, cached, Path::new("/"), Path::new(""))?
            }
        };
        Ok(places.with_file(variable("MODEL_FILE")))
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
                "MODEL_ID: found {id:?}; expected ORGANISATION/NAME, such as {MODEL}"
            )
            .into());
        }
        let place = |what, folder| Place {
            what,
            folder: Ok(folder),
        };
        Ok(Self::from(vec![
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

    /// Uses the GGUF file of this name.
    pub fn with_file(self, file: Option<String>) -> Self {
        Self { file, ..self }
    }

    /// Returns the files in the first place that has all of them.
    pub fn find(&self) -> Result<Files, NotFound> {
        let mut searched = Vec::new();
        for place in &self.places {
            let folder = match &place.folder {
                Ok(folder) => folder,
                Err(fault) => {
                    searched.push(format!("{}: {fault}", place.what));
                    continue;
                }
            };
            match files(folder, self.file.as_deref()) {
                Ok(files) => return Ok(files),
                Err(fault) => {
                    searched.push(format!("{}, {}: {fault}", place.what, folder.display()));
                }
            }
        }
        Err(NotFound(searched))
    }
}

impl From<Vec<Place>> for Places {
    fn from(places: Vec<Place>) -> Self {
        Self { places, file: None }
    }
}

/// Returns the files of the model in a folder that has all of them.
fn files(folder: &Path, wanted: Option<&str>) -> Result<Files, String> {
    if !folder.is_dir() {
        return Err("it does not exist".to_owned());
    }
    let weights = match wanted {
        Some(name) if folder.join(name).is_file() => Weights::Gguf(folder.join(name)),
        Some(name) => return Err(format!("it has no {name}, which MODEL_FILE names")),
        None => match safetensors(folder) {
            Ok(files) => Weights::Safetensors(files),
            Err(fault) => match gguf(folder)?.as_slice() {
                [] => return Err(format!("{fault}, and no file with the ending .gguf")),
                [file] => Weights::Gguf(file.clone()),
                files => {
                    let number = files.len();
                    return Err(format!(
                        "it has {number} files with the ending .gguf; name one with MODEL_FILE"
                    ));
                }
            },
        },
    };
    Ok(Files {
        folder: folder.to_owned(),
        weights,
    })
}

/// Returns the GGUF files of a folder.
fn gguf(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = fs::read_dir(folder).map_err(|error| error.to_string())?;
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    Ok(paths
        .filter(|path| path.extension().is_some_and(|it| it == "gguf") && path.is_file())
        .collect())
}

/// Returns the files with weights of a folder that has all files in Hugging Face's form.
fn safetensors(folder: &Path) -> Result<Vec<PathBuf>, String> {
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
    match file("model.safetensors") {
        Ok(only) => Ok(vec![only]),
        Err(missing) => {
            let index = file("model.safetensors.index.json")
                .map_err(|other| format!("{missing} and {other}"))?;
            let parts = parts(&index).map_err(|error| format!("{}: {error}", index.display()))?;
            parts.iter().map(|part| file(part)).collect()
        }
    }
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
        f.write_str(
            "\nPut the model's files, or one GGUF file, into one of these folders. MODEL_ID names another model, and MODEL_DIR a \
             folder with its files",
        )
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
        let both = [folder.join("a.safetensors"), folder.join("b.safetensors")];
        assert_eq!(weights, Weights::Safetensors(both.to_vec()));
    }

    #[test]
    fn one_gguf_file_is_enough_and_one_of_several_must_be_named() {
        let room = TempDir::new().unwrap();
        let folder = room.path().join(FOLDERS[1]);
        fs::create_dir_all(&folder).unwrap();
        let error = find(room.path()).unwrap_err().to_string();
        assert!(
            error.contains("and no file with the ending .gguf"),
            "{error}"
        );
        let [one, two] = ["a.gguf", "b.gguf"].map(|name| folder.join(name));
        fs::write(&one, "").unwrap();
        let found = find(room.path()).unwrap();
        assert_eq!(found.weights, Weights::Gguf(one.clone()));
        assert_eq!(found.shown(), one);
        fs::write(&two, "").unwrap();
        let error = find(room.path()).unwrap_err().to_string();
        assert!(error.contains("2 files with the ending .gguf"), "{error}");
        let named = |name: &str| {
            let cached = Ok(room.path().join(FOLDERS[0]));
            let places = Places::of("lab/small", cached, room.path(), room.path()).unwrap();
            places.with_file(Some(name.to_owned())).find()
        };
        assert_eq!(named("b.gguf").unwrap().weights, Weights::Gguf(two));
        let error = named("c.gguf").unwrap_err().to_string();
        assert!(
            error.contains("it has no c.gguf, which MODEL_FILE names"),
            "{error}"
        );
    }

    #[test]
    fn files_in_hugging_faces_form_come_before_a_gguf_file() {
        let room = TempDir::new().unwrap();
        fill(room.path(), FOLDERS[1]);
        fs::write(room.path().join(FOLDERS[1]).join("a.gguf"), "").unwrap();
        let found = find(room.path()).unwrap().weights;
        assert!(matches!(found, Weights::Safetensors(_)), "{found:?}");
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
