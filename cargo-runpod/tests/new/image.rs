//! Tests the Dockerfile without Docker: its instructions are carried out in a folder.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::generated::{Worker, cargo, home, model, target, text, workers};
use crate::templates;

/// A build stage, as a folder.
struct Stage {
    name: Option<String>,
    root: PathBuf,
    workdir: String,
}

/// A finished image.
struct Image {
    root: PathBuf,
    environment: Vec<(String, String)>,
    command: Vec<String>,
}

/// Carries out the instructions of a Dockerfile. `context` is the build context. Only the instructions in our
/// Dockerfiles are supported.
fn build(dockerfile: &str, context: &Path, stages_in: &Path) -> Image {
    let mut stages: Vec<Stage> = Vec::new();
    let (mut environment, mut command) = (Vec::new(), Vec::new());
    for instruction in instructions(dockerfile) {
        let (word, rest) = instruction.split_once(' ').expect(&instruction);
        let words: Vec<&str> = rest.split_whitespace().collect();
        match (word, words.as_slice()) {
            ("FROM", [_, name @ ..]) => {
                let root = stages_in.join(stages.len().to_string());
                fs::create_dir_all(&root).expect("the folder can be created");
                let name = name.last().map(|name| (*name).to_owned());
                stages.push(Stage {
                    name,
                    root,
                    workdir: "/".to_owned(),
                });
                (environment, command) = (Vec::new(), Vec::new());
            }
            ("WORKDIR", [path]) => {
                let stage = stages.last_mut().expect("a FROM line comes first");
                (*path).clone_into(&mut stage.workdir);
                fs::create_dir_all(stage.path("")).expect("the folder can be created");
                // All stages share the workspace's target folder, so everything is compiled only once.
                symlink(target(), stage.path("target")).expect("the link can be created");
            }
            ("COPY", [from, source, destination]) if from.starts_with("--from=") => {
                let name = from.trim_start_matches("--from=");
                let from = stages
                    .iter()
                    .find(|stage| stage.name.as_deref() == Some(name));
                let source = from.expect(name).path(source);
                copy(
                    &source,
                    &stages
                        .last()
                        .expect("a FROM line comes first")
                        .path(destination),
                );
            }
            ("COPY", [sources @ .., destination]) => {
                let stage = stages.last().expect("a FROM line comes first");
                for source in sources {
                    assert!(is_in_context(context, source), "{source} is ignored");
                    let into = stage.path(destination);
                    let into = if sources.len() > 1 || destination.ends_with('/') {
                        into.join(source)
                    } else {
                        into
                    };
                    copy(&context.join(source), &into);
                }
            }
            ("RUN", _) => run(rest, stages.last().expect("a FROM line comes first")),
            ("ENV", [pair]) => {
                let (name, value) = pair.split_once('=').expect(pair);
                environment.push((name.to_owned(), value.to_owned()));
            }
            ("CMD", _) => command = serde_json::from_str(rest).expect("CMD is a list"),
            _ => panic!("this test does not support the instruction: {instruction}"),
        }
    }
    let root = stages.pop().expect("a FROM line comes first").root;
    Image {
        root,
        environment,
        command,
    }
}

/// Returns the instructions without comments, one per line.
fn instructions(dockerfile: &str) -> Vec<String> {
    let lines: Vec<_> = dockerfile
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'))
        .collect();
    let joined = lines.join("\n").replace("\\\n", " ");
    joined
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(str::to_owned)
        .collect()
}

impl Stage {
    fn path(&self, path: &str) -> PathBuf {
        let path = Path::new(&self.workdir).join(path);
        self.root
            .join(path.strip_prefix("/").expect("the path has this prefix"))
    }
}

fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        for path in templates::files(from).keys() {
            copy_file(&from.join(path), &to.join(path));
        }
    } else {
        copy_file(from, to);
    }
}

/// Copies a file with its modification time, as Docker does.
fn copy_file(from: &Path, to: &Path) {
    let copied = || {
        fs::create_dir_all(to.parent().expect("the path has a parent"))?;
        fs::copy(from, to)?;
        let time = fs::metadata(from)?.modified()?;
        fs::File::options().write(true).open(to)?.set_modified(time)
    };
    copied().unwrap_or_else(|error| panic!("{}: {error}", from.display()));
}

/// Evaluates a `.dockerignore` that ignores everything except a list of paths.
fn is_in_context(context: &Path, path: &str) -> bool {
    let ignored = fs::read_to_string(context.join(".dockerignore")).expect("the file can be read");
    assert!(ignored.lines().any(|line| line == "*"), "{ignored}");
    ignored
        .lines()
        .any(|line| line.strip_prefix('!') == Some(path))
}

/// Changes a Dockerfile to use the profile for which this machine already has the dependencies. The rest of its cargo
/// commands stays the same, so a wrong path or flag is still found.
fn with_what_is_built(dockerfile: &str) -> String {
    assert!(dockerfile.contains("cargo build --release --locked"));
    assert!(dockerfile.contains("/worker/target/release/"));
    dockerfile
        .replace("cargo build --release", "cargo build")
        .replace("/worker/target/release/", "/worker/target/debug/")
}

/// Carries out `RUN`, but without any downloads.
fn run(script: &str, stage: &Stage) {
    let mut command = cargo();
    let cargo = command.get_program().to_owned();
    command = {
        let mut shell = Command::new("sh");
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => shell.env(name, value),
                None => shell.env_remove(name),
            };
        }
        shell
    };
    let bin = Path::new(&cargo).parent().expect("cargo is in a folder");
    let path = std::env::var("PATH").unwrap_or_default();
    let output = command
        .args(["-e", "-c", script])
        .current_dir(stage.path(""))
        .env("PATH", format!("{}:{path}", bin.display()))
        .env("CARGO_NET_OFFLINE", "true")
        .env_remove("CARGO_TARGET_DIR")
        .output()
        .expect("the shell can be started");
    assert!(output.status.success(), "RUN {script}: {}", text(&output));
}

/// The layer of the dependencies is built with an empty program. The image must not contain that program.
#[test]
fn the_image_has_the_worker_and_not_the_empty_program() {
    for template in templates::SMALL {
        // This is not one of the workers that other tests run, because its program is the empty one for a moment.
        let worker = Worker::make(template, "image");
        // The image needs the worker's own lock file, which a user's first build creates.
        let locked = worker.cargo(&["update", "--workspace", "--offline"]);
        assert!(locked.status.success(), "{}", text(&locked));
        // Always the same folder, so a new run replaces the files of the previous one.
        let stages = home().join("images").join(worker.template);
        if stages.exists() {
            fs::remove_dir_all(&stages).expect("the files of an earlier run can be removed");
        }
        let dockerfile =
            fs::read_to_string(worker.folder.join("Dockerfile")).expect("the file can be read");
        let image = build(&with_what_is_built(&dockerfile), &worker.folder, &stages);
        let [program] = image.command.as_slice() else {
            panic!("{:?} is not the worker alone", image.command);
        };
        let input = fs::read_to_string(worker.folder.join("test_input.json"))
            .expect("the file can be read");
        let mut command = Command::new(image.root.join("usr/local/bin").join(program));
        command
            .args(["--test_input", &input])
            .current_dir(&image.root);
        for (name, value) in &image.environment {
            let value = value.strip_prefix('/').expect("the path has this prefix");
            command.env(name, image.root.join(value));
        }
        let output = command.output().expect("the worker runs");
        let text = text(&output);
        assert!(output.status.success(), "{}: {text}", worker.template);
        assert!(text.contains("local_test"), "{}: {text}", worker.template);
    }
}

/// The image contains only the program and the model.
#[test]
fn nothing_of_the_user_s_machine_is_in_an_image() {
    for worker in workers() {
        let dockerfile =
            fs::read_to_string(worker.folder.join("Dockerfile")).expect("the file can be read");
        let copied: Vec<_> = instructions(&dockerfile)
            .into_iter()
            .filter(|instruction| {
                instruction.starts_with("COPY") && !instruction.contains("--from")
            })
            .collect();
        let mut expected = vec!["COPY Cargo.toml Cargo.lock ./", "COPY src src"];
        if worker.template == model().template {
            expected.push("COPY model /worker/model");
        }
        assert_eq!(copied, expected);
    }
}
