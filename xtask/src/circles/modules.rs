//! Reads the modules of a crate from its source: the items that each module defines, imports and names. Test code is
//! ignored.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::tokens::{Token, tokens};
use crate::step::Failure;

/// The index of a module in [`Modules::all`].
pub(super) type ModuleId = usize;

#[derive(Debug, Default)]
pub(super) struct Modules {
    pub(super) all: Vec<Module>,
}

#[derive(Debug)]
pub(super) struct Module {
    pub(super) file: PathBuf,
    /// The parent module. `None` for the root of the crate.
    pub(super) parent: Option<ModuleId>,
    pub(super) children: HashMap<String, ModuleId>,
    /// The names of the items that this module defines.
    pub(super) items: Vec<String>,
    /// The imported names, each with the path that it stands for.
    pub(super) imports: HashMap<String, Vec<String>>,
    /// The paths of glob imports, such as `use path::*`.
    pub(super) globs: Vec<Vec<String>>,
    /// Every path that this module names, except in re-exports, because a re-export does not count as a use.
    pub(super) named: Vec<Named>,
}

#[derive(Debug)]
pub(super) struct Named {
    pub(super) path: Vec<String>,
    pub(super) line: usize,
}

/// The keywords that an item's name follows.
const DEFINES: [&str; 8] = [
    "fn", "struct", "enum", "union", "trait", "type", "const", "static",
];

impl Modules {
    /// Reads a crate. `root` is the path of its `lib.rs` or `main.rs`.
    pub(super) fn of_crate(root: &Path) -> Result<Self, Failure> {
        let mut modules = Self::default();
        let folder = root.parent().unwrap_or(root);
        modules.read(root.to_path_buf(), folder, None)?;
        Ok(modules)
    }

    /// Reads one file. `folder` contains the files of its child modules.
    fn read(
        &mut self,
        file: PathBuf,
        folder: &Path,
        parent: Option<ModuleId>,
    ) -> Result<ModuleId, Failure> {
        let text = fs::read_to_string(&file)
            .map_err(|error| Failure::new(format!("cannot read {}: {error}", file.display())))?;
        let module = self.add(file, parent);
        let tokens = tokens(&text);
        let mut source = Source {
            tokens: &tokens,
            at: 0,
        };
        self.fill(module, &mut source, folder)?;
        Ok(module)
    }

    fn add(&mut self, file: PathBuf, parent: Option<ModuleId>) -> ModuleId {
        self.all.push(Module {
            file,
            parent,
            children: HashMap::new(),
            items: Vec::new(),
            imports: HashMap::new(),
            globs: Vec::new(),
            named: Vec::new(),
        });
        self.all.len() - 1
    }

    /// Reads a module's items, up to the end of the file or to the brace that closes an inline module.
    fn fill(
        &mut self,
        module: ModuleId,
        source: &mut Source<'_>,
        folder: &Path,
    ) -> Result<(), Failure> {
        let mut depth = 0_usize;
        let mut path_attribute = None;
        let mut is_visible = false;
        while let Some(token) = source.next() {
            match token.text.as_str() {
                "{" | "(" | "[" => depth += 1,
                "}" if depth == 0 => return Ok(()),
                "}" | ")" | "]" => depth = depth.saturating_sub(1),
                "#" => {
                    let attribute = source.attribute();
                    if is_for_tests(attribute) {
                        source.skip_attributed();
                    } else {
                        path_attribute = path_of(attribute).or(path_attribute);
                        self.name_all(module, attribute);
                    }
                    continue;
                }
                "pub" => {
                    is_visible = true;
                    if source.peek("(") {
                        source.skip_group();
                    }
                    continue;
                }
                "use" => {
                    let line = token.line;
                    for (path, alias) in source.use_tree() {
                        if !is_visible {
                            let path = path.clone();
                            self.all[module].named.push(Named { path, line });
                        }
                        match alias.as_str() {
                            "*" => self.all[module].globs.push(path),
                            "_" => {}
                            _ => drop(self.all[module].imports.insert(alias, path)),
                        }
                    }
                }
                "mod" if depth == 0 => {
                    if let Some(name) = source.next().map(|it| it.text.clone()) {
                        let child = if source.peek("{") {
                            source.next();
                            let child = self.add(self.all[module].file.clone(), Some(module));
                            self.fill(child, source, &folder.join(&name))?;
                            child
                        } else {
                            let (file, below) = place(folder, &name, path_attribute.take());
                            self.read(file, &below, Some(module))?
                        };
                        self.all[module].children.insert(name, child);
                    }
                }
                "macro_rules" if depth == 0 => {
                    source.next();
                    if let Some(name) = source.next() {
                        self.all[module].items.push(name.text.clone());
                    }
                }
                word if depth == 0 && DEFINES.contains(&word) => {
                    if let Some(name) = source.next_identifier() {
                        self.all[module].items.push(name);
                    }
                }
                _ if token.is_identifier() => {
                    source.at -= 1;
                    if let Some(named) = source.path() {
                        self.all[module].named.push(named);
                    }
                }
                _ => {}
            }
            is_visible = false;
        }
        Ok(())
    }

    /// Records the paths in an attribute: `#[derive(path::Name)]` uses `Name`. Paths in strings, such as in
    /// `#[serde(with = "path")]`, are ignored.
    fn name_all(&mut self, module: ModuleId, attribute: &[Token]) {
        let mut source = Source {
            tokens: attribute,
            at: 0,
        };
        while let Some(token) = source.next() {
            if token.is_identifier() {
                source.at -= 1;
                self.all[module].named.extend(source.path());
            }
        }
    }
}

/// Returns the file of the module `name`, and the folder of its child modules.
fn place(folder: &Path, name: &str, attribute: Option<String>) -> (PathBuf, PathBuf) {
    if let Some(path) = attribute {
        return (folder.join(path), folder.join(name));
    }
    let file = folder.join(format!("{name}.rs"));
    let below = folder.join(name);
    if file.is_file() {
        (file, below)
    } else {
        (below.join("mod.rs"), below)
    }
}

/// Recognises `#[test]`, `#[cfg(test)]` and `#[cfg(all(test, …))]`.
fn is_for_tests(attribute: &[Token]) -> bool {
    let words: Vec<_> = attribute.iter().map(|it| it.text.as_str()).collect();
    match words.as_slice() {
        ["test"] | ["cfg", "(", "test", ")"] => true,
        ["cfg", "(", "all", "(", inner @ ..] => inner.contains(&"test") && !inner.contains(&"not"),
        _ => false,
    }
}

fn path_of(attribute: &[Token]) -> Option<String> {
    match attribute {
        [path, equals, text] if path.is("path") && equals.is("=") => {
            text.text.strip_prefix('"').map(str::to_owned)
        }
        _ => None,
    }
}

struct Source<'a> {
    tokens: &'a [Token],
    at: usize,
}

impl<'a> Source<'a> {
    fn next(&mut self) -> Option<&'a Token> {
        let token = self.tokens.get(self.at)?;
        self.at += 1;
        Some(token)
    }

    fn peek(&self, text: &str) -> bool {
        self.tokens.get(self.at).is_some_and(|it| it.is(text))
    }

    /// Returns the name of an item whose first keyword was already read. `const fn name` has a second keyword.
    fn next_identifier(&mut self) -> Option<String> {
        while let Some(token) = self.tokens.get(self.at).filter(|it| it.is_identifier()) {
            self.at += 1;
            if !["fn", "unsafe", "async", "extern", "mut"].contains(&token.text.as_str()) {
                return Some(token.text.clone());
            }
        }
        None
    }

    /// Reads the tokens in the brackets that follow `#` or `#!`.
    fn attribute(&mut self) -> &'a [Token] {
        if self.peek("!") {
            self.at += 1;
        }
        if !self.peek("[") {
            return &[];
        }
        let start = self.at + 1;
        self.skip_group();
        &self.tokens[start..self.at - 1]
    }

    /// Skips a group in brackets of any kind, from its opening bracket to its closing bracket.
    fn skip_group(&mut self) {
        let mut depth = 0_usize;
        while let Some(token) = self.next() {
            match token.text.as_str() {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return;
                    }
                }
                _ => {}
            }
        }
    }

    /// Skips the code to which an attribute belongs: an item, a statement, a field or a match arm.
    fn skip_attributed(&mut self) {
        while self.peek("#") {
            self.at += 1;
            self.attribute();
        }
        if self.peek("pub") {
            self.at += 1;
            if self.peek("(") {
                self.skip_group();
            }
        }
        let first = self.tokens.get(self.at).map_or("", |it| &it.text);
        let second = self.tokens.get(self.at + 1).map_or("", |it| &it.text);
        let is_function = first == "const" && ["fn", "unsafe", "async"].contains(&second);
        let to_semicolon =
            ["use", "let", "type", "static", "const"].contains(&first) && !is_function;
        let is_item = is_function
            || DEFINES.contains(&first)
            || ["mod", "impl", "unsafe", "async", "extern", "macro_rules"].contains(&first);
        while let Some(token) = self.tokens.get(self.at) {
            match token.text.as_str() {
                ";" => {
                    self.at += 1;
                    return;
                }
                "," if !is_item && !to_semicolon => {
                    self.at += 1;
                    return;
                }
                "{" | "(" | "[" => {
                    self.skip_group();
                    if token.is("{") && !to_semicolon {
                        return;
                    }
                }
                "}" | ")" | "]" => return,
                _ => self.at += 1,
            }
        }
    }

    /// Reads a path such as `a::b::c`. Returns `None` for a field or a method.
    fn path(&mut self) -> Option<Named> {
        let is_member = self.at > 0 && self.tokens[self.at - 1].is(".");
        let line = self.tokens.get(self.at)?.line;
        let mut path = Vec::new();
        while let Some(token) = self.tokens.get(self.at).filter(|it| it.is_identifier()) {
            path.push(token.text.clone());
            self.at += 1;
            let goes_on = self.peek("::")
                && self
                    .tokens
                    .get(self.at + 1)
                    .is_some_and(Token::is_identifier);
            if !goes_on {
                break;
            }
            self.at += 1;
        }
        (!is_member).then_some(Named { path, line })
    }

    /// Reads the rest of a `use` item, including the semicolon. Returns each path with the name under which it is
    /// imported.
    fn use_tree(&mut self) -> Vec<(Vec<String>, String)> {
        let mut found = Vec::new();
        if self.peek("::") {
            // The path leads to another crate, even if a module here has the same name.
            while self.next().is_some_and(|it| !it.is(";")) {}
            return found;
        }
        self.branch(&[], &mut found);
        while self.next().is_some_and(|it| !it.is(";")) {}
        found
    }

    fn branch(&mut self, above: &[String], found: &mut Vec<(Vec<String>, String)>) {
        let mut path = above.to_vec();
        while let Some(token) = self.tokens.get(self.at) {
            match token.text.as_str() {
                "::" => self.at += 1,
                "*" => {
                    self.at += 1;
                    found.push((path, "*".to_owned()));
                    return;
                }
                "{" => {
                    self.at += 1;
                    while !self.peek("}") && self.at < self.tokens.len() {
                        self.branch(&path, found);
                        if self.peek(",") {
                            self.at += 1;
                        }
                    }
                    self.at += 1;
                    return;
                }
                "as" => {
                    self.at += 1;
                    let alias = self.next().map_or_else(String::new, |it| it.text.clone());
                    found.push((path, alias));
                    return;
                }
                "self" if !path.is_empty() => self.at += 1,
                _ if token.is_identifier() => {
                    path.push(token.text.clone());
                    self.at += 1;
                }
                _ => break,
            }
        }
        if let Some(last) = path.last().cloned()
            && path.len() >= above.len()
        {
            found.push((path, last));
        } else {
            self.at += 1;
        }
    }
}
