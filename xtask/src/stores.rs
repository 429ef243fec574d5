//! Nothing that grows is held without a bound: a field of a growing type belongs to a store that is registered, or says
//! beside it why it cannot grow for ever.

use crate::{Rule, Violation, scrub::words, tree::Place};
use std::path::Path;

/// Types that take one more whenever they are asked.
const GROWING: [&str; 10] = [
    "BTreeMap",
    "BTreeSet",
    "BinaryHeap",
    "DashMap",
    "HashMap",
    "HashSet",
    "IndexMap",
    "UnboundedReceiver",
    "UnboundedSender",
    "VecDeque",
];
/// Lists that several threads add to.
const SHARED: [&str; 2] = ["Mutex", "RwLock"];
const LISTS: [&str; 2] = ["String", "Vec"];

/// Where nothing is said beside the field, and why nothing needs to be.
const EXCEPTIONS: [(&str, &str); 1] = [(
    "crates/headroom/src/heap_profile/pprof_read.rs",
    "one profile, read by the command line from a capped file",
)];

/// Checks one source file, given as it stands and with comments and texts blanked.
pub(crate) fn check(path: &Path, content: &str, scrubbed: &str, violations: &mut Vec<Violation>) {
    let place = Place::of(path);
    let is_excepted = EXCEPTIONS.iter().any(|(file, _reason)| place.is_in(file));
    if place.is_test() || place.is_in("xtask") || is_excepted {
        return;
    }
    let lines: Vec<&str> = content.lines().collect();
    let registers = words(scrubbed).any(|word| word == "register");
    let mut depth = Depth::default();
    for (at, line) in scrubbed.lines().enumerate() {
        let in_struct = depth.take(line);
        let found = in_struct.then(|| growing(line, registers)).flatten();
        let found = found.or_else(|| words(line).find(|word| *word == "unbounded_channel"));
        if let Some(name) = found
            && !says_why(&lines, at)
        {
            let message = format!(
                "`{name}` may grow: register it with a cap in bytes, or say what bounds it in a comment `bounded: ...`"
            );
            violations.push(Violation { path: path.to_owned(), line: at + 1, rule: Rule::Stores, message });
        }
    }
}

/// What may grow in the declaration of a field.
fn growing(line: &str, registers: bool) -> Option<&str> {
    // The line that names a struct has fields only if they have no names.
    let line = if words(line).any(|word| word == "struct") {
        line.split_once('(').map_or("", |(_, fields)| fields)
    } else {
        line
    };
    let has = |wanted: &[&str]| words(line).any(|word| wanted.contains(&word));
    words(line)
        .find(|word| GROWING.contains(word))
        .or_else(|| words(line).find(|word| LISTS.contains(word)).filter(|_| has(&SHARED)))
        .or_else(|| (line.contains("Cache<") && !registers).then_some("Cache"))
}

/// Whether the line or the comment right above it says `bounded:`.
fn says_why(lines: &[&str], at: usize) -> bool {
    let is_said = |line: &&str| line.contains("bounded:");
    let above = lines.get(..at).unwrap_or_default().iter().rev();
    let comment = above.take_while(|line| {
        let line = line.trim_start();
        line.starts_with("//") || line.starts_with("#[")
    });
    lines.get(at).is_some_and(is_said) || comment.copied().any(|line| is_said(&line))
}

/// Whether a line stands inside of a struct's braces.
#[derive(Default)]
struct Depth {
    /// Braces that are open since the struct began.
    open: usize,
    /// A struct was announced and its brace is still to come.
    is_near: bool,
}

impl Depth {
    /// Takes the next line; whether it is, or has, a field.
    fn take(&mut self, line: &str) -> bool {
        if self.open == 0 && words(line).any(|word| word == "struct") {
            self.is_near = true;
        }
        let was_inside = self.open > 0 || self.is_near;
        for byte in line.bytes() {
            match byte {
                b'{' if self.open > 0 || self.is_near => (self.open, self.is_near) = (self.open + 1, false),
                b'}' => self.open = self.open.saturating_sub(1),
                b';' if self.open == 0 => self.is_near = false,
                _ => {}
            }
        }
        was_inside
    }
}
