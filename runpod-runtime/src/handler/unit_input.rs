//! Reads an input, and takes an empty object for a handler's input that holds nothing.
//!
//! serde reads `()` and unit structs from `null` only, but a job that needs no input has `{}`. (With a route, an object with
//! the key that names the handler.) What else an input holds is not for such a handler, and an error.

use std::fmt;

use serde::de::{DeserializeOwned, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::Deserializer as Json;
use serde_json::de::StrRead;

