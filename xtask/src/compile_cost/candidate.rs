//! The workers to compare. Each one is a separate crate, written as a user would write it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::step::{self, Failure};
use crate::workspace::Workspace;

#[derive(Debug)]
pub(super) struct Candidate {
    /// The name in the table.
    pub(super) title: &'static str,
    /// The dependency that is compared. The table shows its version.
    pub(super) subject: &'static str,
    folder: &'static str,
    /// The feature of this repository's package that the worker needs.
    feature: Option<&'static str>,
    /// The table `[dependencies]`; `{root}` stands for this repository.
    dependencies: &'static str,
    /// The text of `src/main.rs`. `{greeting}` in the handler's body is a placeholder that the edits change.
    main: &'static str,
}

/// The smallest worker from the README.
const HELLO: &str = r#"
use runpod::prelude::*;

#[derive(Deserialize)]
struct Greeting {
    name: String,
}

#[runpod::main]
async fn greet(input: Greeting) -> String {
    format!("{greeting}, {}!", input.name)
}
"#;

/// All workers. Our worker comes first, because the ratios in the table refer to the first worker.
pub(super) static ALL: [Candidate; 4] = [
    Candidate {
        title: "`runpod-worker`",
        subject: "runpod-worker",
        folder: "hello-lean",
        feature: None,
        dependencies: r#"
runpod-worker = { path = "{root}", default-features = false }
serde = { version = "1", features = ["derive"] }
"#,
        main: HELLO,
    },
    // Our default features include a local endpoint. For `lambda_runtime`, that is a separate program:
    // `cargo lambda watch`.
    Candidate {
        title: "`runpod-worker` with the local endpoint",
        subject: "runpod-worker",
        folder: "hello",
        feature: Some("local"),
        dependencies: r#"
runpod-worker = { path = "{root}" }
serde = { version = "1", features = ["derive"] }
"#,
        main: HELLO,
    },
    // The program that `cargo lambda new` writes.
    Candidate {
        title: "`lambda_runtime`",
        subject: "lambda_runtime",
        folder: "lambda",
        feature: None,
        dependencies: r#"
lambda_runtime = "*"
serde = { version = "1", features = ["derive"] }
tokio = { version = "1", features = ["macros"] }
"#,
        main: r#"
use lambda_runtime::{Error, LambdaEvent, run, service_fn, tracing};
use serde::Deserialize;

#[derive(Deserialize)]
struct Greeting {
    name: String,
}

async fn greet(event: LambdaEvent<Greeting>) -> Result<String, Error> {
    Ok(format!("{greeting}, {}!", event.payload.name))
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    run(service_fn(greet)).await
}
"#,
    },
    // A Lambda function reaches its runtime API over plain HTTP on the same machine. A Runpod worker needs TLS, and
    // finishes its jobs after SIGTERM. This candidate adds both, and sends progress from the handler, so that it does
    // comparable work. It uses the TLS setup with the fewest crates.
    Candidate {
        title: "`lambda_runtime` with HTTPS and graceful shutdown",
        subject: "lambda_runtime",
        folder: "lambda-https",
        feature: None,
        dependencies: r#"
lambda_runtime = { version = "*", features = ["graceful-shutdown"] }
reqwest = { version = "0.13", default-features = false, features = ["rustls-no-provider"] }
rustls = { version = "0.23", default-features = false, features = ["ring", "std", "tls12"] }
serde = { version = "1", features = ["derive"] }
tokio = { version = "1", features = ["macros"] }
webpki-roots = "1"
"#,
        main: r#"
use std::sync::Arc;

use lambda_runtime::{Error, LambdaEvent, run, service_fn, spawn_graceful_shutdown_handler, tracing};
use reqwest::Client;
use rustls::{ClientConfig, RootCertStore};
use serde::Deserialize;

#[derive(Deserialize)]
struct Greeting {
    name: String,
}

async fn greet(event: LambdaEvent<Greeting>, client: &Client) -> Result<String, Error> {
    client.post("https://example.com/progress").body("started").send().await?;
    Ok(format!("{greeting}, {}!", event.payload.name))
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let tls = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let client = &Client::builder().tls_backend_preconfigured(tls).build()?;
    spawn_graceful_shutdown_handler(|| async {}).await;
    run(service_fn(move |event| greet(event, client))).await
}
"#,
    },
];

/// The smallest worker with one feature of our package and without the default features.
macro_rules! with_feature {
    ($feature:literal) => {
        Candidate {
            title: concat!("`", $feature, "`"),
            subject: "runpod-worker",
            folder: concat!("feature-", $feature),
            feature: Some($feature),
            dependencies: concat!(
                "\nrunpod-worker = { path = \"{root}\", default-features = false, features = [\"",
                $feature,
                "\"] }\nserde = { version = \"1\", features = [\"derive\"] }\n"
            ),
            main: HELLO,
        }
    };
}

/// The smallest worker without a feature, and with each feature of our package.
pub(super) static FEATURES: [Candidate; 14] = [
    Candidate {
        title: "none",
        subject: "runpod-worker",
        folder: "feature-none",
        feature: None,
        dependencies: r#"
runpod-worker = { path = "{root}", default-features = false }
serde = { version = "1", features = ["derive"] }
"#,
        main: HELLO,
    },
    with_feature!("local"),
    with_feature!("http"),
    with_feature!("gpu"),
    with_feature!("metrics"),
    with_feature!("otel"),
    with_feature!("schema"),
    with_feature!("validate"),
    with_feature!("download"),
    with_feature!("unpack"),
    with_feature!("upload"),
    with_feature!("volume-cache"),
    with_feature!("openai"),
    with_feature!("media"),
];

/// Returns the candidates that this repository can build.
pub(super) fn present(
    candidates: &'static [Candidate],
    workspace: &Workspace,
) -> Result<Vec<&'static Candidate>, Failure> {
    let file = workspace.file("Cargo.toml");
    let manifest = fs::read_to_string(&file)
        .map_err(|error| Failure::new(format!("cannot read {}: {error}", file.display())))?;
    Ok(candidates
        .iter()
        .filter(|candidate| {
            candidate
                .feature
                .is_none_or(|feature| has_feature(&manifest, feature))
        })
        .collect())
}

/// Returns whether a manifest defines this feature in its table `[features]`.
fn has_feature(manifest: &str, feature: &str) -> bool {
    manifest
        .lines()
        .skip_while(|line| line.trim() != "[features]")
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split_once('='))
        .any(|(name, _)| name.trim() == feature)
}

/// Turns incremental compilation off for our crates. The dev profile uses it for path dependencies, which costs time,
/// but not for crates from a registry.
const AS_FROM_A_REGISTRY: &str = "\
[profile.dev.package]
runpod-local = { incremental = false }
runpod-macros = { incremental = false }
runpod-runtime = { incremental = false }
runpod-worker = { incremental = false }
";

/// A worker whose crate is on disk and whose dependencies are downloaded.
#[derive(Debug)]
pub(super) struct Prepared<'c> {
    pub(super) candidate: &'c Candidate,
    folder: PathBuf,
    build: PathBuf,
    cargo: PathBuf,
    jobs: usize,
}

impl<'c> Prepared<'c> {
    pub(super) fn new(
        candidate: &'c Candidate,
        workspace: &Workspace,
        folder: &Path,
        jobs: usize,
    ) -> Result<Self, Failure> {
        let prepared = Self {
            candidate,
            folder: folder.join(candidate.folder),
            build: folder.join("build").join(candidate.folder),
            cargo: workspace.cargo().get_program().into(),
            jobs,
        };
        let root = workspace.file("").display().to_string();
        let manifest = format!(
            "[package]\nname = \"worker\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
             # A separate workspace, although the folder of another one contains it.\n[workspace]\n\n\
             [dependencies]{}\n[profile.release]\nstrip = true\n\n{AS_FROM_A_REGISTRY}",
            candidate
                .dependencies
                .replace("{root}", root.trim_end_matches('/'))
        );
        let source = prepared.folder.join("src");
        fs::create_dir_all(&source).map_err(|error| step::unwritten(&source, &error))?;
        let file = prepared.folder.join("Cargo.toml");
        fs::write(&file, manifest).map_err(|error| step::unwritten(&file, &error))?;
        prepared.write_handler("Hello")?;
        // Without the lock file of the last run, cargo selects the newest releases. The file may not exist yet.
        let _ = fs::remove_file(prepared.folder.join("Cargo.lock"));
        step::run(
            &format!("cargo fetch, {}", prepared.name()),
            &mut prepared.cargo("fetch"),
        )?;
        Ok(prepared)
    }

    /// Builds in the folder `build`, which other workers may use too. Cargo then compiles each crate only once.
    pub(super) fn shared(self, build: PathBuf) -> Self {
        Self { build, ..self }
    }

    pub(super) fn name(&self) -> &'static str {
        self.candidate.folder
    }

    /// Writes the program, with `greeting` in place of the placeholder.
    pub(super) fn write_handler(&self, greeting: &str) -> Result<(), Failure> {
        let file = self.folder.join("src").join("main.rs");
        let program = self.candidate.main.replace("{greeting}", greeting);
        fs::write(&file, program.trim_start()).map_err(|error| step::unwritten(&file, &error))
    }

    /// Deletes the files of earlier builds.
    pub(super) fn clear(&self) -> Result<(), Failure> {
        match fs::remove_dir_all(&self.build) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Failure::new(
                format!("cannot delete {}: {error}", self.build.display()),
            )),
            _ => Ok(()),
        }
    }

    pub(super) fn release_binary(&self) -> PathBuf {
        let name = format!("worker{}", std::env::consts::EXE_SUFFIX);
        self.build.join("release").join(name)
    }

    /// Runs `cargo check`, so that the next check compiles only the handler's crate.
    pub(super) fn check(&self) -> Result<(), Failure> {
        step::run(
            &format!("cargo check, {}", self.name()),
            &mut self.offline("check"),
        )
    }

    /// Returns a cargo command that uses no network and the same number of build jobs for every candidate.
    pub(super) fn offline(&self, command: &str) -> Command {
        let mut cargo = self.cargo(command);
        cargo.args(["--offline", "--quiet"]);
        if command != "tree" {
            cargo.arg("--jobs").arg(self.jobs.to_string());
        }
        cargo
    }

    fn cargo(&self, command: &str) -> Command {
        let mut cargo = Command::new(&self.cargo);
        cargo
            .arg(command)
            .arg("--manifest-path")
            .arg(self.folder.join("Cargo.toml"))
            .env("CARGO_TARGET_DIR", &self.build)
            // With a wrapper such as sccache, the measurement would include cached compilations.
            .env("RUSTC_WRAPPER", "");
        cargo
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feature_is_looked_for_in_its_table_only() {
        let manifest = "[features]\n# local = []\ndefault = [\"page\"]\npage = []\n\n[dependencies]\nlocal = \"1\"\n";
        assert!(has_feature(manifest, "page"));
        assert!(!has_feature(manifest, "local"));
        assert!(!has_feature("[package]\nlocal = 1\n", "local"));
    }
}
