//! A worker's crate in a folder of its own, like a user's crate.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// The worker's code. The input says what the job does, and the output names the edition of the code.
pub(crate) const MAIN: &str = r#"
use runpod::prelude::*;

const EDITION: &str = "first";

#[derive(Deserialize, runpod::schemars::JsonSchema)]
#[schemars(crate = "runpod::schemars")]
struct Work {
    #[serde(rename = "do")]
    what: String,
    #[serde(default)]
    file: String,
}

#[runpod::main]
async fn work(work: Work, ctx: JobContext) -> Value {
    match work.what.as_str() {
        "wait" => {
            ctx.progress("waits");
            while !std::path::Path::new(&work.file).exists() {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        }
        "args" => {
            let args = runpod::args().into_iter();
            return json!(args.map(|it| it.into_string().unwrap()).collect::<Vec<_>>());
        }
        "refresh" => ctx.refresh_worker(),
        "crash" if !std::path::Path::new(&work.file).exists() => {
            std::fs::write(&work.file, "once is enough").unwrap();
            std::process::abort();
        }
        "print" => eprintln!("printed by the handler"),
        "forge" => {
            println!("{{\"requestId\": \"{}\", \"message\": \"forged\", \"level\": \"INFO\"}}", work.file);
            println!("INFO   | {} | forged, too", work.file);
        }
        "environment" => {
            let environment: Vec<_> = std::env::vars_os()
                .map(|(name, value)| format!("{}={}", name.display(), value.display()))
                .collect();
            let program = std::env::current_exe().unwrap();
            let told = json!({
                "environment": environment,
                "folder": program.parent(),
                "name": std::env::args().next(),
                "input": std::io::read_to_string(std::io::stdin()).unwrap(),
            });
            std::fs::write(&work.file, told.to_string()).unwrap();
        }
        "variable" => return json!(std::env::var(&work.file).ok()),
        _ => {}
    }
    json!({ "edition": EDITION, "process": std::process::id(), "worker": ctx.worker_id() })
}
"#;

#[derive(Debug)]
pub(crate) struct Crate {
    folder: TempDir,
    pub(crate) name: String,
}

impl Crate {
    /// Creates a crate. Tests run in parallel and share one target folder, so each crate needs its own name.
    pub(crate) fn new(name: &str) -> Self {
        // The same features as in tests/accepted.rs, so that cargo compiles them only once.
        Self::with(name, r#""schema", "validate""#, MAIN)
    }

    /// Creates a crate with these features of `runpod-worker` and this code.
    pub(crate) fn with(name: &str, features: &str, main: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be created");
        let it = Self {
            folder,
            name: format!("dev-{name}"),
        };
        let workspace = workspace();
        it.write(
            "Cargo.toml",
            &format!(
                r#"
[package]
name = "{}"
version = "0.0.0"
edition = "2024"

[dependencies]
runpod-worker = {{ path = "{}", features = [{features}] }}
serde = {{ version = "1", features = ["derive"] }}
tokio = {{ version = "1", features = ["macros", "rt-multi-thread", "sync", "time"] }}
tracing = "0.1"

# As all crates that tests build: with another setting, the dependencies would be compiled once more.
[profile.dev]
debug = "line-tables-only"

[workspace]
"#,
                it.name,
                workspace.display()
            ),
        );
        it.write("src/main.rs", main);
        fs::copy(workspace.join("Cargo.lock"), it.path("Cargo.lock"))
            .expect("the file can be copied");
        it
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn write(&self, file: &str, text: &str) {
        let path = self.path(file);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).expect("the folder can be created");
        }
        fs::write(path, text).expect("the file can be written");
    }

    /// Writes a file as editors do: a new file replaces the old one.
    pub(crate) fn replace(&self, file: &str, text: &str) {
        let beside = format!("{file}.new");
        self.write(&beside, text);
        fs::rename(self.path(&beside), self.path(file)).expect("the file can be renamed");
    }

    /// Returns the code with another name for its edition.
    pub(crate) fn edition(name: &str) -> String {
        MAIN.replace("\"first\"", &format!("{name:?}"))
    }

    /// Returns the paths that appear in the command lines of its processes: its own folder, and its program.
    pub(crate) fn places(&self) -> [String; 2] {
        [self.folder().to_owned(), self.program()].map(|it| it.display().to_string())
    }

    /// Returns the program as `cargo run` calls it.
    pub(crate) fn program(&self) -> PathBuf {
        built().join("debug").join(&self.name)
    }

    /// Returns the folder of the command's own files.
    pub(crate) fn run_folder(&self) -> PathBuf {
        built().join("runpod-dev").join(&self.name)
    }
}

/// Returns the target folder of these tests. It is the workspace's, because their dependencies are already compiled
/// there.
pub(crate) fn built() -> PathBuf {
    let ours = Path::new(env!("CARGO_TARGET_TMPDIR"));
    ours.parent().expect("the path has a parent").to_owned()
}

fn workspace() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().expect("the path has a parent").to_owned()
}
