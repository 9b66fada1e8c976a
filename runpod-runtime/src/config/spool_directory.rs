//! Where undelivered results are kept.

use std::path::PathBuf;

use super::environment::ProcessContext;
use super::platform_urls::TAKE;
use super::resolver::Resolver;
use super::url_template::address_without_worker;
use crate::text::encode_component;

const VARIABLE: &str = "RUNPOD_RESULT_SPOOL";

/// How much of the platform's host is in the name of a folder; the digest behind it tells longer hosts apart.
const LONGEST_HOST_IN_NAME: usize = 100;

/// A directory in which results may be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SpoolDirectory {
    pub(crate) path: PathBuf,
    /// The mount point of the network volume that the directory is on. If nothing is mounted, the directory is not made.
    pub(crate) volume: Option<PathBuf>,
}

impl Resolver<'_> {
    /// The directories in which results may be kept, the best one first; none if the spool is off. No disk is touched: a
    /// network volume may hang.
    ///
    /// A directory that the user names has no substitute.
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
        let mut host = encode_component(&host).into_owned();
        host.truncate(LONGEST_HOST_IN_NAME);
        format!("{host}-{:032x}", digest(&[&address]))
    }
}

/// A digest for names of files and folders: FNV-1a, 128 bits: the same in every build, unlike the standard library's. What is digested comes from the platform, so
/// the digest need not withstand an attack.
pub(crate) fn digest(parts: &[&str]) -> u128 {
    const BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    let mut digest = BASIS;
    for part in parts {
        // The byte after each part occurs in no text, so that two parts are not taken for one.
        for byte in part.bytes().chain([0xff]) {
            digest = (digest ^ u128::from(byte)).wrapping_mul(PRIME);
        }
    }
    digest
}

#[cfg(test)]
#[path = "spool_directory_tests.rs"]
mod tests;
