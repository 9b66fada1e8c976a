//! The way from an empty folder to an endpoint that answers, with the commands of the guide's page: the worker's real
//! image goes to a real registry, and the stand-in for Runpod runs the program in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use snapbox::cmd::cargo_bin;
use tempfile::TempDir;

use crate::command::{Ran, Stage};
use crate::platform::{KEY, Platform};
use crate::registry::Registry;
use crate::terminal::Terminal;

const PAGE: &str = include_str!("../../../docs/how-to/deploy-a-worker.md");

/// A user in a shell, who has read the page.
struct User {
    stage: Stage,
    registry: Registry,
    folder: PathBuf,
}

impl User {
    fn in_an_empty_folder() -> Self {
        let stage = Stage {
            platform: Platform::with_machines(),
            room: TempDir::new().expect("there is room for a folder"),
        };
        Self {
            folder: stage.room.path().to_owned(),
            stage,
            registry: Registry::with(""),
        }
    }

    /// A command of the page, with the user's own names instead of the page's.
    fn types(&self, line: &str) -> Command {
        let line = line
            .replace("docker.io/", &self.registry.name(""))
            .replace("your-endpoint-id", "ep1");
        let mut command = Command::new("sh");
        command.args(["-c", &line]).current_dir(&self.folder);
        self.stage.set_environment(&mut command);
        let folder = |program: &Path| program.parent().expect("it is in a folder").to_owned();
        let mut path = vec![
            folder(cargo_bin!("cargo-runpod")),
            folder(Path::new(env!("CARGO"))),
        ];
        path.extend(std::env::split_paths(
            &std::env::var_os("PATH").unwrap_or_default(),
        ));
        command
            .env(
                "PATH",
                std::env::join_paths(path).expect("no path has a colon"),
            )
            // The name of the key for a queue on this machine.
            .env("RUNPOD_LOCAL_API_KEY", KEY)
            // The dependencies were compiled for other tests, with these settings.
            .env("CARGO_TARGET_DIR", target())
            .env("CARGO_PROFILE_DEV_DEBUG", "line-tables-only")
            .env("CARGO_NET_OFFLINE", "true")
            .env("CARGO_TERM_COLOR", "never");
        command
    }

    fn runs(&self, line: &str) -> Ran {
        let ran = self.stage.finish(self.types(line));
        ran.code(0);
        ran
    }

    fn edits(&self, file: &str, edit: impl Fn(&str) -> String) {
        let file = self.folder.join(file);
        let text = fs::read_to_string(&file).expect("the file can be read");
        let edited = edit(&text);
        assert_ne!(edited, text, "{} is as it was", file.display());
        fs::write(file, edited).expect("the file can be written");
    }
}

/// Returns the workspace's target folder.
fn target() -> PathBuf {
    let ours = Path::new(env!("CARGO_TARGET_TMPDIR"));
    ours.parent().expect("the path has a parent").to_owned()
}

/// The shell commands of the page, one for each block.
fn commands() -> Vec<&'static str> {
    let blocks = PAGE.split("\n```sh\n").skip(1);
    blocks
        .filter_map(|block| block.split("\n```").next())
        .collect()
}

#[test]
fn the_page_s_commands_lead_from_an_empty_folder_to_a_url_and_back() {
    let mut user = User::in_an_empty_folder();
    let [new, enter, deploy, invoke, ..] = commands()[..] else {
        panic!("the page has fewer commands");
    };

    user.runs(new);
    let folder = enter
        .strip_prefix("cd ")
        .expect("the second command enters the folder");
    user.folder.push(folder);
    // The versions that are on this machine, and the quick profile. The page leaves both to cargo.
    fs::copy(
        concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.lock"),
        user.folder.join("Cargo.lock"),
    )
    .expect("there is room");
    user.edits("Cargo.toml", |text| {
        format!("{text}\n[package.metadata.runpod.image]\nprofile = \"dev\"\n")
    });

    // On a machine without the dependencies, cargo compiles them first.
    let mut terminal = Terminal::with_patience(user.types(deploy), Duration::from_mins(30));
    terminal.sees("Create this endpoint? [y/N]");
    terminal.0.send_line("y").expect("it reads");
    let shown = terminal.ends(0);
    for part in [
        "created endpoint hello (ep1)",
        "smoke job: COMPLETED",
        r#"smoke job output: {"words":6,"longest":"not"}"#,
        "runs the new version",
    ] {
        assert!(shown.contains(part), "{part:?} is not in:\n{shown}");
    }
    let url = format!("{}/ep1/run", user.stage.platform.queue());
    assert!(
        shown.trim_end().ends_with(&url),
        "{url} is not the last line:\n{shown}"
    );
    assert!(user.runs(invoke).stdout.contains("not"));

    // The same command again.
    let again = format!("{deploy} --yes");
    user.runs(&again)
        .says("endpoint hello (ep1) is up to date; nothing was changed")
        .says("smoke job: COMPLETED")
        .does_not_say("uploaded");
    assert_eq!(user.stage.platform.changes().len(), 1);

    user.edits("src/main.rs", |text| {
        text.replace("longest.to_owned()", "longest.to_uppercase()")
    });
    user.runs(&again)
        .says("Endpoint hello (ep1, version 1) changes:\n  image  127.0.0.1")
        .says("updated endpoint hello (ep1)")
        .says("worker worker_2 runs the new version")
        .says(r#"smoke job output: {"words":6,"longest":"NOT"}"#);

    user.runs("cargo runpod deploy --rollback --yes")
        .says("worker worker_3 runs the new version");
    let answer = user.runs(invoke).stdout;
    assert!(answer.contains(r#""longest": "not""#), "{answer}");

    for line in commands()
        .iter()
        .rev()
        .take(1)
        .flat_map(|block| block.lines())
    {
        // A log that is followed has no end.
        let ran = user.runs(line.trim_end_matches(" --follow"));
        assert!(ran.stdout.contains("worker_3"), "{line}: {}", ran.stdout);
    }
    user.runs("cargo runpod delete hello --yes");
    let state = user.stage.platform.state();
    assert!(state.endpoints.is_empty());
    let machines = state.machines.clone().expect("the platform runs workers");
    drop(state);
    let exits = machines.exits();
    assert_eq!(exits.len(), 3, "{exits:?}");
    assert!(
        exits.iter().all(|(_, status)| status.success()),
        "{exits:?}"
    );
}
