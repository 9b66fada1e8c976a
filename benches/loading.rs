//! Compares ways to load a model's weights from a disk. The system's cache is cold, or warm with `--warm`.
//!
//! ```sh
//! cargo bench --bench loading -- --folder target --mebibytes 1024
//! cargo bench --bench loading -- --folder target --mebibytes 1024 --warm
//! ```
//!
//! The program writes a file in the format of safetensors, and removes it at the end. After each tensor is in memory, a
//! sum over its bytes stands for the copy to a GPU.

use std::fs::{self, File};
use std::io::{self, Read, Seek as _, SeekFrom, Write as _};
use std::num::NonZeroU64;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Instant;

use rustix::fs::{Advice, fadvise};
use serde_json::{Map, Value, json};

const TENSOR: u64 = 16 << 20;
const BLOCK: usize = 4 << 20;
/// The number of blocks or tensors that are read ahead.
const AHEAD: usize = 4;
const ROUNDS: usize = 5;

/// A way to load a file: returns the sum over all tensors.
type Load = fn(&Path) -> io::Result<u64>;

const WAYS: [(&str, Load); 4] = [
    (
        "the whole file with `std::fs::read`, then the tensors",
        whole,
    ),
    ("each tensor with a plain read", plain),
    (
        "each tensor with a plain read, the next four announced with `posix_fadvise`",
        announced,
    ),
    ("a thread that reads ahead in blocks of 4 MiB", ahead),
];

fn main() -> io::Result<()> {
    let (mut folder, mut mebibytes) = (PathBuf::from("target"), 1024);
    let mut is_warm = false;
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--folder" => folder = words.next().map(PathBuf::from).unwrap_or(folder),
            "--mebibytes" => {
                let given = words.next().and_then(|it| it.parse().ok());
                mebibytes = given.unwrap_or(mebibytes);
            }
            "--warm" => is_warm = true,
            // Cargo passes `--bench`.
            _ => {}
        }
    }
    let path = folder.join("loading.safetensors");
    let measured = create(&path, mebibytes << 20).and_then(|()| measure(&path, mebibytes, is_warm));
    let removed = fs::remove_file(&path);
    measured.and(removed)
}

fn measure(path: &Path, mebibytes: u64, is_warm: bool) -> io::Result<()> {
    if is_warm {
        plain(path)?;
    }
    let mut seconds = vec![Vec::new(); WAYS.len()];
    let mut sums = Vec::new();
    for round in 0..ROUNDS {
        for way in 0..WAYS.len() {
            // Another order in each round, so that no way always comes first.
            let way = (way + round) % WAYS.len();
            if !is_warm {
                forget(path)?;
            }
            let start = Instant::now();
            sums.push(WAYS[way].1(path)?);
            seconds[way].push(start.elapsed().as_secs_f64());
        }
    }
    assert!(
        sums.iter().all(|it| *it == sums[0]),
        "all ways read the same"
    );
    let yardstick = seconds[1].clone();
    for ((name, _), seconds) in WAYS.iter().zip(seconds) {
        let ratios = yardstick
            .iter()
            .zip(&seconds)
            .map(|(plain, this)| plain / this);
        let mut ratios: Vec<f64> = ratios.collect();
        ratios.sort_by(f64::total_cmp);
        let mut sorted = seconds;
        sorted.sort_by(f64::total_cmp);
        let median = sorted[ROUNDS / 2];
        #[expect(clippy::cast_precision_loss, reason = "a number of mebibytes is small")]
        let speed = mebibytes as f64 / 1024.0 / median;
        println!(
            "{name}: {median:.2} s, {speed:.2} GiB/s, {:.2} × ({:.2} to {:.2})",
            ratios[ROUNDS / 2],
            ratios[0],
            ratios[ROUNDS - 1]
        );
    }
    Ok(())
}

/// Writes a file with tensors of [`TENSOR`] bytes.
fn create(path: &Path, bytes: u64) -> io::Result<()> {
    let mut header = Map::new();
    for tensor in 0..bytes / TENSOR {
        let (start, end) = (tensor * TENSOR, (tensor + 1) * TENSOR);
        let entry = json!({ "dtype": "U8", "shape": [TENSOR], "data_offsets": [start, end] });
        header.insert(format!("layer.{tensor}"), entry);
    }
    let header = Value::Object(header).to_string();
    let mut file = File::create(path)?;
    file.write_all(&(header.len() as u64).to_le_bytes())?;
    file.write_all(header.as_bytes())?;
    // Data that no disk compresses.
    let mut state = 1_u64;
    let mut block = Vec::with_capacity(BLOCK);
    for _ in 0..bytes / BLOCK as u64 {
        block.clear();
        while block.len() < BLOCK {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            block.extend(state.to_le_bytes());
        }
        file.write_all(&block)?;
    }
    file.sync_all()
}

/// Removes the file from the system's cache.
fn forget(path: &Path) -> io::Result<()> {
    let file = File::open(path)?;
    Ok(fadvise(&file, 0, None, Advice::DontNeed)?)
}

/// Reads the header, and returns the places of the tensors in the file.
fn tensors(file: &mut File) -> io::Result<Vec<Range<u64>>> {
    let mut length = [0; 8];
    file.read_exact(&mut length)?;
    let length = u64::from_le_bytes(length);
    let mut header = Vec::new();
    file.take(length).read_to_end(&mut header)?;
    let header: Map<String, Value> = serde_json::from_slice(&header)?;
    let offset = |tensor: &Value, index: usize| {
        let offset = tensor["data_offsets"][index].as_u64().unwrap_or_default();
        8 + length + offset
    };
    Ok(header
        .values()
        .map(|tensor| offset(tensor, 0)..offset(tensor, 1))
        .collect())
}

/// Stands for the copy of a tensor to a GPU.
fn consume(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |sum, byte| sum + u64::from(*byte))
}

fn buffer_for(tensor: &Range<u64>) -> io::Result<Vec<u8>> {
    let length = usize::try_from(tensor.end - tensor.start).map_err(io::Error::other)?;
    Ok(vec![0; length])
}

fn whole(path: &Path) -> io::Result<u64> {
    let tensors = tensors(&mut File::open(path)?)?;
    let bytes = fs::read(path)?;
    let mut sum = 0;
    for tensor in tensors {
        let start = usize::try_from(tensor.start).map_err(io::Error::other)?;
        let end = usize::try_from(tensor.end).map_err(io::Error::other)?;
        sum += consume(&bytes[start..end]);
    }
    Ok(sum)
}

fn plain(path: &Path) -> io::Result<u64> {
    let mut file = File::open(path)?;
    let mut sum = 0;
    for tensor in tensors(&mut file)? {
        let mut bytes = buffer_for(&tensor)?;
        file.seek(SeekFrom::Start(tensor.start))?;
        file.read_exact(&mut bytes)?;
        sum += consume(&bytes);
    }
    Ok(sum)
}

fn announced(path: &Path) -> io::Result<u64> {
    let mut file = File::open(path)?;
    let tensors = tensors(&mut file)?;
    let mut sum = 0;
    for (index, tensor) in tensors.iter().enumerate() {
        // The first call announces the first tensors, and each further call announces one more.
        let next = if index == 0 {
            0..AHEAD
        } else {
            index + AHEAD - 1..index + AHEAD
        };
        for tensor in tensors.get(next).into_iter().flatten() {
            let length = NonZeroU64::new(tensor.end - tensor.start);
            fadvise(&file, tensor.start, length, Advice::WillNeed)?;
        }
        let mut bytes = buffer_for(tensor)?;
        file.seek(SeekFrom::Start(tensor.start))?;
        file.read_exact(&mut bytes)?;
        sum += consume(&bytes);
    }
    Ok(sum)
}

fn ahead(path: &Path) -> io::Result<u64> {
    let mut file = File::open(path)?;
    let tensors = tensors(&mut file)?;
    let (sender, blocks) = sync_channel(AHEAD);
    thread::scope(|scope| {
        let reader = scope.spawn(move || -> io::Result<()> {
            for tensor in tensors {
                file.seek(SeekFrom::Start(tensor.start))?;
                let mut left =
                    usize::try_from(tensor.end - tensor.start).map_err(io::Error::other)?;
                while left > 0 {
                    let mut block = vec![0; left.min(BLOCK)];
                    file.read_exact(&mut block)?;
                    left -= block.len();
                    // The receiver ends only with this scope.
                    let _ = sender.send(block);
                }
            }
            Ok(())
        });
        let sum = blocks.iter().map(|block| consume(&block)).sum();
        let read = reader
            .join()
            .map_err(|_| io::Error::other("the reader panicked"))?;
        read.map(|()| sum)
    })
}
