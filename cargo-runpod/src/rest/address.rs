//! The address of the API and the key for it. The key goes only to `https` addresses and to this machine.

use std::env::{self, VarError};

use clap::Args;

use crate::failure::Failure;
use crate::invoke::code;
use crate::invoke::key::Key;
use crate::invoke::target::{address, is_here, shown};

const DEPLOYED: &str = "https://api.runpod.io/v2";
const FLAG: &str = "--api-url";
const VARIABLE: &str = "RUNPOD_REST_URL";
pub(super) const KEY: &str = "RUNPOD_API_KEY";

const AT: &str = "The address of Runpod's REST API, version 2 [default: RUNPOD_REST_URL, otherwise https://api.runpod.io/v2]";

/// The flag of all commands that use the API.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Api {
    #[arg(long, value_name = "URL", help = AT)]
    pub(crate) api_url: Option<String>,
}

#[derive(Debug)]
pub(super) struct Address {
    /// The address without a trailing slash.
    pub(super) url: String,
    pub(super) is_here: bool,
    pub(super) key: Key,
}

impl Address {
    pub(super) fn of(api: &Api) -> Result<Self, Failure> {
        let of_variable = match env::var(VARIABLE) {
            Ok(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
            Err(VarError::NotPresent) => None,
            Err(VarError::NotUnicode(_)) => {
                return Err(usage(format!(
                    "{VARIABLE} is not UTF-8; expected an address"
                )));
            }
        };
        let (whose, text) = match (&api.api_url, of_variable) {
            (Some(url), _) => (FLAG, url.clone()),
            (None, Some(url)) => (VARIABLE, url),
            (None, None) => ("the address of Runpod", DEPLOYED.to_owned()),
        };
        let url = address(whose, &text)?;
        let is_here = is_here(&url);
        if !is_here && url.scheme() != "https" {
            return Err(usage(format!(
                "{whose}: {} is not encrypted, so others could read the key in {KEY} on its way; expected an address that \
                 begins with https://",
                shown(&url)
            )));
        }
        let Some(key) = Key::from_variable(KEY)? else {
            return Err(usage(format!(
                "{KEY} is not set; create a key in the Runpod console under Settings, API Keys, and set the variable to it"
            )));
        };
        Ok(Self {
            url: shown(&url),
            is_here,
            key,
        })
    }
}

fn usage(text: String) -> Failure {
    Failure::new(text).with_code(code::USAGE)
}
