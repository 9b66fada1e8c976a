//! Parses a crate's source, module by module, and resolves names in it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use syn::{Attribute, Expr, ExprLit, Item, ItemMod, Lit, Meta, UseTree, Visibility};

/// The path of a module from the crate's root. It is empty for the root itself.
pub(crate) type Module = Vec<String>;

pub(crate) struct Source {
    pub(crate) name: &'static str,
    pub(crate) modules: BTreeMap<Module, Vec<Item>>,
    inner_docs: BTreeMap<Module, String>,
}

/// A name that a `use` item imports.
#[derive(Debug)]
pub(crate) struct Brought {
    pub(crate) path: Vec<String>,
    pub(crate) name: String,
}

/// The target of a name.
pub(crate) enum Leads<'a> {
    /// An item of this crate, with the module that defines it.
    Here(&'a Module, &'a Item),
    /// A path in another crate.
    Away(Vec<String>),
}

impl Source {
    pub(crate) fn read(name: &'static str, root: &Path) -> Self {
        let mut source = Self {
            name,
            modules: BTreeMap::new(),
            inner_docs: BTreeMap::new(),
        };
        let folder = root.parent().expect("the file is in a folder");
        source.read_file(Vec::new(), root, folder);
        source
    }

    /// Reads one file. `folder` contains the files of the module's submodules.
    fn read_file(&mut self, module: Module, file: &Path, folder: &Path) {
        let text =
            fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let parsed =
            syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        self.inner_docs.insert(module.clone(), docs(&parsed.attrs));
        self.add(module, parsed.items, file, folder);
    }

    fn add(&mut self, module: Module, items: Vec<Item>, file: &Path, folder: &Path) {
        for item in &items {
            let Item::Mod(inner) = item else { continue };
            if is_only_for_tests(&inner.attrs) {
                continue;
            }
            let name = inner.ident.to_string();
            let mut path = module.clone();
            path.push(name.clone());
            if let Some((_, items)) = &inner.content {
                self.add(path, items.clone(), file, &folder.join(name));
            } else {
                let (file, folder) = file_of(inner, &name, file, folder);
                self.read_file(path, &file, &folder);
            }
        }
        self.modules.insert(module, items);
    }

    /// Returns the documentation at the top of a module's file.
    pub(crate) fn module_docs(&self, module: &Module) -> &str {
        self.inner_docs.get(module).map_or("", String::as_str)
    }

    /// Resolves `name` in `module`.
    pub(crate) fn resolve<'a>(&'a self, module: &Module, name: &str) -> Option<Leads<'a>> {
        let (module, items) = self.modules.get_key_value(module)?;
        if let Some(item) = items
            .iter()
            .find(|it| name_of(it).is_some_and(|own| own == name))
        {
            return Some(Leads::Here(module, item));
        }
        let brought = items
            .iter()
            .filter_map(|item| match item {
                Item::Use(it) => Some(brought(&it.tree)),
                _ => None,
            })
            .flatten()
            .find(|brought| brought.name == name)?;
        self.follow(module, &brought.path)
    }

    /// Resolves the path of a `use` item in `module`.
    pub(crate) fn follow<'a>(&'a self, module: &Module, path: &[String]) -> Option<Leads<'a>> {
        let (name, way) = path.split_last()?;
        let mut at = match way.first().map(String::as_str) {
            Some("crate") => Vec::new(),
            Some("self" | "super") => module.clone(),
            Some(first) if self.is_module(module, first) => module.clone(),
            _ => return Some(Leads::Away(path.to_vec())),
        };
        for step in way {
            match step.as_str() {
                "crate" | "self" => {}
                "super" => {
                    at.pop();
                }
                inner => at.push(inner.to_owned()),
            }
        }
        self.resolve(&at, name)
    }

    fn is_module(&self, module: &Module, name: &str) -> bool {
        let mut path = module.clone();
        path.push(name.to_owned());
        self.modules.contains_key(&path)
    }
}

fn file_of(module: &ItemMod, name: &str, file: &Path, folder: &Path) -> (PathBuf, PathBuf) {
    let given = module
        .attrs
        .iter()
        .find_map(|attribute| text_of(attribute, "path"));
    if let Some(given) = given {
        let beside = file.parent().expect("the file is in a folder");
        return (beside.join(given), folder.join(name));
    }
    let alone = folder.join(format!("{name}.rs"));
    if alone.exists() {
        (alone, folder.join(name))
    } else {
        (folder.join(name).join("mod.rs"), folder.join(name))
    }
}

/// Returns all names that a `use` item imports, with their paths. A glob yields no names.
pub(crate) fn brought(tree: &UseTree) -> Vec<Brought> {
    fn go(tree: &UseTree, way: &[String], all: &mut Vec<Brought>) {
        let with = |name: String| [way, &[name]].concat();
        match tree {
            UseTree::Path(step) => go(&step.tree, &with(step.ident.to_string()), all),
            UseTree::Name(name) => all.push(Brought {
                path: with(name.ident.to_string()),
                name: name.ident.to_string(),
            }),
            UseTree::Rename(name) => all.push(Brought {
                path: with(name.ident.to_string()),
                name: name.rename.to_string(),
            }),
            UseTree::Group(group) => group.items.iter().for_each(|tree| go(tree, way, all)),
            UseTree::Glob(_) => {}
        }
    }
    let mut all = Vec::new();
    go(tree, &[], &mut all);
    all
}

/// Returns the name of an item, if it is of a kind that users can see.
pub(crate) fn name_of(item: &Item) -> Option<String> {
    let ident = match item {
        Item::Const(it) => &it.ident,
        Item::Enum(it) => &it.ident,
        Item::Fn(it) => &it.sig.ident,
        Item::Mod(it) => &it.ident,
        Item::Static(it) => &it.ident,
        Item::Struct(it) => &it.ident,
        Item::Trait(it) => &it.ident,
        Item::Type(it) => &it.ident,
        Item::Union(it) => &it.ident,
        _ => return None,
    };
    Some(ident.to_string())
}

/// Returns an item's attributes and visibility.
pub(crate) fn head_of(item: &Item) -> Option<(&[Attribute], &Visibility)> {
    Some(match item {
        Item::Const(it) => (&it.attrs, &it.vis),
        Item::Enum(it) => (&it.attrs, &it.vis),
        Item::Fn(it) => (&it.attrs, &it.vis),
        Item::Mod(it) => (&it.attrs, &it.vis),
        Item::Static(it) => (&it.attrs, &it.vis),
        Item::Struct(it) => (&it.attrs, &it.vis),
        Item::Trait(it) => (&it.attrs, &it.vis),
        Item::Type(it) => (&it.attrs, &it.vis),
        Item::Union(it) => (&it.attrs, &it.vis),
        Item::Use(it) => (&it.attrs, &it.vis),
        _ => return None,
    })
}

/// Returns the documentation in these attributes.
pub(crate) fn docs(attributes: &[Attribute]) -> String {
    let lines: Vec<_> = attributes
        .iter()
        .filter_map(|attribute| text_of(attribute, "doc"))
        .map(|line| line.strip_prefix(' ').unwrap_or(&line).to_owned())
        .collect();
    lines.join("\n")
}

pub(crate) fn is_hidden(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let Meta::List(list) = &attribute.meta else {
            return false;
        };
        list.path.is_ident("doc") && list.tokens.to_string() == "hidden"
    })
}

fn is_only_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let Meta::List(list) = &attribute.meta else {
            return false;
        };
        let condition = list.tokens.to_string();
        list.path.is_ident("cfg") && (condition == "test" || condition == "doctest")
    })
}

/// Returns the text of an attribute `#[name = "text"]`.
fn text_of(attribute: &Attribute, name: &str) -> Option<String> {
    let Meta::NameValue(pair) = &attribute.meta else {
        return None;
    };
    let Expr::Lit(ExprLit {
        lit: Lit::Str(text),
        ..
    }) = &pair.value
    else {
        return None;
    };
    pair.path.is_ident(name).then(|| text.value())
}
