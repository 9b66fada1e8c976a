//! Checks the variables whose values become a request header or a part of a URL.

use super::error::Fault;
use super::resolver::Resolver;
use super::secret::Secret;

/// The variable with the key that this worker sends to the platform.
pub(super) const API_KEY: &str = "RUNPOD_AI_API_KEY";

/// The variable with the key that the local endpoint requires, if the variable is set. It differs from the platform's
/// variable, because many developers have set that one, and a local server must not use its value.
pub(super) const LOCAL_API_KEY: &str = "RUNPOD_LOCAL_API_KEY";

const POD_ID: &str = "RUNPOD_POD_ID";

impl Resolver<'_> {
    pub(super) fn api_key(&mut self) -> Option<Secret> {
        let key = self.environment.get(API_KEY)?;
        if key.trim().is_empty() {
            self.fault(blank(API_KEY));
            return None;
        }
        self.check(sendable(API_KEY, key, |character| {
            !character.is_ascii_control() || character == '\t'
        }))
    }

    /// This key is checked more strictly than the platform's key, because clients in any language must be able to
    /// send it.
    pub(super) fn local_api_key(&mut self) -> Option<Secret> {
        // For example, `RUNPOD_LOCAL_API_KEY=$UNSET` would leave an endpoint open that should require a key.
        if self.environment.is_empty(LOCAL_API_KEY) {
            self.fault(blank(LOCAL_API_KEY));
            return None;
        }
        let key = self.environment.get(LOCAL_API_KEY)?;
        if key.trim().is_empty() {
            self.fault(blank(LOCAL_API_KEY));
            return None;
        }
        if key.starts_with(' ') || key.ends_with(' ') {
            self.fault(
                Fault::new(LOCAL_API_KEY, "the key starts or ends with a space").expected(
                    "a key without surrounding spaces, because request headers drop them",
                ),
            );
            return None;
        }
        self.check(sendable(LOCAL_API_KEY, key, |character| {
            character.is_ascii_graphic() || character == ' '
        }))
    }

    /// The id is part of every URL. With a line break at its end, it would name another worker.
    pub(super) fn pod_id(&mut self) -> Option<String> {
        let id = self.environment.get(POD_ID)?;
        match id.chars().position(char::is_control) {
            None => Some(id.to_owned()),
            Some(index) => {
                self.fault(
                    Fault::new(
                        POD_ID,
                        format!(
                            "character {} of {} is a control character",
                            index + 1,
                            id.chars().count()
                        ),
                    )
                    .expected("an id without control characters")
                    .remedy("set it again, without a line break at its end"),
                );
                None
            }
        }
    }
}

fn blank(variable: &str) -> Fault {
    Fault::new(variable, "the value is empty or blank")
        .expected("a key")
        .remedy("set it to the key, or unset it")
}

fn sendable(variable: &str, key: &str, fits: impl Fn(char) -> bool) -> Result<Secret, Fault> {
    match key.chars().position(|character| !fits(character)) {
        None => Ok(Secret::new(key)),
        Some(index) => Err(Fault::new(
            variable,
            format!(
                "character {} of {} cannot be sent in a request header",
                index + 1,
                key.chars().count()
            ),
        )
        .expected("a key without control characters")
        .remedy("copy the key again, without a line break at its end")),
    }
}
