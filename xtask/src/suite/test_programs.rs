//! The test programs of the workspace. The list comes from cargo, so a new test target runs without an entry here.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, iter};

use super::part::{Load, Part};
use crate::step::{self, Failure};
use crate::workspace::Workspace;

/// The test programs that start cargo in the shared target folder. A test program that is missing from this list also
/// runs, but may have to wait for cargo's lock.
const COMPILE: [&str; 6] = ["new", "dev", "build", "guide", "accepted", "invoke"];

/// The test programs that start cargo in a target folder of their own.
const COMPILE_APART: [&str; 1] = ["ui"];

/// The test programs that take longest. They start first.
const LONG: [&str; 3] = ["chaos", "conformance", "examples"];

/// A program that contains tests.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TestProgram {
    /// The name of the test target, or of the library or program whose unit tests these are.
    pub(crate) name: String,
    kind: String,
    package: String,
    /// The manifest of the package.
    manifest: PathBuf,
    executable: PathBuf,
}

/// Builds all test programs with one selection of features, so that cargo builds each dependency once.
pub(crate) fn build(workspace: &Workspace) -> Result<Vec<TestProgram>, Failure> {
    let mut build = workspace.cargo();
    build
        .args(["test", "--workspace", "--all-features", "--no-run"])
        .args(["--message-format", "json-render-diagnostics"])
        .stderr(Stdio::inherit());
    step::announce("cargo test --workspace --all-features --no-run");
    let output = step::capture(&mut build)?;
    if !output.status.success() {
        return Err(Failure::new(
            "cargo test --no-run: failed; see the compiler's messages above.",
        ));
    }
    let messages = String::from_utf8_lossy(&output.stdout);
    let mut programs: Vec<_> = messages.lines().filter_map(TestProgram::read).collect();
    if programs.is_empty() {
        return Err(Failure::new(
            "cargo test --no-run: reported no programs; the format of its messages may have changed \
             (xtask/src/suite/test_programs.rs reads them).",
        ));
    }
    programs.sort_by_key(|program| {
        let long = LONG.iter().position(|name| *name == program.name);
        let compiles = COMPILE.iter().position(|name| *name == program.name);
        (
            long.unwrap_or(LONG.len()),
            compiles.unwrap_or(COMPILE.len()),
        )
    });
    Ok(programs)
}

impl TestProgram {
    /// Reads one of cargo's messages. Returns `None` if it does not describe a test program.
    fn read(message: &str) -> Option<Self> {
        if text_of(message, "reason")? != "compiler-artifact" {
            return None;
        }
        let (_, profile) = message.split_once("\"profile\":{")?;
        let (profile, _) = profile.split_once('}')?;
        if !profile.contains("\"test\":true") {
            return None;
        }
        let (_, target) = message.split_once("\"target\":{")?;
        let (_, kind) = target.split_once("\"kind\":[\"")?;
        let kind = kind.split('"').next()?.to_owned();
        Some(Self {
            name: text_of(target, "name")?,
            kind,
            package: package(&text_of(message, "package_id")?)?,
            manifest: text_of(message, "manifest_path")?.into(),
            executable: text_of(message, "executable")?.into(),
        })
    }

    /// Returns a command that runs the program with these arguments, in the same way as cargo.
    pub(crate) fn command(&self, workspace: &Workspace, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.executable);
        workspace.as_cargo_does(&mut command);
        command
            .args(arguments)
            .env("CARGO_PKG_NAME", &self.package)
            .env("CARGO_MANIFEST_PATH", &self.manifest)
            .env("LD_LIBRARY_PATH", libraries());
        if let Some(folder) = self.manifest.parent() {
            command
                .current_dir(folder)
                .env("CARGO_MANIFEST_DIR", folder);
        }
        command
    }

    pub(crate) fn part(&self, workspace: &Workspace) -> Part {
        let is_test = self.kind == "test";
        let name = if is_test {
            self.name.clone()
        } else {
            format!("{} ({}), unit tests", self.name, self.kind)
        };
        let again = match self.kind.as_str() {
            "test" => format!("cargo xtask test --test {}", self.name),
            "bin" => format!("cargo xtask test --bin {}", self.name),
            "example" => format!("cargo xtask test --example {}", self.name),
            _ => "cargo xtask test --lib".to_owned(),
        };
        let is_one_of = |names: &[&str]| is_test && names.contains(&self.name.as_str());
        let load = if is_one_of(&COMPILE) {
            Load::Compiles
        } else if is_one_of(&COMPILE_APART) {
            Load::CompilesApart
        } else {
            Load::Waits
        };
        Part::tests(&name, self.command(workspace, &[]), &again, load)
    }
}

/// Returns a search path that includes the compiler's own libraries, because tests of procedural macros are linked with
/// them.
fn libraries() -> OsString {
    let given = env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
    let sysroot = step::capture(Command::new("rustc").args(["--print", "sysroot"]))
        .map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
        .unwrap_or_default();
    let own = Path::new(&sysroot).join("lib");
    let folders = iter::once(own).chain(env::split_paths(&given));
    env::join_paths(folders).unwrap_or(given)
}

/// Returns the name in `path+file:///folder/name#0.1.0` or `path+file:///folder#name@0.1.0`.
fn package(id: &str) -> Option<String> {
    let (url, version) = id.rsplit_once('#')?;
    let name = match version.split_once('@') {
        Some((name, _)) => name,
        None => url.rsplit('/').next()?,
    };
    Some(name.to_owned())
}

/// Returns the value of the first `"key":"value"`. Cargo writes no spaces in its messages.
fn text_of(message: &str, key: &str) -> Option<String> {
    let (_, value) = message.split_once(&format!("\"{key}\":\""))?;
    let mut text = String::new();
    let mut characters = value.chars();
    loop {
        match characters.next()? {
            '"' => return Some(text),
            // Only these escapes occur in the paths of test programs.
            '\\' => match characters.next()? {
                escaped @ ('"' | '\\' | '/') => text.push(escaped),
                _ => return None,
            },
            character => text.push(character),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{TestProgram, package, text_of};
    use crate::workspace::Workspace;

    fn message(kind: &str, name: &str, is_test: bool, executable: &str) -> String {
        format!(
            "{{\"reason\":\"compiler-artifact\",\"package_id\":\"path+file:///w#runpod-worker@0.1.0\",\
             \"manifest_path\":\"/w/Cargo.toml\",\"target\":{{\"kind\":[\"{kind}\"],\"crate_types\":[\"bin\"],\
             \"name\":\"{name}\",\"src_path\":\"/w/tests/{name}.rs\",\"edition\":\"2024\",\"test\":true}},\
             \"profile\":{{\"opt_level\":\"0\",\"debuginfo\":1,\"test\":{is_test}}},\"features\":[\"local\"],\
             \"filenames\":[\"/w/t\"],\"executable\":{executable},\"fresh\":true}}"
        )
    }

    #[test]
    fn a_test_program_is_read_from_cargo_s_message() {
        let program = TestProgram::read(&message("test", "chaos", true, "\"/w/a \\\\ b/chaos-1\""));
        let program = program.expect("a test program");
        assert_eq!(program.name, "chaos");
        assert_eq!(program.kind, "test");
        assert_eq!(program.package, "runpod-worker");
        assert_eq!(program.manifest, Path::new("/w/Cargo.toml"));
        assert_eq!(program.executable, Path::new("/w/a \\ b/chaos-1"));
    }

    #[test]
    fn the_programs_of_one_package_are_parts_of_different_names() {
        let workspace = Workspace::here();
        let names = ["rust-peer", "chaos-worker"].map(|name| {
            let program = TestProgram::read(&message("bin", name, true, "\"/w/a\""));
            program.expect("a test program").part(&workspace).name
        });
        assert_eq!(
            names,
            [
                "rust-peer (bin), unit tests",
                "chaos-worker (bin), unit tests"
            ]
        );
    }

    #[test]
    fn what_is_no_test_program_is_left_alone() {
        for other in [
            message("example", "hello", false, "\"/w/hello\""),
            message("lib", "runpod", true, "null"),
            "{\"reason\":\"build-finished\",\"success\":true}".to_owned(),
            "text".to_owned(),
        ] {
            assert_eq!(TestProgram::read(&other), None, "{other}");
        }
    }

    #[test]
    fn packages_are_named_in_both_forms_of_an_id() {
        let id = |id| package(id).expect("a package");
        assert_eq!(id("path+file:///w/cargo-runpod#0.1.0"), "cargo-runpod");
        assert_eq!(id("path+file:///w#runpod-worker@0.1.0"), "runpod-worker");
    }

    #[test]
    fn a_value_that_is_no_text_is_none() {
        assert_eq!(text_of("{\"executable\":null}", "executable"), None);
    }
}
