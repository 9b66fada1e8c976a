//! The two models of PP-OCR: one finds lines of text, the other reads a line.

use std::env;
use std::path::{Path, PathBuf};

use rten::Model as Network;
use rten_tensor::NdTensor;
use rten_tensor::prelude::*;

use crate::Error;
use crate::detection::{self, Quad};
use crate::picture::Picture;
use crate::recognition;

/// The names of the models' files.
const DETECTION: &str = "PP-OCRv6_det_small.onnx";
const RECOGNITION: &str = "PP-OCRv6_rec_small.onnx";

/// Returns the folder with the models' files: the one in `MODEL_DIR`, or `model`.
pub fn folder() -> PathBuf {
    // An empty variable counts as not set.
    let folder = env::var_os("MODEL_DIR").filter(|folder| !folder.is_empty());
    folder.unwrap_or_else(|| "model".into()).into()
}

pub enum Model {
    PpOcr(Box<PpOcr>),
    /// Takes dark areas for text, so that the tests need no weights.
    #[cfg(test)]
    Darkness,
}

pub struct PpOcr {
    detection: Network,
    recognition: Network,
    /// The characters of the recognition, without the first one, which stands for "no character".
    characters: Vec<String>,
}

impl Model {
    pub fn load(folder: &Path) -> Result<Self, Error> {
        let load = |name: &str, channels_and_height: [usize; 2]| {
            let path = folder.join(name);
            load(&path, channels_and_height).map_err(|fault| refused(&path, &fault))
        };
        let detection = load(DETECTION, [3, 0])?;
        let recognition = load(RECOGNITION, [3, 48])?;
        let path = folder.join(RECOGNITION);
        let list = recognition.metadata().get("character");
        let list = list.ok_or_else(|| {
            refused(
                &path,
                "found a model without the list `character` in its metadata",
            )
        })?;
        let mut characters: Vec<_> = list.lines().map(str::to_owned).collect();
        // The space has no line in the list.
        characters.push(" ".to_owned());
        let model = PpOcr {
            detection,
            recognition,
            characters,
        };
        // Detects weights that do not fit the rest of their file before the first job does.
        let map = run::<4>(&model.detection, NdTensor::zeros([1, 3, 32, 32]));
        map.map_err(|error| refused(&folder.join(DETECTION), &error.to_string()))?;
        let output = run::<3>(&model.recognition, NdTensor::zeros([1, 3, 48, 320]));
        let output = output.map_err(|error| refused(&path, &error.to_string()))?;
        let (found, expected) = (output.size(2), model.characters.len() + 1);
        if found != expected {
            let fault = format!("found {found} outputs and a list of {expected} characters");
            return Err(refused(&path, &fault));
        }
        Ok(Self::PpOcr(Box::new(model)))
    }

    #[cfg(test)]
    pub fn darkness() -> Self {
        Self::Darkness
    }

    /// Returns the places of the lines of text, in reading order.
    pub fn detect(&self, picture: &Picture) -> Result<Vec<Quad>, Error> {
        let input = detection::input(picture);
        let map = match self {
            Self::PpOcr(model) => run::<4>(&model.detection, input)?,
            #[cfg(test)]
            Self::Darkness => {
                let [_, _, rows, columns] = input.shape();
                NdTensor::from_fn([1, 1, rows, columns], |[_, _, row, column]| {
                    -input[[0, 0, row, column]]
                })
            }
        };
        Ok(detection::lines(map.slice((0, 0)), picture.size()))
    }

    /// Returns the text of a line, and the mean probability of its characters.
    pub fn recognise(&self, picture: &Picture, quad: &Quad) -> Result<(String, f32), Error> {
        let input = recognition::input(picture, quad);
        match self {
            Self::PpOcr(model) => {
                let output: NdTensor<f32, 3> = run(&model.recognition, input)?;
                Ok(recognition::text(output.slice(0), &model.characters))
            }
            #[cfg(test)]
            Self::Darkness => {
                let dark = input[[0, 0, 24, 20]] < 0.0;
                Ok((if dark { "dark" } else { "light" }.to_owned(), 0.9))
            }
        }
    }
}

/// Loads a network, and checks the shape of its input. A side of 0 stands for any length.
fn load(path: &Path, [channels, height]: [usize; 2]) -> Result<Network, String> {
    if !path.is_file() {
        return Err("the file does not exist".to_owned());
    }
    let network = Network::load_file(path)
        .map_err(|error| format!("found a file that cannot be loaded: {error}"))?;
    let shape = network.input_shape(0).unwrap_or_default();
    let fixed = |index: usize| match shape.get(index) {
        Some(rten::Dimension::Fixed(len)) => *len,
        _ => 0,
    };
    if shape.len() != 4 || fixed(1) != channels || fixed(2) != height {
        return Err(format!("found a model with another input: {shape:?}"));
    }
    Ok(network)
}

fn refused(path: &Path, fault: &str) -> Error {
    format!(
        "{}: {fault}. Expected the ONNX files {DETECTION} and {RECOGNITION}. README.md says where to get them, and \
         MODEL_DIR names another folder",
        path.display()
    )
    .into()
}

/// Runs a network with one input and one output.
fn run<const N: usize>(
    network: &Network,
    input: NdTensor<f32, 4>,
) -> Result<NdTensor<f32, N>, Error>
where
    NdTensor<f32, N>: TryFrom<rten::Value, Error: std::error::Error + Send + Sync + 'static>,
{
    Ok(network.run_one(input.into(), None)?.try_into()?)
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    #[test]
    fn weights_that_are_missing_or_no_model_are_reported_with_their_path() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join(DETECTION);
        let error = || Model::load(folder.path()).err().unwrap().to_string();
        let missing = error();
        std::fs::write(&path, "<html>Not found</html>").unwrap();
        let other = error();
        for (error, fault) in [(&missing, "does not exist"), (&other, "cannot be loaded")] {
            for part in [fault, &*path.to_string_lossy(), RECOGNITION, "MODEL_DIR"] {
                assert!(error.contains(part), "no {part} in {error}");
            }
        }
    }
}
