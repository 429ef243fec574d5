use crate::{Rule, Violation};
use std::path::{Component, Path};

/// Names that say nothing about what is inside, and so end up with everything inside.
pub(crate) const EMPTY_NAMES: [&str; 7] = ["util", "utils", "common", "helper", "helpers", "misc", "types"];

/// Looks at the names of source files and of the folders they are in.
pub(crate) fn check(path: &Path, violations: &mut Vec<Violation>) {
    let is_source =
        path.extension().is_some_and(|extension| extension == "rs") || path.ends_with("Cargo.toml");
    if !is_source {
        return;
    }
    let stem = path.file_stem().and_then(|stem| stem.to_str());
    let folders = path.parent().into_iter().flat_map(Path::components).filter_map(|part| match part {
        Component::Normal(name) => name.to_str(),
        _ => None,
    });
    for name in folders.chain(stem).filter(|name| EMPTY_NAMES.contains(name)) {
        violations.push(Violation {
            path: path.to_owned(),
            line: 1,
            rule: Rule::Names,
            message: format!("the name `{name}` says nothing: name the file after what it holds"),
        });
    }
}
