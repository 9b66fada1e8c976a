//! The user's credentials for a registry.

use std::env;
use std::path::PathBuf;

use docker_credential::{CredentialRetrievalError as Error, DockerCredential};

use super::name::Name;
use crate::failure::Failure;

/// The variables that name a user and a password for the registry that an image is pushed to.
pub(crate) const USER: &str = "RUNPOD_REGISTRY_USER";
pub(crate) const PASSWORD: &str = "RUNPOD_REGISTRY_PASSWORD";

/// Credentials. They have no `Debug` output, so that no message can contain them.
#[derive(Clone)]
pub(crate) enum Credentials {
    Password {
        user: String,
        password: String,
    },
    /// A token that is exchanged for short-lived ones.
    Identity(String),
}

impl Credentials {
    /// Finds the credentials for pushing: in the environment, otherwise as [`Self::for_pull`] does.
    pub(crate) fn for_push(name: &Name) -> Result<Option<Self>, Failure> {
        let variable = |name| env::var(name).ok().filter(|value| !value.is_empty());
        match (variable(USER), variable(PASSWORD)) {
            (Some(user), Some(password)) => Ok(Some(Self::Password { user, password })),
            (None, None) => Self::for_pull(name),
            (user, _) => {
                let (there, missing) = if user.is_some() {
                    (USER, PASSWORD)
                } else {
                    (PASSWORD, USER)
                };
                Err(Failure::new(format!(
                    "{there} is set but {missing} is not; set both, or unset both to use the credentials of \
                     `docker login`"
                )))
            }
        }
    }

    /// Finds the credentials in the configuration of Docker or Podman, or asks the helper that it names. Credentials from
    /// the environment are not for these registries: a base image may come from anywhere.
    pub(crate) fn for_pull(name: &Name) -> Result<Option<Self>, Failure> {
        let server = match name.registry() {
            // The name under which Docker keeps the credentials of its own registry.
            "docker.io" | "index.docker.io" => "https://index.docker.io/v1/",
            registry => registry,
        };
        if docker_configuration().is_some_and(|file| file.is_file())
            && let Some(found) = found(docker_credential::get_credential(server), server)?
        {
            return Ok(Some(found));
        }
        match docker_credential::get_podman_credential(server) {
            Err(Error::ConfigReadError) => Ok(None),
            answer => found(answer, server),
        }
    }
}

fn docker_configuration() -> Option<PathBuf> {
    let folder = env::var_os("DOCKER_CONFIG")
        .map(PathBuf::from)
        .or_else(|| Some(env::home_dir()?.join(".docker")))?;
    Some(folder.join("config.json"))
}

fn found(
    answer: Result<DockerCredential, Error>,
    server: &str,
) -> Result<Option<Credentials>, Failure> {
    let told = match answer {
        Ok(DockerCredential::UsernamePassword(user, password)) => {
            return Ok(Some(Credentials::Password { user, password }));
        }
        Ok(DockerCredential::IdentityToken(token)) => {
            return Ok(Some(Credentials::Identity(token)));
        }
        Err(Error::NoCredentialConfigured | Error::ConfigNotFound) => return Ok(None),
        // The helpers have this message in common. They print it on standard output.
        Err(Error::HelperFailure { stdout, .. }) if stdout.contains("credentials not found") => {
            return Ok(None);
        }
        // A helper's standard output may contain a secret.
        Err(Error::HelperFailure { helper, stderr, .. }) => {
            format!("the credential helper `{helper}` failed: {}", stderr.trim())
        }
        Err(Error::HelperCommunicationError) => {
            "the credential helper that it names cannot be started; put it on PATH".to_owned()
        }
        Err(Error::ConfigReadError) => "it cannot be read as JSON".to_owned(),
        Err(error) => error.to_string(),
    };
    Err(Failure::new(format!(
        "the credentials for {server} could not be read from the configuration of Docker or Podman: {told}\nCorrect the \
         file, run `docker login`, or set {USER} and {PASSWORD}"
    )))
}
