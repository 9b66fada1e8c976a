//! The profile to build with.

use clap::Args;

/// The flags for the profile. They are cargo's own.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct Profile {
    /// Build with optimisations
    #[arg(short, long)]
    release: bool,

    /// Build with this profile of Cargo.toml
    #[arg(long, value_name = "NAME", conflicts_with = "release")]
    profile: Option<String>,
}

impl Profile {
    /// Returns the flags for cargo.
    pub(super) fn flags(&self) -> impl Iterator<Item = String> {
        let named = self.profile.iter().map(|name| format!("--profile={name}"));
        named.chain(self.release.then(|| "--release".to_owned()))
    }
}
