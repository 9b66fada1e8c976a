//! The endpoint of the project that the command is called in: of a `cargo runpod dev` that runs there.

use std::fmt::Write as _;
use std::path::PathBuf;

use super::client::Client;
use super::code;
use super::safe_text;
use super::target::Target;
use super::trouble::Trouble;
use crate::dev_endpoint::{DevEndpoint, Owner};
use crate::failure::Failure;
use crate::selection;

/// The nearest package, or workspace, of the current folder.
#[derive(Debug)]
pub(super) struct Project {
    /// Its `Cargo.toml`.
    manifest: PathBuf,
    endpoints: Vec<DevEndpoint>,
}

impl Project {
    /// None if the current folder is in no package, or in one that cargo cannot read.
    pub(super) fn here() -> Option<Self> {
        let folder = std::env::current_dir().ok()?.canonicalize().ok()?;
        let manifest = folder
            .ancestors()
            .map(|folder| folder.join("Cargo.toml"))
            .find(|manifest| manifest.is_file())?;
        let metadata = selection::metadata(Some(&manifest)).ok()?;
        let endpoints = DevEndpoint::all(
            metadata.target_directory.as_std_path(),
            metadata.workspace_root.as_std_path(),
        );
        Some(Self {
            manifest,
            endpoints,
        })
    }

    /// The address of the endpoint that belongs to it; none if no endpoint does. `usual` is where an endpoint is by
    /// default: one of another project there is an error.
    pub(super) async fn url(
        &self,
        usual: &str,
        target: impl Fn(&str) -> Result<Target, Failure>,
    ) -> Result<Option<String>, Failure> {
        let mut serving = Vec::new();
        for endpoint in &self.endpoints {
            // A file must not lead a job, and the key for it, to another machine.
            let Some(target) = target(&endpoint.url).ok().filter(|it| it.is_here) else {
                continue;
            };
            if is_served(endpoint, target).await? {
                serving.push(endpoint);
            }
        }
        let of_this_package = serving
            .iter()
            .filter(|endpoint| endpoint.owner.manifest == self.manifest);
        let of_this_package: Vec<_> = of_this_package.copied().collect();
        match (&of_this_package[..], &serving[..]) {
            ([only], _) | ([], [only]) => return Ok(Some(only.url.clone())),
            ([], []) => {}
            ([], several) | (several, _) => return Err(which_of(several)),
        }
        match owner(target(usual)?).await? {
            Answer::Of(owner) => Err(of_another_project(usual, &owner, &self.manifest)),
            Answer::DemandsKey | Answer::Nobody => Ok(None),
        }
    }
}

enum Answer {
    Of(Owner),
    /// An endpoint that says nothing without its key.
    DemandsKey,
    /// Nothing listens there, or something that no `cargo runpod dev` has started.
    Nobody,
}

/// A file that a killed command has left behind is not believed.
async fn is_served(endpoint: &DevEndpoint, target: Target) -> Result<bool, Failure> {
    Ok(match owner(target).await? {
        Answer::Of(owner) => owner == endpoint.owner,
        // That a key is missing is told when the job is sent.
        Answer::DemandsKey => true,
        Answer::Nobody => false,
    })
}

async fn owner(target: Target) -> Result<Answer, Failure> {
    let client = Client::new(target)?;
    Ok(match client.owner().await {
        Ok(owner) => Answer::Of(owner),
        Err(Trouble::Refused { status, .. }) if matches!(status.as_u16(), 401 | 403) => {
            Answer::DemandsKey
        }
        Err(_) => Answer::Nobody,
    })
}

fn which_of(several: &[&DevEndpoint]) -> Failure {
    let mut text =
        "several endpoints of this project are running; choose one with its port:\n".to_owned();
    for DevEndpoint { url, owner, .. } in several {
        let port = url.rsplit(':').next().unwrap_or_default();
        // Writing into a string does not fail.
        let _ = write!(
            text,
            "\n  --port {port}  the program {} of the package {}",
            safe_text::line(&owner.program, 100),
            safe_text::line(&owner.package, 100)
        );
    }
    Failure::new(text).with_code(code::USAGE)
}

fn of_another_project(url: &str, owner: &Owner, manifest: &std::path::Path) -> Failure {
    let folder = safe_text::line(&owner.folder().display().to_string(), 300);
    let here = manifest.parent().unwrap_or(manifest).display();
    let port = url.rsplit(':').next().unwrap_or_default();
    Failure::new(format!(
        "the endpoint at {url} belongs to another project, the package {} in {folder}, and no `cargo runpod dev` runs in \
         {here}; nothing was sent. Start an endpoint here with\n\n  cargo runpod dev --port 8001\n\nor send the job to the \
         other project with --port {port}",
        safe_text::line(&owner.package, 100)
    ))
    .with_code(code::NO_ANSWER)
}

#[cfg(test)]
mod tests {
    use runpod_local::Endpoint;
    use serde_json::json;

    use super::*;
    use crate::invoke::target;

    fn owner(run: &str) -> Owner {
        Owner {
            run: run.to_owned(),
            package: "hello".to_owned(),
            program: "hello".to_owned(),
            manifest: "/work/hello/Cargo.toml".into(),
            workspace: "/work/hello".into(),
        }
    }

    async fn served_by(owner: Option<&Owner>) -> runpod_local::Running {
        let endpoint = Endpoint::new();
        let endpoint = match owner {
            Some(owner) => endpoint.owner(json!(owner)),
            None => endpoint,
        };
        endpoint.bind("127.0.0.1", 0).await.unwrap()
    }

    async fn url(endpoints: Vec<DevEndpoint>, usual: &str) -> Result<Option<String>, String> {
        let project = Project {
            manifest: "/work/other/Cargo.toml".into(),
            endpoints,
        };
        let url = project.url(usual, target::here).await;
        url.map_err(|failure| failure.to_string())
    }

    #[tokio::test]
    async fn the_endpoint_of_another_project_is_named_and_gets_no_job() {
        let endpoint = served_by(Some(&owner("1"))).await;
        let told = url(Vec::new(), &endpoint.url()).await.unwrap_err();
        let port = endpoint.address().port();
        for part in [
            &format!(
                "http://127.0.0.1:{port} belongs to another project, the package hello in /work/hello"
            ),
            "no `cargo runpod dev` runs in /work/other",
            &format!("--port {port}"),
        ] {
            assert!(told.contains(part), "{told}");
        }
        assert_eq!(endpoint.open_jobs().queued, 0);
    }

    #[tokio::test]
    async fn an_endpoint_without_an_owner_is_for_everybody() {
        let endpoint = served_by(None).await;
        assert_eq!(url(Vec::new(), &endpoint.url()).await, Ok(None));
        let gone = endpoint.url();
        endpoint.shutdown().await;
        assert_eq!(url(Vec::new(), &gone).await, Ok(None));
    }

    #[tokio::test]
    async fn a_file_counts_only_if_the_endpoint_at_its_address_says_the_same() {
        let usual = served_by(None).await;
        let served = served_by(Some(&owner("1"))).await;
        let file = |run: &str, url: &str| DevEndpoint {
            url: url.to_owned(),
            pid: 1,
            owner: owner(run),
        };
        let found = url(vec![file("1", &served.url())], &usual.url()).await;
        assert_eq!(found, Ok(Some(served.url())));
        // One of a run that was killed, whose port somebody else has now; and one that would lead elsewhere.
        for stale in [
            file("2", &served.url()),
            file("1", &usual.url()),
            file("1", "http://endpoints.invalid:8000"),
            file("1", "no address"),
        ] {
            assert_eq!(url(vec![stale], &usual.url()).await, Ok(None));
        }
        let found = url(
            vec![file("2", &served.url()), file("1", &served.url())],
            &usual.url(),
        )
        .await;
        assert_eq!(found, Ok(Some(served.url())));
    }
}
