use crate::{
    Rule, Violation,
    functions::functions,
    scrub::{lines_of, scrub, words},
    tree::Place,
};
use std::path::Path;

const MAX_FILE_LINES: usize = 500;
const MAX_FUNCTION_LINES: usize = 60;

/// Checks one source file.
pub(crate) fn check(path: &Path, content: &str, violations: &mut Vec<Violation>) {
    let scrubbed = scrub(content);
    let source = Source { path, place: Place::of(path), content, scrubbed: &scrubbed };
    source.layers(violations);
    source.length(violations);
    source.macros(violations);
    source.globals(violations);
    source.unsafe_code(violations);
    source.unbounded(violations);
    crate::stores::check(path, content, &scrubbed, violations);
}

struct Source<'a> {
    path: &'a Path,
    place: Place<'a>,
    content: &'a str,
    scrubbed: &'a str,
}

impl Source<'_> {
    fn violation(&self, line: usize, rule: Rule, message: impl Into<String>) -> Violation {
        Violation { path: self.path.to_owned(), line, rule, message: message.into() }
    }

    fn layers(&self, violations: &mut Vec<Violation>) {
        let place = self.place;
        if place.is_test() || place.is_in("xtask") {
            return;
        }
        let may_sql = place.is_room("store")
            || place.is_room("migration")
            || place.is_in("crates/db")
            || place.is_in("crates/queue");
        let may_http = place.is_room("routes") || place.is_in("crates/web") || place.is_in("lexiflow");
        // Its figures are read, and its pages given out, where `unsafe` may stand.
        let may_sqlite =
            place.is_in("crates/db") || (place.is_in("crates/headroom/src") && place.is_room("sqlite"));
        let banned = [
            ("sea_orm", may_sql, "store.rs or migration.rs"),
            ("sqlx", may_sql, "store.rs or migration.rs"),
            ("rusqlite", may_sqlite, "crates/db"),
            ("sea_query", may_sql, "store.rs or migration.rs"),
            ("axum", may_http, "routes.rs"),
        ];
        for (word, _, home) in banned.iter().filter(|(_, may, _)| !may) {
            violations.extend(
                lines_of(self.scrubbed, word)
                    .map(|line| self.violation(line, Rule::Layers, format!("`{word}` belongs in {home}"))),
            );
        }
    }

    fn length(&self, violations: &mut Vec<Violation>) {
        let lines = self.content.lines().count();
        if lines > MAX_FILE_LINES {
            let message = format!("{lines} lines, {MAX_FILE_LINES} at most: divide the file by what it does");
            violations.push(self.violation(MAX_FILE_LINES + 1, Rule::Length, message));
        }
        if self.place.is_test() {
            return;
        }
        for function in
            functions(self.scrubbed).iter().filter(|function| function.code_lines > MAX_FUNCTION_LINES)
        {
            let message = format!(
                "`{}` has {} lines, {MAX_FUNCTION_LINES} at most: name its parts and call them",
                function.name, function.code_lines
            );
            violations.push(self.violation(function.first, Rule::Length, message));
        }
    }

    fn macros(&self, violations: &mut Vec<Violation>) {
        // Twenty id types that must not drift apart, and an allocator that only the binary's root file can declare.
        if self.place.is_in("crates/ids") || self.place.is_in("crates/headroom/src/install.rs") {
            return;
        }
        let message = "declare no macros: write a function, or a trait";
        violations.extend(
            lines_of(self.scrubbed, "macro_rules").map(|line| self.violation(line, Rule::Macros, message)),
        );
    }

    /// Statics that can change, by the name of their type. The allocator and its counters live in `headroom`.
    fn globals(&self, violations: &mut Vec<Violation>) {
        if self.place.is_test() || self.place.is_in("crates/headroom") {
            return;
        }
        for (at, line) in self.scrubbed.lines().enumerate() {
            let changes = declares_static(line) && {
                let declaration = self.scrubbed.lines().skip(at).take(4).collect::<Vec<_>>().join(" ");
                let kind = declaration.split(['=', ';']).next().unwrap_or_default();
                words(kind).any(is_changing)
            };
            if changes || words(line).any(|word| word == "thread_local") {
                let message = "no global state: pass the value in from where the program is put together";
                violations.push(self.violation(at + 1, Rule::Globals, message));
            }
        }
    }

    fn unsafe_code(&self, violations: &mut Vec<Violation>) {
        if self.place.is_in("crates/headroom") {
            return;
        }
        let message = "`unsafe` stands in crates/headroom alone";
        violations.extend(
            lines_of(self.scrubbed, "unsafe").map(|line| self.violation(line, Rule::Unsafe, message)),
        );
    }

    /// A query for all rows, in a function that names neither a limit nor a page and says no `bounded:` reason.
    fn unbounded(&self, violations: &mut Vec<Violation>) {
        if self.place.is_test() || !self.place.is_room("store") {
            return;
        }
        let functions = functions(self.scrubbed);
        let lines: Vec<&str> = self.content.lines().collect();
        for (at, line) in self.scrubbed.lines().enumerate().filter(|(_, line)| reads_all(line)) {
            let around = functions.iter().rfind(|function| function.first <= at + 1 && at < function.last);
            let (first, last) = around.map_or((at, at + 1), |function| (function.first - 1, function.last));
            let body = lines.get(first..last).unwrap_or_default();
            let is_bounded = |line: &&str| {
                line.contains("bounded:") || words(line).any(|word| ["limit", "page", "Page"].contains(&word))
            };
            if !body.iter().any(is_bounded) {
                let message = format!(
                    "`{}` reads all rows: set a limit or a page, or say why they are few in a comment `bounded: ...`",
                    line.trim()
                );
                violations.push(self.violation(at + 1, Rule::Unbounded, message));
            }
        }
    }
}

/// A static item, private or public. `&'static` is none, nor is a word in a path.
fn declares_static(line: &str) -> bool {
    let line = line.trim_start();
    let line = if line.starts_with("pub") { line.split_once(' ').map_or("", |(_, rest)| rest) } else { line };
    line.trim_start().trim_start_matches("in ").starts_with("static ")
}

fn is_changing(word: &str) -> bool {
    word.starts_with("Atomic")
        || [
            "mut", "Mutex", "RwLock", "OnceLock", "OnceCell", "LazyLock", "LazyCell", "Lazy", "Cell",
            "RefCell",
        ]
        .contains(&word)
        || ["UnsafeCell", "DashMap", "ArcSwap"].contains(&word)
}

/// A call `.all(` on a query; an iterator's has a closure in it.
fn reads_all(line: &str) -> bool {
    let mut calls = line.split(".all(").skip(1);
    calls.any(|argument| {
        let argument = argument.trim_start();
        let is_path =
            argument.starts_with(|c: char| c.is_uppercase() || c == '|') || argument.starts_with("char::");
        !is_path && !argument.starts_with("move |")
    })
}
