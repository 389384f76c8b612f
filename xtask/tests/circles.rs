//! No crate has a circle of files: of each two files one can be read without the other.
//!
//! Paths that begin with `crate`, `self`, `super` or the name of a module, and what `use` names, are followed to the
//! files that define what they name. A module may use what the modules around it define, which is read before it.
//! Generated code and tests are left out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// A module, by the names on the way to it.
type Name = Vec<String>;

/// What a module says.
#[derive(Debug, Default)]
struct Module {
    file: PathBuf,
    defines: BTreeSet<String>,
    /// Names that it has from elsewhere, and the paths of what they are.
    uses: BTreeMap<String, Name>,
    /// Paths whose names it has all.
    globs: Vec<Name>,
    /// All paths that it mentions.
    mentions: Vec<Name>,
}

/// The modules of a crate.
#[derive(Debug, Default)]
struct Crate {
    modules: BTreeMap<Name, Module>,
}

impl Crate {
    fn read(root: &Path) -> Self {
        let mut read = Self::default();
        let folder = root.parent().unwrap().to_path_buf();
        read.file(&Name::new(), root, &folder);
        read
    }

    /// Reads a file; the files of its modules are in this folder.
    fn file(&mut self, name: &Name, file: &Path, folder: &Path) {
        let Ok(text) = std::fs::read_to_string(file) else {
            return;
        };
        let tokens: Vec<_> = text.parse::<TokenStream>().unwrap().into_iter().collect();
        self.module(name, file, folder, &tokens);
    }

    fn module(&mut self, name: &Name, file: &Path, folder: &Path, tokens: &[TokenTree]) {
        let mut inside = BTreeSet::new();
        let mut module = Module {
            file: file.to_path_buf(),
            ..Module::default()
        };
        // Without what is in modules of its own, and in tests.
        let mut own = Vec::new();
        let mut rest = tokens;
        while let [first, after @ ..] = rest {
            rest = after;
            match (first, after) {
                (TokenTree::Punct(mark), [TokenTree::Group(attribute), item @ ..])
                    if mark.as_char() == '#' && attribute.to_string().contains("cfg (test)") =>
                {
                    rest = after_item(item);
                }
                (TokenTree::Ident(word), [TokenTree::Ident(defined), body, ..])
                    if *word == "mod" =>
                {
                    inside.insert(defined.to_string());
                    let inner: Name = name.iter().cloned().chain([defined.to_string()]).collect();
                    let folder = folder.join(defined.to_string());
                    match body {
                        TokenTree::Group(body) => {
                            let tokens: Vec<_> = body.stream().into_iter().collect();
                            self.module(&inner, file, &folder, &tokens);
                        }
                        _ if *defined == "generated" => {}
                        _ => {
                            let flat = folder.with_extension("rs");
                            let nested = folder.join("mod.rs");
                            let found = if flat.exists() { flat } else { nested };
                            self.file(&inner, &found, &folder);
                        }
                    }
                    rest = &after[2..];
                }
                (TokenTree::Ident(word), _) if *word == "use" => {
                    let end = after
                        .iter()
                        .position(|token| is(token, ';'))
                        .unwrap_or(after.len());
                    module.take_use(name, &Name::new(), &after[..end]);
                    rest = &after[end..];
                }
                (TokenTree::Ident(word), [TokenTree::Ident(defined), ..])
                    if [
                        "struct", "enum", "union", "trait", "type", "fn", "const", "static",
                    ]
                    .contains(&word.to_string().as_str()) =>
                {
                    module.defines.insert(defined.to_string());
                }
                _ => own.push(first.clone()),
            }
        }
        module.take_mentions(name, &inside, &own);
        self.modules.insert(name.clone(), module);
    }

    /// The file that defines what this path names.
    fn defining(&self, path: &[String], depth: usize) -> Option<&Path> {
        let length = (0..=path.len())
            .rev()
            .find(|length| self.modules.contains_key(&path[..*length]))?;
        let (module, rest) = (&self.modules[&path[..length]], &path[length..]);
        let Some((first, deeper)) = rest.split_first() else {
            return Some(&module.file);
        };
        if module.defines.contains(first) {
            return Some(&module.file);
        }
        let follow = |target: &Name| {
            let target: Name = target.iter().chain(deeper).cloned().collect();
            (depth < 8 && target != path)
                .then(|| self.defining(&target, depth + 1))
                .flatten()
        };
        if let Some(target) = module.uses.get(first) {
            return follow(target);
        }
        module.globs.iter().find_map(|glob| {
            let target: Name = glob.iter().chain([first]).cloned().collect();
            follow(&target)
        })
    }

    /// Of each file, those that it needs.
    fn arrows(&self) -> BTreeMap<&Path, BTreeSet<&Path>> {
        let mut arrows = BTreeMap::<_, BTreeSet<_>>::new();
        for (name, module) in &self.modules {
            let around = |file: &Path| {
                let mut outer = (0..name.len()).map(|length| &name[..length]);
                outer.any(|outer| {
                    self.modules
                        .get(outer)
                        .is_some_and(|outer| outer.file == file)
                })
            };
            let needed = module
                .mentions
                .iter()
                .filter_map(|path| self.defining(path, 0));
            let needed = needed.filter(|file| *file != module.file && !around(file));
            arrows
                .entry(module.file.as_path())
                .or_default()
                .extend(needed);
        }
        arrows
    }

    /// The files of each circle, without their common folder.
    fn circles(&self) -> Vec<Vec<&Path>> {
        let arrows = self.arrows();
        let reached = |from: &Path| {
            let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
            while let Some(next) = open.pop() {
                for file in arrows.get(next).into_iter().flatten() {
                    if seen.insert(*file) {
                        open.push(file);
                    }
                }
            }
            seen
        };
        let reached: BTreeMap<_, _> = arrows.keys().map(|file| (*file, reached(file))).collect();
        let circles = arrows.keys().filter_map(|file| {
            let others = reached[file]
                .iter()
                .filter(|other| reached[*other].contains(file));
            let circle: Vec<_> = others.copied().collect();
            (circle.first() == Some(file)).then_some(circle)
        });
        circles.collect()
    }
}

impl Module {
    /// Notes what a `use` names. `prefix` is what stands before braces.
    fn take_use(&mut self, name: &Name, prefix: &Name, tokens: &[TokenTree]) {
        let mut path = prefix.clone();
        let mut last = None;
        let mut rest = tokens;
        while let [first, after @ ..] = rest {
            rest = after;
            match first {
                TokenTree::Ident(word) if *word == "as" => {
                    last = rest.first().map(ToString::to_string);
                    break;
                }
                TokenTree::Ident(word) => path.push(word.to_string()),
                TokenTree::Punct(mark) if mark.as_char() == '*' => {
                    let path = absolute(name, &path);
                    self.mentions.push(path.clone());
                    self.globs.push(path);
                    return;
                }
                TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                    let tokens: Vec<_> = group.stream().into_iter().collect();
                    tokens
                        .split(|token| is(token, ','))
                        .for_each(|one| self.take_use(name, &path, one));
                    return;
                }
                _ => {}
            }
        }
        if path.last().is_some_and(|last| last == "self") {
            path.pop();
        }
        let Some(last) = last.or_else(|| path.last().cloned()) else {
            return;
        };
        let path = absolute(name, &path);
        self.mentions.push(path.clone());
        self.uses.insert(last, path);
    }

    /// Notes the paths in code that begin with `crate`, `self`, `super` or a module inside of this one.
    fn take_mentions(&mut self, name: &Name, inside: &BTreeSet<String>, tokens: &[TokenTree]) {
        let mut rest = tokens;
        // How many colons stand before.
        let mut colons = 0;
        while let [first, after @ ..] = rest {
            rest = after;
            match first {
                TokenTree::Group(group) => {
                    let tokens: Vec<_> = group.stream().into_iter().collect();
                    self.take_mentions(name, inside, &tokens);
                }
                TokenTree::Ident(word) if colons < 2 => {
                    let mut path = vec![word.to_string()];
                    while let [a, b, TokenTree::Ident(next), more @ ..] = rest
                        && is(a, ':')
                        && is(b, ':')
                    {
                        path.push(next.to_string());
                        rest = more;
                    }
                    let is_ours = ["crate", "self", "super"].contains(&path[0].as_str())
                        || inside.contains(&path[0]);
                    // What is in braces was read as a `use`.
                    let is_prefix =
                        matches!(rest, [a, b, TokenTree::Group(_), ..] if is(a, ':') && is(b, ':'));
                    if is_ours && path.len() > 1 && !is_prefix {
                        self.mentions.push(absolute(name, &path));
                    }
                }
                _ => {}
            }
            colons = if is(first, ':') { colons + 1 } else { 0 };
        }
    }
}

/// A path from the root of the crate on.
fn absolute(name: &Name, path: &[String]) -> Name {
    let mut from = name.clone();
    for (index, word) in path.iter().enumerate() {
        match word.as_str() {
            "crate" if index == 0 => from.clear(),
            "self" => {}
            "super" => drop(from.pop()),
            _ => from.push(word.clone()),
        }
    }
    from
}

fn is(token: &TokenTree, mark: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == mark)
}

/// What stands after an item.
fn after_item(tokens: &[TokenTree]) -> &[TokenTree] {
    let is_end = |token: &TokenTree| {
        is(token, ';')
            || matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace)
    };
    let end = tokens.iter().position(is_end);
    &tokens[end.map_or(tokens.len(), |end| end + 1)..]
}

/// The roots of all crates below these folders of the workspace.
fn roots() -> Vec<PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let crates = std::fs::read_dir(workspace.join("crates")).unwrap();
    let crates = crates.map(|entry| entry.unwrap().path().join("src"));
    let folders = crates.chain([workspace.join("xtask/src")]);
    let files =
        folders.flat_map(|folder| ["lib.rs", "main.rs", "tools.rs"].map(|name| folder.join(name)));
    files.filter(|file| file.exists()).collect()
}

#[test]
fn no_crate_has_a_circle_of_files() {
    let (mut found, mut modules) = (Vec::new(), 0);
    let roots = roots();
    assert!(roots.len() > 6, "{roots:?}");
    for root in roots {
        let read = Crate::read(&root);
        modules += read.modules.len();
        for circle in read.circles() {
            let folder = root.parent().unwrap();
            let mut text = format!("\n{}:", root.display());
            let arrows = read.arrows();
            for file in &circle {
                let needed = arrows[file].iter().filter(|needed| circle.contains(needed));
                let needed: Vec<_> = needed
                    .map(|file| file.strip_prefix(folder).unwrap().display().to_string())
                    .collect();
                text += &format!(
                    "\n  {} needs {}",
                    file.strip_prefix(folder).unwrap().display(),
                    needed.join(", ")
                );
            }
            found.push(text);
        }
    }
    assert!(modules > 200, "{modules}");
    assert!(
        found.is_empty(),
        "these files cannot be read one after the other:{}",
        found.concat()
    );
}

/// A crate of these files.
fn made(files: &[(&str, &str)]) -> (tempfile::TempDir, Crate) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let file = folder.path().join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }
    let read = Crate::read(&folder.path().join("lib.rs"));
    (folder, read)
}

#[test]
fn circles_are_found_however_files_name_each_other() {
    for (a, b, is_circle) in [
        (
            "use crate::b::B; pub struct A;",
            "use super::a::A; pub struct B;",
            true,
        ),
        (
            "use crate::{b::{B as C}}; pub struct A;",
            "fn b() -> crate::a::A { crate::a::A } pub struct B;",
            true,
        ),
        (
            "use super::*; pub struct A;",
            "use crate::A; pub struct B;",
            false,
        ),
        (
            "use crate::B; pub struct A;",
            "use crate::A; pub struct B;",
            true,
        ),
        ("use crate::B; pub struct A;", "pub struct B;", false),
        (
            "use crate::B; pub struct A;",
            "pub struct B; #[cfg(test)] mod tests { use crate::A; }",
            false,
        ),
        (
            "use crate::B; pub struct A;",
            "pub struct B; mod inner { fn f(_: super::super::A) {} }",
            true,
        ),
        (
            "use crate::B; pub struct A;",
            "pub struct B; impl B { fn f() { println!(\"{:?}\", crate::A); } }",
            true,
        ),
    ] {
        let (folder, read) = made(&[
            ("lib.rs", "mod a; mod b; pub use a::A; pub use b::B;"),
            ("a.rs", a),
            ("b/mod.rs", b),
        ]);
        assert_eq!(!read.circles().is_empty(), is_circle, "{a} {b} {read:#?}");
        drop(folder);
    }
}
