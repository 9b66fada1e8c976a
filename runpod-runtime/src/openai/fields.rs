//! Reads the fields of a request. Each error names the parameter, what was found, and what was expected.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use super::api_error::ApiError;
use crate::text::both_ends_of;

/// The longest value that an error repeats.
const LONGEST_FOUND: usize = 80;

/// The fields of a request that have not been read yet.
#[derive(Debug)]
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    pub(super) fn of(body: Value, what: &str) -> Result<Self, ApiError> {
        match body {
            Value::Object(fields) => Ok(Self(fields)),
            other => Err(ApiError::new(
                super::ApiErrorKind::InvalidRequest,
                format!("{what}: found {}; expected a JSON object", shown(&other)),
            )),
        }
    }

    /// Removes a field, and returns its value unless it is null.
    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        self.0.shift_remove(name).filter(|value| !value.is_null())
    }

    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>, ApiError> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(wrong(name, &other, "a string")),
        }
    }

    pub(super) fn flag(&mut self, name: &str) -> Result<bool, ApiError> {
        match self.take(name) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(flag),
            Some(other) => Err(wrong(name, &other, "true or false")),
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "models compute with single precision"
    )]
    pub(super) fn number(
        &mut self,
        name: &str,
        range: RangeInclusive<f64>,
    ) -> Result<Option<f32>, ApiError> {
        let Some(value) = self.take(name) else {
            return Ok(None);
        };
        if let Some(number) = value.as_f64().filter(|number| range.contains(number)) {
            return Ok(Some(number as f32));
        }
        let expected = if *range.end() < f64::from(u32::MAX) {
            format!("a number from {} to {}", range.start(), range.end())
        } else {
            format!("a number of {} or more", range.start())
        };
        Err(wrong(name, &value, &expected))
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "models compute with single precision"
    )]
    pub(super) fn positive(&mut self, name: &str) -> Result<Option<f32>, ApiError> {
        let Some(value) = self.take(name) else {
            return Ok(None);
        };
        let number = value.as_f64().map(|number| number as f32);
        match number.filter(|number| *number > 0.0 && number.is_finite()) {
            Some(number) => Ok(Some(number)),
            None => Err(wrong(name, &value, "a number above 0")),
        }
    }

    pub(super) fn whole(&mut self, name: &str, least: u64) -> Result<Option<usize>, ApiError> {
        let Some(value) = self.take(name) else {
            return Ok(None);
        };
        let number = value.as_u64().filter(|number| *number >= least);
        if let Some(number) = number.and_then(|number| usize::try_from(number).ok()) {
            return Ok(Some(number));
        }
        let expected = format!("a whole number of {least} or more");
        Err(wrong(name, &value, &expected))
    }

    pub(super) fn integer(&mut self, name: &str) -> Result<Option<i64>, ApiError> {
        let Some(value) = self.take(name) else {
            return Ok(None);
        };
        match value.as_i64() {
            Some(number) => Ok(Some(number)),
            None => Err(wrong(name, &value, "a whole number")),
        }
    }

    /// Reads one string or a list of strings.
    pub(super) fn texts(&mut self, name: &str) -> Result<Vec<String>, ApiError> {
        let Some(value) = self.take(name) else {
            return Ok(Vec::new());
        };
        let expected = "a string or a list of strings";
        match value {
            Value::String(text) => Ok(vec![text]),
            Value::Array(items) => items
                .into_iter()
                .enumerate()
                .map(|(index, item)| match item {
                    Value::String(text) => Ok(text),
                    other => Err(wrong(&format!("{name}.{index}"), &other, "a string")),
                })
                .collect(),
            other => Err(wrong(name, &other, expected)),
        }
    }

    /// Returns the fields that are left.
    pub(super) fn rest(self) -> Map<String, Value> {
        self.0
    }
}

/// The error for a value that is not what was expected.
pub(super) fn wrong(param: &str, found: &Value, expected: &str) -> ApiError {
    let message = format!("{param}: found {}; expected {expected}", shown(found));
    ApiError::invalid(param, message)
}

pub(super) fn missing(param: &str, expected: &str) -> ApiError {
    ApiError::invalid(param, format!("{param} is missing; expected {expected}"))
        .with_code("missing_required_parameter")
}

fn shown(value: &Value) -> String {
    match value {
        Value::Object(_) => "an object".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        other => both_ends_of(&other.to_string(), LONGEST_FOUND),
    }
}
