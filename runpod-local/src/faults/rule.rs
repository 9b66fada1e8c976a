//! A rule and an outage, both already checked.

use std::time::Duration;

use axum::http::StatusCode;
use serde::{Serialize, Serializer};

use crate::operation::Operation;

/// The operations that a rule applies to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Route {
    All,
    Only(Operation),
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Rule {
    pub(super) route: Route,
    pub(super) error: f64,
    #[serde(serialize_with = "as_number")]
    pub(super) status: StatusCode,
    /// The shortest and the longest delay.
    pub(super) delay_ms: [u64; 2],
    pub(super) reset_before: f64,
    pub(super) reset_after: f64,
    pub(super) malformed: f64,
    pub(super) flashboot: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Outage {
    pub(super) route: Route,
    pub(super) from_s: f64,
    pub(super) for_s: f64,
    /// The status of the answers. `None` resets connections.
    #[serde(serialize_with = "as_number_or_null")]
    pub(super) status: Option<StatusCode>,
}

impl Route {
    pub(super) fn is(self, operation: Operation) -> bool {
        match self {
            Self::All => true,
            Self::Only(only) => only == operation,
        }
    }
}

impl Outage {
    /// Returns whether the outage is in progress. `age` is the time since these faults were set.
    pub(super) fn is_on(&self, age: Duration) -> bool {
        let age = age.as_secs_f64();
        age >= self.from_s && age - self.from_s < self.for_s
    }
}

impl Serialize for Route {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match self {
            Self::All => "*",
            Self::Only(operation) => operation.name(),
        })
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde gives a reference to the field"
)]
fn as_number<S: Serializer>(status: &StatusCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u16(status.as_u16())
}

#[expect(
    clippy::ref_option,
    clippy::trivially_copy_pass_by_ref,
    reason = "serde gives a reference to the field"
)]
fn as_number_or_null<S: Serializer>(
    status: &Option<StatusCode>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    status.map(|status| status.as_u16()).serialize(serializer)
}
