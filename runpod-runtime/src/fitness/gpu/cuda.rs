//! Uses the GPUs through the CUDA driver, which is loaded at run time.
//!
//! A kernel cannot be launched without unsafe code, so the checks only allocate, write, copy and compare. They find a
//! GPU that has fallen off the bus, has broken or no free memory, or hangs.

use std::sync::Arc;
use std::time::{Duration, Instant};

use cudarc::driver::{CudaContext, DriverError};

use crate::config::fitness::{BENCHMARK_TIMEOUT, SKIP_GPU, SKIP_SYSTEM};
use crate::fitness::check::Unfit;
use crate::process::panics::expected_now;

/// The size of the memory test, in numbers of 4 bytes: 64 MiB.
const TESTED: u32 = 16 << 20;
/// The size of the two matrices in the SDK's benchmark, in numbers of 4 bytes: 8 MiB.
const COMPUTED: u32 = 2 << 20;

/// Returns the number of GPUs that CUDA can use. With MIG, an instance counts as a GPU.
pub(super) fn count() -> Result<usize, Unfit> {
    // cudarc panics if the library does not exist.
    let counted = expected_now(CudaContext::device_count);
    let error = match counted {
        Ok(Ok(count)) => return Ok(usize::try_from(count).unwrap_or(0)),
        // With this error, the driver says that it sees no GPU.
        Ok(Err(error)) if is_no_device(error) => return Ok(0),
        Ok(Err(error)) => text(error),
        Err(panic) => panic.message,
    };
    Err(Unfit {
        found: format!("a GPU that CUDA cannot use ({error})"),
        expected: "a driver with CUDA (libcuda.so.1)".to_owned(),
        remedy: format!(
            "start the container with NVIDIA_DRIVER_CAPABILITIES=compute,utility, or set {SKIP_GPU}=true and \
             {SKIP_SYSTEM}=true"
        ),
    })
}

fn is_no_device(error: DriverError) -> bool {
    error.0 == cudarc::driver::sys::CUresult::CUDA_ERROR_NO_DEVICE
}

/// Writes to a GPU's memory and reads it back. Returns the GPU's name.
pub(super) fn test_memory(ordinal: usize) -> Result<String, String> {
    let gpu = open(ordinal)?;
    there_and_back(&gpu, TESTED)?;
    gpu.name().map_err(text)
}

/// Initialises CUDA on every GPU.
pub(super) fn initialise() -> Result<String, Unfit> {
    let gpus = count()?;
    for ordinal in 0..gpus {
        initialise_one(ordinal).map_err(|error| Unfit {
            found: format!("GPU {ordinal} that cannot be initialised ({error})"),
            expected: "a context with memory".to_owned(),
            remedy: format!("use another machine, or set {SKIP_SYSTEM}=true"),
        })?;
    }
    Ok(format!("{gpus} GPUs initialised"))
}

fn initialise_one(ordinal: usize) -> Result<(), String> {
    let gpu = open(ordinal)?;
    if gpu.total_mem().map_err(text)? == 0 {
        return Err("it reports no memory".to_owned());
    }
    let stream = gpu.default_stream();
    let _zeros = stream.alloc_zeros::<u32>(1024).map_err(text)?;
    stream.synchronize().map_err(text)
}

/// Measures how long the first GPU needs to write, copy and return two matrices.
pub(super) fn compute(longest: Duration) -> Result<String, Unfit> {
    let unfit = |found: String| Unfit {
        found,
        expected: format!(
            "two matrices written and read within {} s",
            longest.as_secs()
        ),
        remedy: format!("{BENCHMARK_TIMEOUT} sets the limit"),
    };
    if count()? == 0 {
        return Ok("no GPU".to_owned());
    }
    // The SDK does not count the initialisation either.
    let gpu = open(0).map_err(unfit)?;
    let begun = Instant::now();
    there_and_back(&gpu, COMPUTED).map_err(unfit)?;
    let took = begun.elapsed();
    let found = format!("{:.1} ms", took.as_secs_f64() * 1000.0);
    if took > longest {
        Err(unfit(found))
    } else {
        Ok(found)
    }
}

fn open(ordinal: usize) -> Result<Arc<CudaContext>, String> {
    CudaContext::new(ordinal).map_err(text)
}

/// Copies numbers to a GPU, there to other memory, and back, and compares them.
fn there_and_back(gpu: &Arc<CudaContext>, length: u32) -> Result<(), String> {
    let stream = gpu.default_stream();
    // No two neighbours are equal, and all bits change.
    let numbers: Vec<u32> = (0..length).map(|it| it.wrapping_mul(0x9e37_79b9)).collect();
    let there = stream.clone_htod(&numbers).map_err(text)?;
    let mut copied = stream.alloc_zeros::<u32>(numbers.len()).map_err(text)?;
    stream.memcpy_dtod(&there, &mut copied).map_err(text)?;
    let back = stream.clone_dtoh(&copied).map_err(text)?;
    if back == numbers {
        return Ok(());
    }
    let wrong = back.iter().zip(&numbers).filter(|(a, b)| a != b).count();
    Err(format!("{wrong} of {length} numbers came back changed"))
}

fn text(error: DriverError) -> String {
    error.to_string()
}
