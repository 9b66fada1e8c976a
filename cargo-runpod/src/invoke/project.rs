//! Finds the endpoint of the current project, which `cargo runpod dev` serves.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::arguments::Place;
use super::client::Client;
use super::code;
use super::safe_text;
use super::target::{self, LOCAL, Target, here};
use super::trouble::Trouble;
use crate::dev_endpoint::{DevEndpoint, Owner};
use crate::failure::Failure;
use crate::selection;

/// The nearest package or workspace above the current folder.
#[derive(Debug)]
pub(super) struct Project {
    /// Its `Cargo.toml`.
    manifest: PathBuf,
    /// The package's name. `None` for a workspace without a root package.
    package: Option<String>,
    /// Whether the manifest is the workspace's. If so, the endpoints of all members are candidates.
    is_root: bool,
    endpoints: Vec<DevEndpoint>,
}

/// Returns the endpoint that the flags and variables name, otherwise the project's endpoint.
pub(super) async fn chosen(place: &Place) -> Result<Target, Failure> {
    match target::named(place)? {
        Some(target) => Ok(target),
        None => of_the_folder().await,
    }
}

/// Returns the endpoint of the current folder's project, otherwise the endpoint at the default address.
async fn of_the_folder() -> Result<Target, Failure> {
    let of_the_project = match Project::here() {
        Some(project) => project.url(LOCAL, here).await?,
        // Outside a project, only the default endpoint can be meant.
        None => None,
    };
    here(of_the_project.as_deref().unwrap_or(LOCAL))
}

impl Project {
    /// Returns the project, or `None` if the current folder is in no package or cargo cannot read the package.
    pub(super) fn here() -> Option<Self> {
        Self::of(&std::env::current_dir().ok()?)
    }

    fn of(folder: &Path) -> Option<Self> {
        let folder = folder.canonicalize().ok()?;
        let manifest = folder
            .ancestors()
            .map(|folder| folder.join("Cargo.toml"))
            .find(|manifest| manifest.is_file())?;
        let metadata = selection::metadata(Some(&manifest)).ok()?;
        let endpoints = DevEndpoint::all(
            metadata.target_directory.as_std_path(),
            metadata.workspace_root.as_std_path(),
        );
        let packages = metadata.workspace_packages();
        let package = packages
            .iter()
            .find(|package| package.manifest_path.canonicalize().ok().as_ref() == Some(&manifest));
        let root = metadata.workspace_root.canonicalize().ok()?;
        Some(Self {
            package: package.map(|package| package.name.to_string()),
            is_root: manifest.parent() == Some(&root),
            manifest,
            endpoints,
        })
    }

    /// Returns the address of the project's endpoint, or `None` if it has none. `usual` is the default address. If the
    /// endpoint there belongs to another project, this is an error.
    pub(super) async fn url(
        &self,
        usual: &str,
        target: impl Fn(&str) -> Result<Target, Failure>,
    ) -> Result<Option<String>, Failure> {
        let mut serving = Vec::new();
        for endpoint in &self.endpoints {
            // A file must not send a job and its key to another machine.
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
            ([only], _) => return Ok(Some(only.url.clone())),
            ([], [only]) if self.is_root => return Ok(Some(only.url.clone())),
            // The other member's worker would reject the input, or do something else with it.
            ([], [only]) => return Err(self.of_another_member(only)),
            ([], []) => {}
            ([], several) | (several, _) => return Err(which_of(several)),
        }
        match owner(target(usual)?).await? {
            // If `CARGO_TARGET_DIR` differs between two terminals, the endpoint's file is in another target folder.
            Answer::Of(owner) if self.owns(&owner) => Ok(None),
            Answer::Of(owner) => Err(of_another_project(usual, &owner, &self.manifest)),
            Answer::DemandsKey | Answer::Nobody => Ok(None),
        }
    }

    fn owns(&self, owner: &Owner) -> bool {
        let is_of_a_member = self.manifest.parent() == Some(&*owner.workspace);
        owner.manifest == self.manifest || (self.is_root && is_of_a_member)
    }

    fn of_another_member(&self, DevEndpoint { url, owner, .. }: &DevEndpoint) -> Failure {
        let port = url.rsplit(':').next().unwrap_or_default();
        let package = safe_text::line(&owner.package, 100);
        let folder = safe_text::line(&owner.folder().display().to_string(), 300);
        let here = self.manifest.parent().unwrap_or(&self.manifest).display();
        let here = match &self.package {
            Some(name) => format!("the package {name} in {here}"),
            None => here.to_string(),
        };
        Failure::new(format!(
            "the only endpoint of this workspace, at {url}, belongs to the package {package} in {folder}; no \
             `cargo runpod dev` runs for {here}. Nothing was sent. Start an endpoint here with\n\n  cargo runpod dev --port 0\n\n\
             or send the job to {package} with --port {port}"
        ))
        .with_code(code::NO_ANSWER)
    }
}

enum Answer {
    Of(Owner),
    /// The endpoint requires its key for this request.
    DemandsKey,
    /// Nothing listens there, or the endpoint was not started by `cargo runpod dev`.
    Nobody,
}

/// Tells whether the endpoint at the address is the one in the file. A killed command leaves its file behind.
async fn is_served(endpoint: &DevEndpoint, target: Target) -> Result<bool, Failure> {
    Ok(match owner(target).await? {
        Answer::Of(owner) => owner == endpoint.owner,
        // A missing key is reported when the job is sent.
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
        "several endpoints of this project are running; choose one by its port:\n".to_owned();
    for DevEndpoint { url, owner, .. } in several {
        let port = url.rsplit(':').next().unwrap_or_default();
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "\n  --port {port}  the program {} of the package {}",
            safe_text::line(&owner.program, 100),
            safe_text::line(&owner.package, 100)
        );
    }
    Failure::new(text).with_code(code::USAGE)
}

fn of_another_project(url: &str, owner: &Owner, manifest: &Path) -> Failure {
    let folder = safe_text::line(&owner.folder().display().to_string(), 300);
    let here = manifest.parent().unwrap_or(manifest).display();
    let port = url.rsplit(':').next().unwrap_or_default();
    Failure::new(format!(
        "the endpoint at {url} belongs to another project, the package {} in {folder}; no `cargo runpod dev` runs in \
         {here}. Nothing was sent. Start an endpoint here with\n\n  cargo runpod dev --port 8001\n\nor send the job to the \
         other project with --port {port}",
        safe_text::line(&owner.package, 100)
    ))
    .with_code(code::NO_ANSWER)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use runpod_local::Endpoint;
    use serde_json::json;

    use super::*;

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
            package: Some("other".to_owned()),
            is_root: true,
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
    async fn a_job_of_one_member_is_not_sent_to_the_endpoint_of_another() {
        let folder = tempfile::tempdir().unwrap();
        let write = |file: &str, text: &str| {
            let file = folder.path().join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        };
        write(
            "Cargo.toml",
            "[workspace]\nresolver = \"3\"\nmembers = [\"a\", \"b\"]\n",
        );
        for member in ["a", "b"] {
            write(
                &format!("{member}/Cargo.toml"),
                &format!("[package]\nname = \"member-{member}\"\nedition = \"2024\"\n"),
            );
            write(&format!("{member}/src/main.rs"), "fn main() {}\n");
        }
        let root = folder.path().canonicalize().unwrap();
        let of_a = Owner {
            package: "member-a".to_owned(),
            manifest: root.join("a/Cargo.toml"),
            workspace: root.clone(),
            ..owner("1")
        };
        let usual = served_by(None).await;
        let served = served_by(Some(&of_a)).await;
        let url = async |folder: &str| {
            let mut project = Project::of(&root.join(folder)).expect("cargo can read it");
            // This is what `DevEndpoint::all` would find in the target folder.
            project.endpoints = vec![DevEndpoint {
                url: served.url(),
                pid: 1,
                owner: of_a.clone(),
            }];
            let url = project.url(&usual.url(), target::here).await;
            url.map_err(|failure| failure.to_string())
        };
        for accepted in ["", "a", "a/src"] {
            assert_eq!(url(accepted).await, Ok(Some(served.url())), "{accepted}");
        }
        let told = url("b/src").await.unwrap_err();
        let port = served.address().port();
        for part in [
            "belongs to the package member-a in ",
            "no `cargo runpod dev` runs for the package member-b in ",
            &format!("send the job to member-a with --port {port}"),
        ] {
            assert!(told.contains(part), "{told}");
        }
    }

    #[tokio::test]
    async fn an_endpoint_of_this_project_is_used_though_its_file_is_in_another_target_folder() {
        for (manifest, is_root, is_used) in [
            ("/work/hello/Cargo.toml", true, true),
            ("/work/hello/member/Cargo.toml", false, false),
        ] {
            let of_the_root = served_by(Some(&owner("1"))).await;
            let project = Project {
                manifest: manifest.into(),
                package: None,
                is_root,
                endpoints: Vec::new(),
            };
            let url = project.url(&of_the_root.url(), target::here).await;
            assert_eq!(url.is_ok_and(|url| url.is_none()), is_used, "{manifest}");
        }
        let of_a_member = Owner {
            manifest: "/work/hello/member/Cargo.toml".into(),
            ..owner("1")
        };
        let endpoint = served_by(Some(&of_a_member)).await;
        let root = Project {
            manifest: "/work/hello/Cargo.toml".into(),
            package: None,
            is_root: true,
            endpoints: Vec::new(),
        };
        assert_eq!(
            root.url(&endpoint.url(), target::here).await.ok(),
            Some(None)
        );
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
        // The file of a killed run whose port another program uses now, and files that lead elsewhere.
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
