//! The chat template of a model, which turns messages into the text that the model was trained on.

use std::fs;
use std::path::Path;

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, ErrorKind, context};
use serde_json::Value;

use crate::Error;

/// A chat template in Jinja, as Hugging Face's models have it.
#[derive(Debug)]
pub struct Chat {
    templates: Environment<'static>,
    source: String,
    /// The file `tokenizer_config.json`.
    settings: Value,
}

impl Chat {
    /// Reads the chat template in a model's folder. Returns `None` if the model has none.
    pub fn read(folder: &Path) -> Result<Option<Self>, Error> {
        let path = folder.join("tokenizer_config.json");
        let settings: Value = match fs::read_to_string(&path) {
            Ok(text) => serde_json::from_str(&text)
                .map_err(|error| format!("{}: {error}", path.display()))?,
            Err(_) => Value::Null,
        };
        let source = match fs::read_to_string(folder.join("chat_template.jinja")) {
            Ok(text) => text,
            Err(_) => match settings["chat_template"].as_str() {
                Some(text) => text.to_owned(),
                None => return Ok(None),
            },
        };
        let mut templates = Environment::new();
        // As in Hugging Face's own libraries.
        let syntax = SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .build()?;
        templates.set_syntax(syntax);
        templates.add_function("raise_exception", |message: String| -> Result<(), _> {
            Err(minijinja::Error::new(ErrorKind::InvalidOperation, message))
        });
        Ok(Some(Self {
            templates,
            source,
            settings,
        }))
    }

    /// Returns the text before the model's reply.
    pub fn text(&self, prompt: &str, system: Option<&str>) -> Result<String, Error> {
        let message = |role: &str, content: &str| context! { role, content };
        let mut messages = Vec::new();
        messages.extend(system.map(|content| message("system", content)));
        messages.push(message("user", prompt));
        let values = context! {
            messages,
            add_generation_prompt => true,
            bos_token => self.token("bos_token"),
            eos_token => self.token("eos_token"),
        };
        self.templates
            .render_str(&self.source, values)
            .map_err(|error| format!("the model's chat template: {error}").into())
    }

    /// Returns a special token. It is a text, or an object with the text.
    fn token(&self, name: &str) -> &str {
        let token = &self.settings[name];
        token
            .as_str()
            .or(token["content"].as_str())
            .unwrap_or_default()
    }
}
