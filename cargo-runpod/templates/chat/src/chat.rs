//! The chat template of a model, which turns messages into the text that the model was trained on.

use std::fs;
use std::path::Path;

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, ErrorKind, context};
use runpod::openai::{ApiError, Message, Role};
use serde_json::Value;

use crate::Error;

/// A chat template in Jinja, as Hugging Face's models have it.
#[derive(Debug)]
pub struct Chat {
    templates: Environment<'static>,
    source: String,
    beginning: String,
    end: String,
}

impl Chat {
    /// Reads the chat template in a model's folder. Returns `None` if the model has none.
    pub fn read(folder: &Path) -> Result<Option<Self>, Error> {
        let settings: Value = match fs::read_to_string(folder.join("tokenizer_config.json")) {
            Ok(text) => serde_json::from_str(&text)
                .map_err(|error| format!("tokenizer_config.json: {error}"))?,
            Err(_) => Value::Null,
        };
        let source = match fs::read_to_string(folder.join("chat_template.jinja")) {
            Ok(text) => text,
            Err(_) => match settings["chat_template"].as_str() {
                Some(text) => text.to_owned(),
                None => return Ok(None),
            },
        };
        // A token is a text, or an object with the text.
        let token = |name| {
            let token: &Value = &settings[name];
            let text = token.as_str().or(token["content"].as_str());
            text.unwrap_or_default().to_owned()
        };
        Self::new(source, token("bos_token"), token("eos_token")).map(Some)
    }

    /// Creates a chat template. `beginning` and `end` are the special tokens around a text.
    pub fn new(source: String, beginning: String, end: String) -> Result<Self, Error> {
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
        Ok(Self {
            templates,
            source,
            beginning,
            end,
        })
    }

    /// Returns the text before the model's reply.
    pub fn text(&self, messages: &[Message]) -> Result<String, ApiError> {
        let messages: Vec<_> = messages
            .iter()
            .map(|message| {
                let role = match message.role {
                    // The newer name of the same role. Templates know only the older one.
                    Role::Developer => Role::System,
                    role => role,
                };
                context! { role => role.name(), content => message.text() }
            })
            .collect();
        let values = context! {
            messages,
            add_generation_prompt => true,
            bos_token => &self.beginning,
            eos_token => &self.end,
        };
        // A template refuses an order of roles that the model does not know.
        self.templates
            .render_str(&self.source, values)
            .map_err(|error| {
                let message = format!("the model's chat template refused the messages: {error}");
                ApiError::invalid("messages", message)
            })
    }
}
