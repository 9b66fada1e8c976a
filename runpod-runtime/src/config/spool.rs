//! Where undelivered results are kept.

use std::path::PathBuf;

use super::digest::digest;
use super::platform_urls::TAKE;
use super::resolving::Resolving;
use super::settings::Surroundings;
use super::url_template::{address_without_worker, encode_component};

const VARIABLE: &str = "RUNPOD_RESULT_SPOOL";

/// How much of the platform's host is in the name of a folder; the digest behind it tells longer hosts apart.
const LONGEST_HOST_IN_NAME: usize = 100;

impl Resolving<'_> {
    /// The directories in which results may be kept, the best one first; none where the spool is off.
    ///
    /// A directory that the user names has no substitute.
    pub(super) fn spools(&self, surroundings: &Surroundings) -> Vec<PathBuf> {
        if let Some(given) = self.environment.get(VARIABLE) {
            let is_off = given.trim().eq_ignore_ascii_case("off");
            return if is_off {
                Vec::new()
            } else {
                vec![PathBuf::from(given)]
            };
        }
        let name = self.spool_name();
        let mut spools = Vec::new();
        if surroundings.volume.is_dir() {
            spools.push(surroundings.volume.join(".runpod-spool").join(&name));
        }
        spools.push(surroundings.temporary.join(format!("runpod-spool-{name}")));
        spools
    }

    /// A folder that only workers of the same endpoint share. It is one part of a path, whatever the endpoint's id is.
    fn spool_name(&self) -> String {
        if let Some(endpoint_id) = self.environment.get("RUNPOD_ENDPOINT_ID") {
            // `..` must not lead elsewhere.
            return encode_component(endpoint_id).replace('.', "%2E");
        }
        let address = self.environment.get(TAKE).and_then(|take| {
            address_without_worker(take, self.environment.get("RUNPOD_POD_ID").unwrap_or(""))
        });
        let Some((host, address)) = address else {
            return "local".to_owned();
        };
        let mut host = encode_component(&host);
        host.truncate(LONGEST_HOST_IN_NAME);
        format!("{host}-{:032x}", digest(&[&address]))
    }
}

#[cfg(test)]
#[path = "spool_tests.rs"]
mod tests;
