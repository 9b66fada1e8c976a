//! Reads the fields of a request. Each error names the parameter, what was found, and what was expected.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use super::api_error::ApiError;
use crate::text::both_ends_of;

/// The longest value that an error repeats.
const LONGEST_FOUND: usize = 80;

/// The fields of an object that have not been read yet.
#[derive(Debug)]
pub(super) struct Fields {
    fields: Map<String, Value>,
    /// The place of the object in the request, with a dot at its end.
    prefix: String,
}

impl Fields {
    /// Returns the fields of a request.
    pub(super) fn of_request(body: Value) -> Result<Self, ApiError> {
        match body {
            Value::Object(fields) => Ok(Self {
                fields,
                prefix: String::new(),
            }),
            other => Err(ApiError::new(
                super::ApiErrorKind::InvalidRequest,
                format!(
                    "the request: found {}; expected a JSON object",
                    shown(&other)
                ),
            )),
        }
    }

    /// Returns the fields of an object at this place in the request.
    pub(super) fn at(place: &str, value: Value, expected: &str) -> Result<Self, ApiError> {
        match value {
            Value::Object(fields) => Ok(Self {
                fields,
                prefix: format!("{place}."),
            }),
            other => Err(wrong(place, &other, expected)),
        }
    }

    /// Returns the place of a field in the request.
    pub(super) fn place(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// Removes a field, and returns its value unless it is null.
    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        self.fields
            .shift_remove(name)
            .filter(|value| !value.is_null())
    }

    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.fields.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>, ApiError> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(wrong(&self.place(name), &other, "a string")),
        }
    }

    pub(super) fn flag(&mut self, name: &str) -> Result<bool, ApiError> {
        match self.take(name) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(flag),
            Some(other) => Err(wrong(&self.place(name), &other, "true or false")),
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
        Err(wrong(&self.place(name), &value, &expected))
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
            None => Err(wrong(&self.place(name), &value, "a number above 0")),
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
        Err(wrong(&self.place(name), &value, &expected))
    }

    pub(super) fn integer(&mut self, name: &str) -> Result<Option<i64>, ApiError> {
        let Some(value) = self.take(name) else {
            return Ok(None);
        };
        match value.as_i64() {
            Some(number) => Ok(Some(number)),
            None => Err(wrong(&self.place(name), &value, "a whole number")),
        }
    }

    /// Reads one string or a list of strings.
    pub(super) fn texts(&mut self, name: &str) -> Result<Vec<String>, ApiError> {
        let Some(value) = self.take(name) else {
            return Ok(Vec::new());
        };
        let place = self.place(name);
        match value {
            Value::String(text) => Ok(vec![text]),
            Value::Array(items) => items
                .into_iter()
                .enumerate()
                .map(|(index, item)| match item {
                    Value::String(text) => Ok(text),
                    other => Err(wrong(&format!("{place}.{index}"), &other, "a string")),
                })
                .collect(),
            other => Err(wrong(&place, &other, "a string or a list of strings")),
        }
    }

    /// Returns the fields that are left.
    pub(super) fn rest(self) -> Map<String, Value> {
        self.fields
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
