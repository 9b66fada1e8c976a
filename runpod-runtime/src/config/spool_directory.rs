//! The directory for undelivered results.

use std::path::PathBuf;

use super::environment::ProcessContext;
use super::platform_urls::TAKE;
use super::resolver::Resolver;
use super::url_template::address_without_worker;
use crate::text::encode_component;

const VARIABLE: &str = "RUNPOD_RESULT_SPOOL";

/// The maximum length of the platform's host in a folder name. The digest distinguishes hosts that are longer.
const LONGEST_HOST_IN_NAME: usize = 100;

/// A candidate directory for the spool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SpoolDirectory {
    pub(crate) path: PathBuf,
    /// The mount point of the network volume that contains the directory. If nothing is mounted there, the directory
    /// is not created.
    pub(crate) volume: Option<PathBuf>,
}

impl Resolver<'_> {
    /// Returns the candidate directories for the spool, the best one first, or an empty list if the spool is off.
    /// Does not access the disk, because a network volume may hang.
    ///
    /// If the user names a directory, it is the only candidate.
    pub(super) fn spools(&self, context: &ProcessContext) -> Vec<SpoolDirectory> {
        if let Some(given) = self.environment.get(VARIABLE) {
            let is_off = given.trim().eq_ignore_ascii_case("off");
            return if is_off {
                Vec::new()
            } else {
                vec![SpoolDirectory {
                    path: PathBuf::from(given),
                    volume: None,
                }]
            };
        }
        let name = self.spool_name();
        let volume = &context.volume;
        vec![
            SpoolDirectory {
                path: volume.join(".runpod-spool").join(&name),
                volume: Some(volume.clone()),
            },
            SpoolDirectory {
                path: context.temporary.join(format!("runpod-spool-{name}")),
                volume: None,
            },
        ]
    }

    /// Returns a folder name that is the same for all workers of an endpoint, and different for other endpoints. It
    /// is a single path component for any endpoint id.
    fn spool_name(&self) -> String {
        if let Some(endpoint_id) = self.environment.get("RUNPOD_ENDPOINT_ID") {
            // `..` must not lead to another directory.
            return encode_component(endpoint_id).replace('.', "%2E");
        }
        let address = self.environment.get(TAKE).and_then(|take| {
            address_without_worker(take, self.environment.get("RUNPOD_POD_ID").unwrap_or(""))
        });
        let Some((host, address)) = address else {
            return "local".to_owned();
        };
        let mut host = encode_component(&host).into_owned();
        host.truncate(LONGEST_HOST_IN_NAME);
        format!("{host}-{:032x}", digest(&[&address]))
    }
}

/// Computes a digest for file and folder names: FNV-1a with 128 bits. Unlike the standard library's hash, it is the
/// same in every build. The input comes from the platform, so the digest need not resist attacks.
pub(crate) fn digest(parts: &[&str]) -> u128 {
    const BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    let mut digest = BASIS;
    for part in parts {
        // The byte that follows each part never occurs in UTF-8, so the boundaries between parts affect the digest.
        for byte in part.bytes().chain([0xff]) {
            digest = (digest ^ u128::from(byte)).wrapping_mul(PRIME);
        }
    }
    digest
}

#[cfg(test)]
#[path = "spool_directory_tests.rs"]
mod tests;
