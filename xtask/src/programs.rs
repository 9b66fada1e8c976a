//! The programs that the suites start, and the environment variables with their paths.

use std::path::PathBuf;
use std::process::Command;

use crate::cargo_tools;
use crate::chromium;
use crate::python;
use crate::step::{self, Failure};
use crate::tools::Tools;
use crate::workspace::Workspace;

#[derive(Debug)]
pub(crate) struct Programs {
    pub(crate) python: PathBuf,
    chromium: Result<PathBuf, Failure>,
    node: Result<(), Failure>,
    s3: Result<PathBuf, Failure>,
    /// The worker from `tests/peers/src`.
    pub(crate) worker: PathBuf,
    /// The stand-alone endpoint.
    pub(crate) local: PathBuf,
    chaos_worker: PathBuf,
    /// An example that describes its input and output.
    pub(crate) described: PathBuf,
    /// Two examples that serve `OpenAI` clients.
    chat: PathBuf,
    tools: PathBuf,
    serve_http: PathBuf,
    /// A load balancer with a worker behind it.
    balanced: PathBuf,
    routes: PathBuf,
    stream: PathBuf,
}

impl Programs {
    /// Builds the programs of this workspace, with the features that all its tests use. All examples are built too,
    /// because they make cargo include the dependencies of tests. With any other selection, cargo would build
    /// dependencies a second time.
    pub(crate) fn build(workspace: &Workspace, tools: &Tools) -> Result<Self, Failure> {
        let mut build = workspace.cargo();
        build
            .args(["build", "--workspace", "--all-features"])
            .args(["--bins", "--examples"]);
        step::run(
            "cargo build --workspace --all-features --bins --examples",
            &mut build,
        )?;
        Self::built(workspace, tools)
    }

    /// Returns the programs of an earlier build.
    pub(crate) fn built(workspace: &Workspace, tools: &Tools) -> Result<Self, Failure> {
        let place = |path: &str| {
            let program = workspace.target().join("debug").join(path);
            if program.is_file() {
                Ok(program)
            } else {
                Err(Failure::new(format!(
                    "{path} is missing: cargo should have built it at {}. If cargo's configuration sets `build.target`, \
                     unset it.",
                    program.display()
                )))
            }
        };
        Ok(Self {
            python: tools.python.clone(),
            chromium: tools.chromium.clone(),
            node: tools.node.clone(),
            s3: tools.s3.clone(),
            worker: place("rust-peer")?,
            local: place("runpod-local")?,
            chaos_worker: place("chaos-worker")?,
            described: place("examples/validated")?,
            chat: place("examples/chat")?,
            tools: place("examples/tools")?,
            serve_http: place("examples/serve_http")?,
            balanced: place("examples/balanced")?,
            routes: place("examples/routes")?,
            stream: place("examples/stream")?,
        })
    }

    /// Fails if Node.js is missing, which the JavaScript suites need.
    pub(crate) fn need_node(&self) -> Result<(), Failure> {
        self.node.clone()
    }

    /// Fails if Node.js or Chromium is missing, which the suite of the page needs.
    pub(crate) fn need_browser(&self) -> Result<(), Failure> {
        self.need_node()?;
        self.chromium.clone().map(drop)
    }

    /// Sets the variables with the programs' paths, for a suite that starts them itself.
    pub(crate) fn named_to<'a>(&self, suite: &'a mut Command) -> &'a mut Command {
        if let Ok(chromium) = &self.chromium {
            suite.env(chromium::VARIABLE, chromium);
        }
        if let Ok(s3) = &self.s3 {
            suite.env(cargo_tools::S3_VARIABLE, s3);
        }
        without_proxy(suite)
            .env(python::VARIABLE, &self.python)
            .env("RUNPOD_TEST_WORKER", &self.worker)
            .env("RUNPOD_TEST_LOCAL", &self.local)
            .env("RUNPOD_CHAOS_WORKER", &self.chaos_worker)
            .env("RUNPOD_TEST_DESCRIBED", &self.described)
            .env("RUNPOD_TEST_CHAT", &self.chat)
            .env("RUNPOD_TEST_TOOLS", &self.tools)
            .env("RUNPOD_TEST_SERVE_HTTP", &self.serve_http)
            .env("RUNPOD_TEST_BALANCED", &self.balanced)
            .env("RUNPOD_TEST_ROUTES", &self.routes)
            .env("RUNPOD_TEST_STREAM", &self.stream)
    }
}

/// Turns the proxy off for connections to this machine. Downloads may still need it.
pub(crate) fn without_proxy(command: &mut Command) -> &mut Command {
    command
        .env("NO_PROXY", "127.0.0.1,localhost")
        .env("no_proxy", "127.0.0.1,localhost")
}
