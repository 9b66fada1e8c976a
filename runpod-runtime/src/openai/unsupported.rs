//! Refuses parameters that a handler does not support.

use serde_json::Value;

use super::api_error::ApiError;
use super::endpoint::is_accepted;
use super::fields::Fields;

/// A parameter that changes the form of the answer, with the values that change nothing.
pub(super) type Unsupported = (&'static str, fn(&Value) -> bool);

/// Refuses parameters that would be ignored. The client would get another answer than it asked for.
pub(super) fn refuse(
    fields: &Fields,
    accepts: &str,
    unsupported: &[Unsupported],
) -> Result<(), ApiError> {
    for (name, changes_nothing) in unsupported {
        if let Some(value) = fields.get(name)
            && !changes_nothing(value)
            && !is_accepted(accepts, name)
        {
            return Err(ApiError::unsupported(
                *name,
                &format!("the parameter `{name}`"),
            ));
        }
    }
    Ok(())
}

pub(super) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}
