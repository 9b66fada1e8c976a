//! Silero VAD, which gives each chunk of audio the probability that it is speech.

use std::env;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rten::{NodeId, RunOptions, ThreadPool, Value};
use rten_tensor::NdTensor;
use rten_tensor::prelude::*;

use crate::Error;
use crate::audio::chunk_len;

/// The name of the model's file.
const FILE: &str = "silero_vad.onnx";

/// Returns the path of the model's file, in the folder in `MODEL_DIR`, or in `model`.
pub fn path() -> PathBuf {
    // An empty variable counts as not set.
    let folder = env::var_os("MODEL_DIR").filter(|folder| !folder.is_empty());
    PathBuf::from(folder.unwrap_or_else(|| "model".into())).join(FILE)
}

pub struct Model(Network);

enum Network {
    Silero(Box<Silero>),
    /// Takes loud chunks for speech, so that the tests need no weights.
    #[cfg(test)]
    Loudness,
}

struct Silero {
    network: rten::Model,
    input: NodeId,
    state: NodeId,
    rate: NodeId,
    outputs: [NodeId; 2],
}

impl Model {
    pub fn load(path: &Path) -> Result<Self, Error> {
        let model = Silero::load(path).map_err(|fault| {
            format!(
                "{}: {fault}. Expected the ONNX file of Silero VAD 5 or 6. README.md says where to get it, and \
                 MODEL_DIR names another folder",
                path.display()
            )
        })?;
        let model = Self(Network::Silero(Box::new(model)));
        // Detects weights that do not fit the rest of the file before the first job does.
        for rate in [16_000, 8_000] {
            let silence = vec![0.0; chunk_len(rate)];
            let probability = model.listener(rate).probability(&silence);
            let probability =
                probability.map_err(|error| format!("{}: {error}", path.display()))?;
            if !(0.0..0.5).contains(&probability) {
                return Err(format!(
                    "{}: found a model that gives silence the probability {probability} to be speech; expected one \
                     below 0.5. The file may be damaged",
                    path.display()
                )
                .into());
            }
        }
        Ok(model)
    }

    #[cfg(test)]
    pub fn loudness() -> Self {
        Self(Network::Loudness)
    }

    /// Starts at the beginning of an audio. Each job has its own listener, which uses one thread.
    pub fn listener(&self, rate: u32) -> Listener<'_> {
        let thread = Arc::new(ThreadPool::with_num_threads(1));
        Listener {
            network: &self.0,
            rate,
            state: NdTensor::zeros([2, 1, 128]),
            context: vec![0.0; chunk_len(rate) / 8],
            options: RunOptions::default().with_thread_pool(Some(thread)),
        }
    }
}

impl Silero {
    fn load(path: &Path) -> Result<Self, String> {
        if !path.is_file() {
            return Err("the file does not exist".to_owned());
        }
        let network = rten::Model::load_file(path)
            .map_err(|error| format!("found a file that cannot be loaded: {error}"))?;
        let node = |name: &str| {
            let ids = network.input_ids().iter().chain(network.output_ids());
            let mut named =
                ids.filter(|id| network.node_info(**id).and_then(|it| it.name()) == Some(name));
            named.next().copied().ok_or_else(|| {
                let names: Vec<_> = network
                    .input_ids()
                    .iter()
                    .chain(network.output_ids())
                    .filter_map(|id| network.node_info(*id).and_then(|it| it.name()))
                    .collect();
                format!(
                    "found a model without `{name}`: it has {}",
                    names.join(", ")
                )
            })
        };
        Ok(Self {
            input: node("input")?,
            state: node("state")?,
            rate: node("sr")?,
            outputs: [node("output")?, node("stateN")?],
            network,
        })
    }
}

/// The model's memory of one audio.
pub struct Listener<'a> {
    network: &'a Network,
    rate: u32,
    state: NdTensor<f32, 3>,
    /// The end of the last chunk. The model gets it before each chunk.
    context: Vec<f32>,
    options: RunOptions,
}

impl Listener<'_> {
    /// Returns the probability that the chunk is speech. Chunks must be passed in their order.
    pub fn probability(&mut self, chunk: &[f32]) -> Result<f32, Error> {
        match self.network {
            Network::Silero(silero) => self.run(silero, chunk),
            #[cfg(test)]
            Network::Loudness => {
                Ok(chunk.iter().map(|it| it.abs()).sum::<f32>() / chunk.len() as f32)
            }
        }
    }

    fn run(&mut self, silero: &Silero, chunk: &[f32]) -> Result<f32, Error> {
        let samples = [self.context.as_slice(), chunk].concat();
        self.context = samples[chunk.len()..].to_vec();
        let input = NdTensor::from_data([1, samples.len()], samples);
        let inputs = vec![
            (silero.input, input.into()),
            (silero.state, self.state.view().into()),
            (silero.rate, Value::from(self.rate as i32).into()),
        ];
        let [output, state] =
            silero
                .network
                .run_n(inputs, silero.outputs, Some(self.options.clone()))?;
        self.state = state.try_into()?;
        let output: NdTensor<f32, 2> = output.try_into()?;
        output
            .get([0, 0])
            .copied()
            .ok_or_else(|| "the model's output is empty".into())
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    #[test]
    fn weights_that_are_missing_or_no_model_are_reported_with_their_path() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join(FILE);
        let error = || Model::load(&path).err().unwrap().to_string();
        let missing = error();
        std::fs::write(&path, "<html>Not found</html>").unwrap();
        let other = error();
        for (error, fault) in [(&missing, "does not exist"), (&other, "cannot be loaded")] {
            for part in [fault, &*path.to_string_lossy(), "Silero VAD", "MODEL_DIR"] {
                assert!(error.contains(part), "no {part} in {error}");
            }
        }
    }
}
