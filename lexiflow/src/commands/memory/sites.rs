//! What is held, by the first call of our own: the line that somebody here can change.

use super::symbols::{Call, Owner, Symbols};
use headroom::heap_profile::{HeapProfile, HeapUse};
use std::collections::HashMap;
use std::io::{self, Write};
use std::rc::Rc;

/// The longest function name of the table; those of generic code can fill a page.
const NAME_CHARS: usize = 72;

/// A stack by name, innermost call first.
pub(super) struct NamedStack {
    calls: Vec<Rc<[Call]>>,
    pub(super) used: HeapUse,
}

impl NamedStack {
    /// The calls at these addresses, innermost first.
    pub(super) fn at(addresses: &[u64], used: HeapUse, symbols: &mut Symbols<'_>) -> Self {
        Self { calls: addresses.iter().map(|address| symbols.calls(*address)).collect(), used }
    }

    /// The calls, innermost first.
    pub(super) fn calls(&self) -> impl DoubleEndedIterator<Item = &Call> {
        self.calls.iter().flat_map(|calls| calls.iter())
    }

    /// The name and the line of the site; both empty for a stack without calls.
    pub(super) fn site_name(&self) -> (String, &str) {
        let Some(site) = self.site() else { return (String::new(), "") };
        let outer = self.calls().skip_while(|call| !std::ptr::eq(*call, site)).skip(1);
        (full_name(site, outer), site.line.as_str())
    }

    /// The first call of ours; without one the first of a library, or else of anybody.
    fn site(&self) -> Option<&Call> {
        let first = |owner: Owner| self.calls().find(move |call| call.owner == owner);
        first(Owner::Ours).or_else(|| first(Owner::Library)).or_else(|| self.calls().next())
    }
}

/// The name of a site's function. A closure that the compiler put into its caller has none of its own but `{closure#0}`:
/// it is then called after the function of the same file that it stands in.
fn full_name<'a>(site: &Call, mut outer: impl Iterator<Item = &'a Call>) -> String {
    let file = |call: &Call| call.line.rsplit_once(':').map(|(file, _)| file.to_owned());
    let Some((_, closure)) = site.function.rsplit_once("::").filter(|_| site.is_bare_closure) else {
        return site.function.clone();
    };
    let within = outer.find(|call| !call.is_bare_closure && file(call) == file(site));
    within.map_or_else(|| site.function.clone(), |call| format!("{}::{closure}", call.function))
}

/// Puts names on all stacks.
pub(super) fn resolve(profile: &HeapProfile, symbols: &mut Symbols<'_>) -> Vec<NamedStack> {
    profile.stacks().map(|stack| NamedStack::at(stack.addresses, stack.used, symbols)).collect()
}

/// A line of code and what was allocated below it.
pub(super) struct Site<'a> {
    function: String,
    line: &'a str,
    used: HeapUse,
}

impl<'a> Site<'a> {
    /// All sites, most bytes first.
    pub(super) fn group(stacks: &'a [NamedStack]) -> Vec<Self> {
        let mut sites: HashMap<(String, &str), Self> = HashMap::new();
        for stack in stacks {
            let (function, line) = stack.site_name();
            let new = || Self { function: function.clone(), line, used: HeapUse::default() };
            let site = sites.entry((function.clone(), line)).or_insert_with(new);
            site.used.objects = site.used.objects.saturating_add(stack.used.objects);
            site.used.bytes = site.used.bytes.saturating_add(stack.used.bytes);
        }
        let mut sites: Vec<Self> = sites.into_values().collect();
        sites.sort_by(|a, b| b.used.bytes.cmp(&a.used.bytes).then_with(|| a.name().cmp(b.name())));
        sites
    }

    /// Whether it holds more than before, in a difference.
    pub(super) fn has_grown(&self) -> bool {
        self.used.bytes > 0
    }

    fn name(&self) -> &str {
        if self.function.is_empty() { "(not listed)" } else { &self.function }
    }
}

/// Prints the first `top` sites.
pub(super) fn write_table(
    out: &mut dyn Write,
    sites: &[Site<'_>],
    total: HeapUse,
    word: &str,
    top: usize,
) -> io::Result<()> {
    writeln!(out, "{} {word} in {} objects (estimated from samples)", size(total.bytes), total.objects)?;
    writeln!(out, "{:>12} {:>10}  {:NAME_CHARS$}  where", "bytes", "objects", "function")?;
    for site in sites.iter().take(top) {
        let line = site.line;
        let name = shortened(site.name());
        writeln!(out, "{:>12} {:>10}  {name:NAME_CHARS$}  {line}", size(site.used.bytes), site.used.objects)?;
    }
    let rest = sites.get(top..).unwrap_or_default();
    if !rest.is_empty() {
        let bytes = rest.iter().fold(0_i64, |sum, site| sum.saturating_add(site.used.bytes));
        writeln!(out, "{:>12} {:>10}  in {} more places: see them with --top", size(bytes), "", rest.len())?;
    }
    Ok(())
}

/// Bytes for people, with a sign when they are fewer than none.
pub(super) fn size(bytes: i64) -> String {
    let (sign, bytes) = (if bytes < 0 { "-" } else { "" }, bytes.unsigned_abs());
    let (shift, unit) = match bytes {
        0..1024 => return format!("{sign}{bytes} B"),
        1024..1_048_576 => (10, "KiB"),
        _ => (20, "MiB"),
    };
    let hundredths = (u128::from(bytes) * 100) >> shift;
    format!("{sign}{}.{:02} {unit}", hundredths / 100, hundredths % 100)
}

/// The end tells more than the beginning: it has the function's own name.
pub(super) fn shortened(name: &str) -> String {
    let length = name.chars().count();
    if length <= NAME_CHARS {
        return name.to_owned();
    }
    let kept: String = name.chars().skip(length - NAME_CHARS + 2).collect();
    format!("..{kept}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closure_is_called_after_the_function_that_it_stands_in() {
        let call = |function: &str, line: &str, is_bare_closure| Call {
            function: function.to_owned(),
            line: line.to_owned(),
            owner: Owner::Ours,
            is_bare_closure,
        };
        let site = call("cases::{closure#0}", "modules/cases/src/lib.rs:7", true);
        let outer = [
            call("db::run", "crates/db/src/lib.rs:1", false),
            call("cases::{closure#1}", "modules/cases/src/lib.rs:5", true),
            call("cases::open_case", "modules/cases/src/lib.rs:3", false),
        ];
        assert_eq!(full_name(&site, outer.iter()), "cases::open_case::{closure#0}");
        assert_eq!(full_name(&site, outer[..2].iter()), "cases::{closure#0}");
        assert_eq!(full_name(&outer[0], outer.iter()), "db::run");
    }
}
