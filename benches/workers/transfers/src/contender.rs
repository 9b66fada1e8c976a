//! The programs that are measured.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use transfers_bench::{Order, Report};

use crate::Outcome;
use crate::bucket::Bucket;
use crate::process;

/// The variable with the path of a Python that has the SDK. `cargo xtask bench` sets it.
const PYTHON: &str = "RUNPOD_TEST_PYTHON";

/// A program that downloads and uploads files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Contender {
    Curl,
    Ours,
    Sdk,
}

/// All programs, in the order of the table's columns. The first one is the yardstick.
pub(crate) const ALL: [Contender; 3] = [Contender::Curl, Contender::Ours, Contender::Sdk];

impl Contender {
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Curl => "curl",
            Self::Ours => "`runpod-worker`",
            Self::Sdk => "Python SDK 1.12.0",
        }
    }

    /// Runs an order, and returns its figures.
    pub(crate) fn run(
        self,
        order: &Order,
        bucket: Option<&Bucket>,
        folder: &Path,
    ) -> Outcome<Report> {
        match self {
            Self::Curl => curl(order, bucket, folder),
            Self::Ours => {
                // Cargo builds the worker into the same folder as this program.
                let worker = std::env::current_exe()?.with_file_name("ours_transfers");
                let input = serde_json::json!({ "input": order }).to_string();
                let mut command = Command::new(worker);
                command.args(["--test_input", &input]);
                worker_on(command, order, bucket, folder)
            }
            Self::Sdk => {
                let python = std::env::var_os(PYTHON).ok_or_else(|| {
                    format!("{PYTHON} is not set; run `cargo xtask bench transfers`, which sets it")
                })?;
                let mut command = Command::new(python);
                command
                    .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/python_sdk.py"))
                    .arg(serde_json::to_string(order)?);
                worker_on(command, order, bucket, folder)
            }
        }
    }
}

/// Runs a worker that measures itself.
fn worker_on(
    mut command: Command,
    order: &Order,
    bucket: Option<&Bucket>,
    folder: &Path,
) -> Outcome<Report> {
    in_folder(&mut command, folder)
        .env("RUNPOD_LOG_LEVEL", "ERROR")
        .env("RUNPOD_SKIP_AUTO_SYSTEM_CHECKS", "true")
        .env("RUNPOD_SKIP_GPU_CHECK", "true")
        // The server has a loopback address, which both block by default.
        .env("RUNPOD_ALLOW_PRIVATE_DOWNLOAD_URLS", "true")
        .envs(bucket.into_iter().flat_map(Bucket::variables));
    let _ = fs::remove_file(&order.report);
    let output = command.output()?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{}: {errors}", output.status).into());
    }
    // Without a report, the job has failed. The output says why.
    let report = fs::read(&order.report).map_err(|_| {
        let (output, errors) = (&output.stdout, &output.stderr);
        let [output, errors] = [output, errors].map(|it| String::from_utf8_lossy(it));
        format!("the worker has written no report: {output}{errors}")
    })?;
    Ok(serde_json::from_slice(&report)?)
}

/// Runs curl, and subtracts what the start of the program costs.
fn curl(order: &Order, bucket: Option<&Bucket>, folder: &Path) -> Outcome<Report> {
    let mut config = String::new();
    for (number, url) in order.download.iter().enumerate() {
        let file = order.into.join(number.to_string());
        writeln!(config, "url = \"{url}\"\noutput = \"{}\"", file.display())?;
    }
    let uploads = bucket.into_iter().flat_map(|bucket| {
        let numbered = order.upload.iter().enumerate();
        numbered.map(move |(number, path)| (bucket, number, path))
    });
    for (bucket, number, path) in uploads {
        let url = bucket.presigned(&format!("curl/{number}"))?;
        writeln!(
            config,
            "url = \"{url}\"\nupload-file = \"{}\"",
            path.display()
        )?;
    }
    let place = folder.join("curl.config");
    fs::write(&place, config)?;
    let run = |arguments: &[&OsStr]| {
        let mut curl = Command::new("curl");
        in_folder(&mut curl, folder).args(arguments);
        process::measured(&mut curl)
    };
    let arguments = [
        "--silent",
        "--show-error",
        "--fail",
        "--parallel",
        "--config",
    ]
    .map(OsStr::new);
    let whole = run(&[&arguments[..], &[place.as_os_str()]].concat())?;
    let start = run(&[OsStr::new("--version")])?;
    Ok(Report {
        seconds: whole.seconds - start.seconds,
        processor_seconds: whole.processor_seconds - start.processor_seconds,
        megabytes: whole.megabytes,
    })
}

fn in_folder<'a>(command: &'a mut Command, folder: &Path) -> &'a mut Command {
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", folder)
        .env("TMPDIR", folder)
        .current_dir(folder)
        .stdin(Stdio::null())
}
