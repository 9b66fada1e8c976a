//! The graph of the uses between files, and the cycles in it.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use super::modules::{ModuleId, Modules};

/// A use of an item in a file other than the one that defines it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Use {
    pub(super) from: PathBuf,
    pub(super) to: PathBuf,
    pub(super) line: usize,
    pub(super) item: String,
}

/// A set of files that all need each other, and the uses between them.
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
    // A separate search from each file is fast enough: for a crate with about a hundred files, all searches take
    // milliseconds.
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

/// Returns each combination of file, defining file and item once, with the first line of the use.
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
    /// The module that defines the item, and the item's name.
    Item(ModuleId, String),
}

/// Resolves a path in a module. Returns `None` if the path does not lead to this crate. `seen` stops imports that refer
/// to themselves.
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
        name => member(modules, module, name, path.len() > 1, seen)?,
    };
    for (index, name) in path.iter().enumerate().skip(1) {
        let goes_on = index + 1 < path.len();
        target = match target {
            Target::Module(module) if name == "super" => {
                Target::Module(modules.all[module].parent?)
            }
            Target::Module(module) => member(modules, module, name, goes_on, seen)?,
            // The rest of the path names a variant or an associated function.
            item @ Target::Item(..) => return Some(item),
        };
    }
    Some(target)
}

fn member(
    modules: &Modules,
    module: ModuleId,
    name: &str,
    goes_on: bool,
    seen: &mut HashSet<(ModuleId, String)>,
) -> Option<Target> {
    let here = &modules.all[module];
    let child = here.children.get(name).map(|child| Target::Module(*child));
    // A function can have the same name as a module. If the path continues, the name refers to the module.
    if goes_on && child.is_some() {
        return child;
    }
    if here.items.iter().any(|item| item == name) {
        return Some(Target::Item(module, name.to_owned()));
    }
    if child.is_some() {
        return child;
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
            Target::Module(from) => member(modules, from, name, goes_on, seen),
            Target::Item(..) => None,
        })
}
