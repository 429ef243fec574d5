use crate::{Rule, Violation};
use std::path::Path;

/// Written in two parts, so that this file keeps the rule itself.
const FORBIDDEN: &str = concat!("../shared", "/spec");

/// Looks for words that must not stand anywhere, in code or in prose.
pub(crate) fn check(path: &Path, content: &str, violations: &mut Vec<Violation>) {
    let lines = content.lines().enumerate().filter(|(_, line)| line.contains(FORBIDDEN));
    violations.extend(lines.map(|(at, _)| Violation {
        path: path.to_owned(),
        line: at + 1,
        rule: Rule::Words,
        message: "names a folder that is no part of the project: say the rule itself".to_owned(),
    }));
}
