//! Collects the public items of a crate and their documentation, following re-exports.

use syn::{ImplItem, Item, TraitItem, Type, Visibility};

use crate::source::{Leads, Module, Source, brought, docs, head_of, is_hidden, name_of};

/// The public surface of a crate.
#[derive(Debug)]
pub(crate) struct Surface {
    /// The documentation of the crate itself.
    pub(crate) front: String,
    pub(crate) items: Vec<Exported>,
}

/// A public item.
#[derive(Debug)]
pub(crate) struct Exported {
    /// The path as a user writes it, such as `runpod::testing::Job`.
    pub(crate) path: String,
    /// The documentation at the re-export and at the item itself, as rustdoc shows it.
    pub(crate) docs: String,
    pub(crate) methods: Vec<Method>,
    /// Whether this is a re-export of a whole crate, for which rustdoc shows no documentation.
    pub(crate) is_crate: bool,
    /// The path of the definition, so that no item is checked twice.
    place: Vec<String>,
}

/// A public method of a type, or a visible method of a trait.
#[derive(Debug)]
pub(crate) struct Method {
    pub(crate) name: String,
    pub(crate) docs: String,
}

impl Surface {
    /// Collects the surface of `source`. `others` are our own crates from which `source` re-exports items.
    pub(crate) fn of(source: Source, others: Vec<Source>) -> Self {
        let front = source.module_docs(&Vec::new()).to_owned();
        let name = source.name;
        let mut reader = Reader {
            crates: others,
            items: Vec::new(),
        };
        reader.crates.insert(0, source);
        reader.module(0, &Vec::new(), name);
        Self {
            front,
            items: reader.items,
        }
    }
}

struct Reader {
    crates: Vec<Source>,
    items: Vec<Exported>,
}

impl Reader {
    /// Reads the public items of a module. `shown` is the module's public path.
    fn module(&mut self, at: usize, module: &Module, shown: &str) {
        let mut items = self.crates[at].modules[module].clone();
        // Modules come last, so that an item is listed under its shortest path.
        items.sort_by_key(|item| matches!(item, Item::Mod(_)));
        for item in &items {
            let Some((attributes, visibility)) = head_of(item) else {
                continue;
            };
            if !matches!(visibility, Visibility::Public(_)) || is_hidden(attributes) {
                continue;
            }
            match (item, name_of(item)) {
                (Item::Use(it), _) => {
                    let words = docs(attributes);
                    for brought in brought(&it.tree) {
                        let shown = format!("{shown}::{}", brought.name);
                        self.path(at, module, &brought.path, &shown, &words);
                    }
                }
                (_, Some(name)) => {
                    self.item(at, module, item, &format!("{shown}::{name}"), "");
                }
                _ => {}
            }
        }
    }

    /// Reads the item that a re-export refers to.
    fn path(&mut self, at: usize, module: &Module, path: &[String], shown: &str, words: &str) {
        let place = match self.crates[at].follow(module, path) {
            Some(Leads::Here(module, item)) => {
                let (module, item) = (module.clone(), item.clone());
                return self.item(at, &module, &item, shown, words);
            }
            Some(Leads::Away(path)) => path,
            None => panic!("{shown}: this test cannot find the re-exported item"),
        };
        let ours = self.crates.iter().position(|it| it.name == place[0]);
        if let (Some(other), [_, rest @ ..]) = (ours, &place[..])
            && !rest.is_empty()
        {
            let mut path = vec!["crate".to_owned()];
            path.extend_from_slice(rest);
            return self.path(other, &Vec::new(), &path, shown, words);
        }
        self.add(Exported {
            path: shown.to_owned(),
            docs: words.to_owned(),
            methods: Vec::new(),
            is_crate: place.len() == 1,
            place,
        });
    }

    fn item(&mut self, at: usize, module: &Module, item: &Item, shown: &str, words: &str) {
        let name = name_of(item).expect("a public item has a name");
        let mut place = vec![self.crates[at].name.to_owned()];
        place.extend_from_slice(module);
        place.push(name.clone());
        let attributes = head_of(item).map(|(attributes, _)| docs(attributes));
        let mut all = format!("{words}\n{}", attributes.unwrap_or_default());
        let inner: Module = [module, &[name][..]].concat();
        if matches!(item, Item::Mod(_)) {
            all.push_str(self.crates[at].module_docs(&inner));
        }
        let methods = match item {
            Item::Trait(it) => of_trait(&it.items),
            _ => self.inherent(at, &place),
        };
        let is_new = self.add(Exported {
            path: shown.to_owned(),
            docs: all,
            methods,
            is_crate: false,
            place,
        });
        if is_new && matches!(item, Item::Mod(_)) {
            self.module(at, &inner, shown);
        }
    }

    /// Returns the public methods of the type that is defined at `place`.
    fn inherent(&self, at: usize, place: &[String]) -> Vec<Method> {
        let source = &self.crates[at];
        let mut methods = Vec::new();
        for (module, items) in &source.modules {
            for item in items {
                let Item::Impl(block) = item else { continue };
                let Type::Path(of) = &*block.self_ty else {
                    continue;
                };
                let Some(last) = of.path.segments.last() else {
                    continue;
                };
                let name = last.ident.to_string();
                // Comparing names first is cheaper than resolving every path.
                if block.trait_.is_some() || place.last() != Some(&name) {
                    continue;
                }
                let Some(Leads::Here(written, _)) = source.resolve(module, &name) else {
                    continue;
                };
                if written[..] == place[1..place.len() - 1] {
                    methods.extend(of_impl(&block.items));
                }
            }
        }
        methods
    }

    /// Adds an item. Returns `false` if the item is already listed under another path.
    fn add(&mut self, item: Exported) -> bool {
        let is_new = self.items.iter().all(|known| known.place != item.place);
        if is_new {
            self.items.push(item);
        }
        is_new
    }
}

fn of_impl(items: &[ImplItem]) -> Vec<Method> {
    items
        .iter()
        .filter_map(|item| match item {
            ImplItem::Fn(it)
                if matches!(it.vis, Visibility::Public(_)) && !is_hidden(&it.attrs) =>
            {
                Some(Method {
                    name: it.sig.ident.to_string(),
                    docs: docs(&it.attrs),
                })
            }
            _ => None,
        })
        .collect()
}

fn of_trait(items: &[TraitItem]) -> Vec<Method> {
    items
        .iter()
        .filter_map(|item| match item {
            TraitItem::Fn(it) if !is_hidden(&it.attrs) => Some(Method {
                name: it.sig.ident.to_string(),
                docs: docs(&it.attrs),
            }),
            _ => None,
        })
        .collect()
}
