//! The chat template of a model, which turns messages into the text that the model was trained on.

use std::path::Path;
use std::{fs, io};

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, ErrorKind, context};
use minijinja_contrib::pycompat::unknown_method_callback;
use runpod::openai::{ApiError, Message, Role};
use serde_json::Value;

use crate::Error;
use crate::model::failed;

/// The name of the only template.
const NAME: &str = "chat";

/// A chat template in Jinja, as Hugging Face's models have it.
#[derive(Debug)]
pub struct Chat {
    templates: Environment<'static>,
    beginning: String,
    end: String,
}

impl Chat {
    /// Reads the chat template in a model's folder. Returns `None` if the model has none.
    pub fn read(folder: &Path) -> Result<Option<Self>, Error> {
        let settings: Value = match read_if_there(&folder.join("tokenizer_config.json"))? {
            Some(text) => serde_json::from_str(&text)
                .map_err(|error| format!("tokenizer_config.json: {error}"))?,
            None => Value::Null,
        };
        let source = match read_if_there(&folder.join("chat_template.jinja"))? {
            Some(text) => Some(text),
            None => in_settings(&settings["chat_template"])?,
        };
        let Some(source) = source else {
            return Ok(None);
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
        // Many templates use Python's methods of texts, such as `strip`.
        templates.set_unknown_method_callback(unknown_method_callback);
        templates
            .add_template_owned(NAME, source)
            .map_err(|error| format!("the model's chat template cannot be read: {error}"))?;
        Ok(Self {
            templates,
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
        let template = self.templates.get_template(NAME).map_err(failed)?;
        template.render(values).map_err(|error| {
            // A template refuses an order of roles that the model does not know. All else is a fault of the template.
            if error.kind() != ErrorKind::InvalidOperation {
                return failed(error);
            }
            let message = format!("the model's chat template refused the messages: {error}");
            ApiError::invalid("messages", message)
        })
    }
}

/// Returns the template in `tokenizer_config.json`, which may be a text or a list of named ones.
fn in_settings(template: &Value) -> Result<Option<String>, Error> {
    let text = match template {
        Value::Null => return Ok(None),
        Value::Array(all) => all
            .iter()
            .find(|it| it["name"] == "default")
            .map_or(&Value::Null, |it| &it["template"]),
        other => other,
    };
    match text.as_str() {
        Some(text) => Ok(Some(text.to_owned())),
        None => Err(
            "tokenizer_config.json: chat_template: expected a text, or a list with a template of the name default"
                .into(),
        ),
    }
}

/// Returns the text of a file, or `None` if the file does not exist.
pub fn read_if_there(path: &Path) -> Result<Option<String>, Error> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("{}: {error}", path.display()).into()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tempfile::TempDir;

    use super::*;

    /// Jinja's braces are brackets here, because they would be placeholders of the template of this crate.
    const STRIPPED: &str =
        "[% for message in messages %]<[[ message.content.strip() ]]>[% endfor %]";

    fn jinja(text: &str) -> String {
        text.replace('[', "{").replace(']', "}")
    }

    fn read(settings: &Value) -> Result<Option<Chat>, Error> {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("tokenizer_config.json");
        fs::write(path, settings.to_string()).unwrap();
        Chat::read(folder.path())
    }

    fn new(template: &str) -> Result<Chat, Error> {
        Chat::new(jinja(template), String::new(), String::new())
    }

    #[test]
    fn a_template_may_use_pythons_methods_and_be_one_of_several() {
        let source = jinja(STRIPPED);
        let several = json!([
            { "name": "tool_use", "template": "other" },
            { "name": "default", "template": &source },
        ]);
        for template in [json!(source), several] {
            let chat = read(&json!({ "chat_template": template })).unwrap();
            let text = chat.unwrap().text(&[Message::user(" red ")]).unwrap();
            assert_eq!(text, "<red>");
        }
        assert!(read(&json!({})).unwrap().is_none());
    }

    #[test]
    fn a_template_that_cannot_be_used_is_reported_when_the_model_is_loaded() {
        let fault = |found: Result<Option<Chat>, Error>| found.unwrap_err().to_string();
        let unnamed = read(&json!({ "chat_template": [{ "name": "rag", "template": "" }] }));
        assert!(fault(unnamed).contains("of the name default"));
        let broken = new("[% for message in messages %]").map(Some);
        assert!(fault(broken).contains("cannot be read"));
    }

    #[test]
    fn only_messages_that_the_template_refuses_are_the_fault_of_the_client() {
        let message = [Message::user("red")];
        let refusing = new("[[ raise_exception('roles must alternate') ]]").unwrap();
        let error = refusing.text(&message).unwrap_err();
        assert_eq!(error.param(), Some("messages"));
        assert!(error.to_string().contains("roles must alternate"));
        let wrong = new("[[ messages.no.such.field ]]").unwrap();
        let error = wrong.text(&message).unwrap_err();
        assert_eq!(error.param(), None, "{error}");
    }
}
