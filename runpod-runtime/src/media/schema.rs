//! The JSON Schemas of media. The page of the local endpoint offers a file button for a text with `contentEncoding`.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::kind::MediaKind;
use super::{Media, MediaInput};

impl<K: MediaKind, const MAX_BYTES: usize> JsonSchema for MediaInput<K, MAX_BYTES> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "MediaInput".into()
    }

    fn schema_id() -> Cow<'static, str> {
        format!("{}::{}::{MAX_BYTES}", module_path!(), K::NAME).into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let mut schema = json_schema!({
            "type": "string",
            "contentEncoding": "base64",
            "description": super::input::description(K::NAME, MAX_BYTES),
        });
        if let Some(types) = K::TYPES {
            schema.insert("contentMediaType".to_owned(), types.into());
        }
        schema
    }
}

impl JsonSchema for Media {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Media".into()
    }

    fn schema_id() -> Cow<'static, str> {
        concat!(module_path!(), "::Media").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^data:[^,]+;base64,",
            "description": "A data URL.",
        })
    }
}
