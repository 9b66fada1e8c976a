//! A real registry on this machine, and tools that read images.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// A user whose password is `correct horse`, with its bcrypt hash as `htpasswd -nbB` prints it.
const USERS: &str = "ada:$2y$05$dqdyFs/BnCwsJS1L3ms16.ZDD.Z35YMup4R3nGYMX3Rbj048sfHTa\n";

/// Debian's `docker-registry`, which is stopped when this value is dropped.
pub(crate) struct Registry {
    process: Child,
    pub(crate) host: String,
    _folder: TempDir,
}

impl Registry {
    /// Starts a registry. `more` is a part of its configuration, in which FILE is a file with a user's entry.
    pub(crate) fn with(more: &str) -> Self {
        Self::with_file(more, USERS)
    }

    /// Starts a registry. `more` is a part of its configuration, in which FILE is a file with this content.
    pub(crate) fn with_file(more: &str, content: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().to_str().unwrap();
        let more = more.replace("FILE", &format!("{place}/file"));
        let configuration = format!(
            "version: 0.1\nlog: {{level: info, accesslog: {{disabled: true}}}}\n\
             storage: {{filesystem: {{rootdirectory: {place}/data}}}}\n\
             http: {{addr: '127.0.0.1:0', secret: test}}\n{more}"
        );
        fs::write(folder.path().join("file"), content).unwrap();
        let file = folder.path().join("registry.yml");
        fs::write(&file, configuration).unwrap();
        let program = program("RUNPOD_TEST_REGISTRY", "docker-registry");
        let mut process = Command::new(&program)
            .arg("serve")
            .arg(&file)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{program}: {error}; run `cargo xtask setup`"));
        let mut log = BufReader::new(process.stderr.take().unwrap()).lines();
        let host = log
            .find_map(|line| {
                let line = line.unwrap();
                let (_, rest) = line.split_once("listening on ")?;
                let host = rest
                    .split(|it: char| it == '"' || it.is_whitespace())
                    .next();
                host.map(str::to_owned)
            })
            .expect("the registry tells its address");
        // The registry must not wait for a reader.
        std::thread::spawn(move || log.for_each(drop));
        Self {
            process,
            host,
            _folder: folder,
        }
    }

    /// The name of an image in this registry.
    pub(crate) fn name(&self, name: &str) -> String {
        format!("{}/{name}", self.host)
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn program(variable: &str, name: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| name.to_owned())
}

/// Runs skopeo or umoci, and returns its standard output.
pub(crate) fn tool(name: &str, arguments: &[&str]) -> String {
    let output = Command::new(name)
        .args(arguments)
        .output()
        .unwrap_or_else(|error| panic!("{name}: {error}; run `cargo xtask setup`"));
    assert!(
        output.status.success(),
        "{name} {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The digest of an image, as skopeo has it.
pub(crate) fn digest(image: &str) -> String {
    let arguments = [
        "inspect",
        "--tls-verify=false",
        "--format={{.Digest}}",
        image,
    ];
    tool("skopeo", &arguments).trim().to_owned()
}
