//! Reads the weights, and explains what is wrong with a file that is not complete.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use candle_core::{Device, Tensor};
use serde_json::{Map, Value};

use crate::Error;

/// The largest header that the format allows, in bytes.
const MAX_HEADER: u64 = 100_000_000;

/// Reads all tensors of a file in the format safetensors.
pub fn load(path: &Path, device: &Device) -> Result<HashMap<String, Tensor>, Error> {
    let read = || -> Result<_, Error> {
        check_length(path)?;
        Ok(candle_core::safetensors::load(path, device)?)
    };
    read().map_err(|error| format!("{}: {error}", path.display()).into())
}

/// Compares the file's length with the length in its header. A file starts with the length of the header, which is a
/// JSON object with the place of each tensor.
fn check_length(path: &Path) -> Result<(), Error> {
    let mut file = File::open(path)?;
    let found = file.metadata()?.len();
    let mut length = [0; 8];
    let no_header = "it has no header of the format safetensors; download the file again";
    file.read_exact(&mut length).map_err(|_| no_header)?;
    let length = u64::from_le_bytes(length);
    if length > MAX_HEADER {
        return Err(no_header.into());
    }
    let mut header = Vec::new();
    file.take(length).read_to_end(&mut header)?;
    let header: Map<String, Value> = match serde_json::from_slice(&header) {
        Ok(header) => header,
        Err(_) => return Err(no_header.into()),
    };
    let ends = header
        .values()
        .filter_map(|it| it["data_offsets"][1].as_u64());
    let expected = ends.max().unwrap_or(0).saturating_add(8 + length);
    if found == expected {
        Ok(())
    } else {
        let text = format!("found {found} bytes, expected {expected}; download the file again");
        Err(text.into())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::tiny;

    #[test]
    fn an_incomplete_file_is_reported_with_its_path_and_both_lengths() {
        let folder = tiny::folder();
        let path = folder.path().join("model.safetensors");
        let whole = fs::read(&path).unwrap();
        let cut = whole.len() - 5;
        let lengths = format!("found {cut} bytes, expected {}", whole.len());
        let cases: [(&[u8], &str); 4] = [
            (&whole[..cut], &lengths),
            (&whole[..20], "no header"),
            (&whole[..3], "no header"),
            (b"GGUF\x03\0\0\0 and more", "no header"),
        ];
        for (bytes, expected) in cases {
            fs::write(&path, bytes).unwrap();
            let error = load(&path, &Device::Cpu).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
            assert!(error.starts_with(&path.display().to_string()), "{error}");
        }
    }
}
