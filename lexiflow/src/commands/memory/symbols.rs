//! Names for addresses, from the debug information of the files on disk. It happens here, in the process of whoever asks:
//! in the server it would cost more memory than most of what a profile finds.

use addr2line::Loader;
use headroom::heap_profile::{Elf, Mapping};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// Whose code a call is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// LexiFlow's own crates.
    Ours,
    /// A library.
    Library,
    /// The allocator, the standard library, and what wraps every request to measure it.
    Runtime,
}

/// A call by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) function: String,
    /// `crates/web/src/body.rs:12`; empty where it is not known.
    pub(super) line: String,
    pub(super) owner: Owner,
    /// Whether the debug information calls it nothing but `{closure#0}` or the like.
    pub(super) is_bare_closure: bool,
}

/// What can be named of one program and its libraries.
pub(super) struct Symbols<'a> {
    mappings: &'a [Mapping],
    files: Vec<Result<Named, String>>,
    // bounded: the addresses of one profile, for as long as the command runs.
    known: HashMap<u64, Rc<[Call]>>,
}

struct Named {
    elf: Elf,
    loader: Loader,
}

impl<'a> Symbols<'a> {
    /// Opens the files that are mapped; `binary`, or else this program's own file, in the place of the first.
    pub(super) fn of(mappings: &'a [Mapping], binary: Option<&Path>) -> Self {
        let open = |(index, mapping): (usize, &Mapping)| {
            let own = || std::env::current_exe().unwrap_or_else(|_| PathBuf::from(&mapping.path));
            let path = match index {
                0 => binary.map_or_else(own, Path::to_owned),
                _ => PathBuf::from(&mapping.path),
            };
            named(mapping, &path)
        };
        let files = mappings.iter().enumerate().map(open).collect();
        Self { mappings, files, known: HashMap::new() }
    }

    /// Why the program's own calls have no names, when they have none.
    pub(super) fn warnings(&self) -> impl Iterator<Item = &str> {
        self.files.iter().take(1).filter_map(|file| file.as_ref().err().map(String::as_str))
    }

    /// The calls at an address, innermost first: more than one where the compiler put functions into others.
    pub(super) fn calls(&mut self, address: u64) -> Rc<[Call]> {
        if let Some(calls) = self.known.get(&address) {
            return Rc::clone(calls);
        }
        let calls: Rc<[Call]> = self.look_up(address).unwrap_or_else(|| vec![self.unnamed(address)]).into();
        self.known.insert(address, Rc::clone(&calls));
        calls
    }

    fn look_up(&self, address: u64) -> Option<Vec<Call>> {
        let index = self.mappings.iter().position(|mapping| mapping.contains(address))?;
        let file = self.files.get(index)?.as_ref().ok()?;
        let probe = file.elf.address_of(self.mappings[index].file_offset(address))?;
        let symbol = file.loader.find_symbol(probe);
        let symbol = symbol.map(|name| addr2line::demangle_auto(name.into(), None).into_owned());
        let mut calls = Vec::new();
        let mut frames = file.loader.find_frames(probe).ok()?;
        while let Ok(Some(frame)) = frames.next() {
            let Some(function) = frame.function.as_ref().and_then(|name| name.demangle().ok()) else {
                continue;
            };
            let (path, line) = frame.location.map_or((None, None), |place| (place.file, place.line));
            calls.push(call(function.into_owned(), path.unwrap_or_default(), line));
        }
        match (calls.last_mut(), symbol) {
            (None, symbol) => calls.push(call(symbol?, "", None)),
            // The outermost is what was compiled as a function of its own; its symbol has the whole path.
            (Some(call), Some(symbol)) if symbol.contains("::") => {
                (call.function, call.is_bare_closure) = (symbol, false);
            }
            _ => {}
        }
        Some(calls)
    }

    fn unnamed(&self, address: u64) -> Call {
        let function = match self.mappings.iter().find(|mapping| mapping.contains(address)) {
            Some(mapping) => format!("{}+{:#x}", mapping.name(), mapping.file_offset(address)),
            None => format!("{address:#x}"),
        };
        Call { function, line: String::new(), owner: Owner::Library, is_bare_closure: false }
    }
}

/// Opens a file, if it is of the same build as the one that ran: names of another would be wrong without a sign of it.
fn named(mapping: &Mapping, path: &Path) -> Result<Named, String> {
    let shown = path.display();
    let elf = Elf::open(path).map_err(|error| format!("no names: {shown} cannot be read ({error})"))?;
    if elf.build_id != mapping.build_id {
        let (here, there) = (or_none(&elf.build_id), or_none(&mapping.build_id));
        return Err(format!(
            "no names: {shown} is another build ({here}) than the one that was profiled ({there}, {}); give its file with --binary",
            mapping.path
        ));
    }
    let loader = Loader::new(path).map_err(|error| format!("no names: {shown} cannot be read ({error})"))?;
    Ok(Named { elf, loader })
}

fn or_none(build_id: &str) -> &str {
    if build_id.is_empty() { "without a build id" } else { build_id }
}

fn call(function: String, path: &str, line: Option<u32>) -> Call {
    let (owner, short) = owned(path, &function);
    let is_bare_closure = function.starts_with('{');
    let function = match owner {
        Owner::Ours if !function.contains("::") => format!("{}::{function}", module(short)),
        _ => function,
    };
    let line = match line {
        Some(line) if !short.is_empty() => format!("{short}:{line}"),
        _ => short.to_owned(),
    };
    Call { function, line, owner, is_bare_closure }
}

/// `crates/db/src/group.rs` is `db::group`: the debug information of an inlined function has its bare name only.
fn module(path: &str) -> String {
    let (folder, file) =
        path.split_once("/src/").or_else(|| path.split_once("/examples/")).unwrap_or(("", path));
    let package = folder.rsplit('/').next().unwrap_or(folder);
    let file = file.trim_end_matches(".rs");
    let file = file.strip_suffix("/mod").unwrap_or(file);
    match file {
        "lib" | "main" => package.to_owned(),
        file => format!("{package}::{}", file.replace('/', "::")),
    }
}

/// How the names of functions begin that lead to an allocation or a thread, where the file is not told.
const RUNTIME: [&str; 11] = [
    "malloc",
    "calloc",
    "realloc",
    "__rust",
    "je_",
    "prof_",
    "tikv_jemallocator::",
    "alloc::",
    "core::",
    "std::",
    "hashbrown::",
];

/// Parts of `headroom` that stand round every allocation, and round the work of every request or of a measurement.
const WRAPPERS: [&str; 6] = ["install.rs", "measured.rs", "meter.rs", "scope.rs", "blocking.rs", "probe.rs"];

/// Whose a source file is, and its path as the project writes it.
fn owned<'a>(path: &'a str, function: &str) -> (Owner, &'a str) {
    if let Some((_, rest)) = path.rsplit_once("/registry/src/") {
        let short = rest.split_once('/').map_or(rest, |(_, short)| short);
        return (if short.starts_with("tikv-jemalloc") { Owner::Runtime } else { Owner::Library }, short);
    }
    if path.is_empty() {
        return (if is_runtime(function) { Owner::Runtime } else { Owner::Library }, path);
    }
    if path.starts_with("/rustc/") || path.contains("/lib/rustlib/") || path.contains("jemalloc") {
        let short = path.rsplit_once("/library/").map_or(path, |(_, rest)| rest);
        return (Owner::Runtime, short);
    }
    for folder in ["/crates/", "/modules/", "/lexiflow/src/", "/bench/examples/"] {
        // The outermost folder of that name is the workspace's.
        let is_source = path.contains("/src/") || path.contains("/examples/");
        if let Some(at) = path.find(folder).filter(|_| is_source) {
            let short = &path[at + 1..];
            let wraps = short.starts_with("crates/headroom/src/")
                && WRAPPERS.iter().any(|file| short.ends_with(file));
            return (if wraps { Owner::Runtime } else { Owner::Ours }, short);
        }
    }
    (Owner::Library, path)
}

/// By the function's name, or for `<T as Trait>::method` by the trait's.
fn is_runtime(function: &str) -> bool {
    let begins = |name: &str| RUNTIME.iter().any(|begin| name.starts_with(begin));
    let name = function.trim_start_matches('<');
    begins(name) || name.split_once(" as ").is_some_and(|(_, name)| begins(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_file_tells_whose_a_call_is() {
        let cases = [
            ("/home/a/lexiflow/modules/cases/src/store.rs", Owner::Ours, "modules/cases/src/store.rs"),
            ("/home/a/lexiflow/lexiflow/src/ops/memory.rs", Owner::Ours, "lexiflow/src/ops/memory.rs"),
            ("/srv/crates/headroom/src/measured.rs", Owner::Runtime, "crates/headroom/src/measured.rs"),
            ("/srv/crates/headroom/src/cache.rs", Owner::Ours, "crates/headroom/src/cache.rs"),
            (
                "/root/.cargo/registry/src/index.crates.io-1/hyper-1.1/src/a.rs",
                Owner::Library,
                "hyper-1.1/src/a.rs",
            ),
            (
                "/root/.cargo/registry/src/index.crates.io-1/tikv-jemallocator-0.7/src/lib.rs",
                Owner::Runtime,
                "tikv-jemallocator-0.7/src/lib.rs",
            ),
            ("/rustc/aa/library/alloc/src/raw_vec.rs", Owner::Runtime, "alloc/src/raw_vec.rs"),
            ("", Owner::Library, ""),
        ];
        for (path, owner, short) in cases {
            assert_eq!(owned(path, "f"), (owner, short), "{path}");
        }
        for function in ["malloc", "<u8 as alloc::vec::spec_from_elem::SpecFromElem>::from_elem"] {
            assert_eq!(owned("", function).0, Owner::Runtime);
        }
        assert_eq!(module("crates/db/src/group.rs"), "db::group");
        assert_eq!(module("lexiflow/src/ops/memory.rs"), "lexiflow::ops::memory");
        assert_eq!(module("modules/cases/src/lib.rs"), "cases");
    }
}
