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

    /// The first call of ours; without one the first of a library, or else of anybody.
    pub(super) fn site(&self) -> Option<&Call> {
        let first = |owner: Owner| self.calls().find(move |call| call.owner == owner);
        first(Owner::Ours).or_else(|| first(Owner::Library)).or_else(|| self.calls().next())
    }
}

/// Puts names on all stacks.
pub(super) fn resolve(profile: &HeapProfile, symbols: &mut Symbols<'_>) -> Vec<NamedStack> {
    profile.stacks().map(|stack| NamedStack::at(stack.addresses, stack.used, symbols)).collect()
}

/// A line of code and what was allocated below it.
pub(super) struct Site<'a> {
    call: Option<&'a Call>,
    used: HeapUse,
}

impl<'a> Site<'a> {
    /// All sites, most bytes first.
    pub(super) fn group(stacks: &'a [NamedStack]) -> Vec<Self> {
        let mut sites: HashMap<(&str, &str), Self> = HashMap::new();
        for stack in stacks {
            let call = stack.site();
            let key = call.map_or(("", ""), |call| (call.function.as_str(), call.line.as_str()));
            let site = sites.entry(key).or_insert(Self { call, used: HeapUse::default() });
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
        self.call.map_or("(not listed)", |call| call.function.as_str())
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
        let line = site.call.map_or("", |call| call.line.as_str());
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
