//! Which file uses which, and the circles in that.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use super::modules::{ModuleId, Modules};

/// One file uses an item that another file defines.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Use {
    pub(super) from: PathBuf,
    pub(super) to: PathBuf,
    pub(super) line: usize,
    pub(super) item: String,
}

/// Files each of which needs all the others, and the uses that tie them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Circle {
    pub(super) files: BTreeSet<PathBuf>,
    pub(super) uses: Vec<Use>,
}

pub(super) fn circles(modules: &Modules) -> Vec<Circle> {
    let uses = uses(modules);
    let mut below: BTreeMap<&Path, BTreeSet<&Path>> = BTreeMap::new();
    for it in &uses {
        below.entry(&it.from).or_default().insert(&it.to);
    }
    let reach = |from: &Path| {
        let mut seen: BTreeSet<&Path> = BTreeSet::new();
        let mut open: Vec<&Path> = below.get(from).into_iter().flatten().copied().collect();
        while let Some(file) = open.pop() {
            if seen.insert(file) {
                open.extend(below.get(file).into_iter().flatten());
            }
        }
        seen
    };
    // A crate has a hundred files: that everything is reached anew from each one takes milliseconds.
    let reached: BTreeMap<_, _> = below.keys().map(|file| (*file, reach(file))).collect();
    let mut done = BTreeSet::new();
    let mut circles = Vec::new();
    for (file, from_here) in &reached {
        if !from_here.contains(file) || done.contains(file) {
            continue;
        }
        let files: BTreeSet<_> = from_here
            .iter()
            .filter(|it| reached.get(*it).is_some_and(|back| back.contains(file)))
            .copied()
            .collect();
        done.extend(files.iter().copied());
        circles.push(Circle {
            uses: uses
                .iter()
                .filter(|it| files.contains(&*it.from) && files.contains(&*it.to))
                .cloned()
                .collect(),
            files: files.into_iter().map(Path::to_path_buf).collect(),
        });
    }
    circles
}

/// Each file, item and user once, at the first line.
fn uses(modules: &Modules) -> Vec<Use> {
    let mut first: BTreeMap<(PathBuf, PathBuf, String), usize> = BTreeMap::new();
    for (module, it) in modules.all.iter().enumerate() {
        for named in &it.named {
            let mut seen = HashSet::new();
            if let Some(Target::Item(owner, name)) =
                resolve(modules, module, &named.path, &mut seen)
                && modules.all[owner].file != it.file
            {
                let key = (it.file.clone(), modules.all[owner].file.clone(), name);
                let line = first.entry(key).or_insert(named.line);
                *line = (*line).min(named.line);
            }
        }
    }
    first
        .into_iter()
        .map(|((from, to, item), line)| Use {
            from,
            to,
            line,
            item,
        })
        .collect()
}

#[derive(Debug)]
enum Target {
    Module(ModuleId),
    /// The module that defines it, and its name.
    Item(ModuleId, String),
}

/// What a path means in a module; None: nothing of this crate. `seen` ends imports that lead to themselves.
fn resolve(
    modules: &Modules,
    module: ModuleId,
    path: &[String],
    seen: &mut HashSet<(ModuleId, String)>,
) -> Option<Target> {
    let mut target = match path.first()?.as_str() {
        "crate" => Target::Module(0),
        "self" => Target::Module(module),
        "super" => Target::Module(modules.all[module].parent?),
        name => member(modules, module, name, seen)?,
    };
    for name in &path[1..] {
        target = match target {
            Target::Module(module) if name == "super" => {
                Target::Module(modules.all[module].parent?)
            }
            Target::Module(module) => member(modules, module, name, seen)?,
            // A variant, or an associated function.
            item @ Target::Item(..) => return Some(item),
        };
    }
    Some(target)
}

fn member(
    modules: &Modules,
    module: ModuleId,
    name: &str,
    seen: &mut HashSet<(ModuleId, String)>,
) -> Option<Target> {
    let here = &modules.all[module];
    if here.items.iter().any(|item| item == name) {
        return Some(Target::Item(module, name.to_owned()));
    }
    if let Some(child) = here.children.get(name) {
        return Some(Target::Module(*child));
    }
    if !seen.insert((module, name.to_owned())) {
        return None;
    }
    if let Some(path) = here.imports.get(name) {
        return resolve(modules, module, path, seen);
    }
    here.globs
        .iter()
        .find_map(|path| match resolve(modules, module, path, seen)? {
            Target::Module(from) => member(modules, from, name, seen),
            Target::Item(..) => None,
        })
}
