//! A flame graph as one SVG file that needs nothing else: callers below, what they call above, width by bytes.

use super::sites::{NamedStack, size};
use super::symbols::{Call, Owner};
use std::collections::BTreeMap;
use std::io::{self, Write};

const WIDTH: u64 = 1200;
const ROW: usize = 18;
/// Deeper calls are left out of the picture.
const DEPTH: usize = 120;
/// Hundredths of a pixel below which a box is left out.
const NARROWEST: u64 = 40;
/// Hundredths of a pixel that a letter takes.
const LETTER: u64 = 650;

/// A call, what is held below it, and the calls it makes.
#[derive(Default)]
struct Node<'a> {
    bytes: u64,
    call: Option<&'a Call>,
    // bounded: the stacks of one profile, for as long as the command runs.
    calls: BTreeMap<&'a str, Node<'a>>,
}

/// Draws what is held; of a difference, what grew.
pub(super) fn write(out: &mut impl Write, stacks: &[NamedStack], word: &str) -> io::Result<()> {
    let mut root = Node::default();
    for stack in stacks {
        let Ok(bytes @ 1..) = u64::try_from(stack.used.bytes) else { continue };
        root.bytes = root.bytes.saturating_add(bytes);
        let mut node = &mut root;
        // The allocator's own calls at the inner end say nothing.
        let inner = stack.calls().take_while(|call| call.owner == Owner::Runtime).count();
        let calls: Vec<&Call> = stack.calls().skip(inner).collect();
        for call in calls.into_iter().rev().take(DEPTH) {
            node = node.calls.entry(&call.function).or_default();
            node.bytes = node.bytes.saturating_add(bytes);
            node.call.get_or_insert(call);
        }
    }
    let height = (depth(&root) + 2) * ROW;
    let total = i64::try_from(root.bytes).unwrap_or(i64::MAX);
    writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" \
         font-family=\"monospace\" font-size=\"11\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
         <text x=\"4\" y=\"13\">{} {word}; orange: LexiFlow, blue: libraries, grey: runtime</text>",
        size(total)
    )?;
    let mut drawing = Drawing { out, total: root.bytes.max(1), height };
    drawing.row(&root, 0, 0)?;
    writeln!(drawing.out, "</svg>")
}

fn depth(node: &Node<'_>) -> usize {
    node.calls.values().map(|call| 1 + depth(call)).max().unwrap_or(0)
}

struct Drawing<'a, W> {
    out: &'a mut W,
    total: u64,
    height: usize,
}

impl<W: Write> Drawing<'_, W> {
    /// Draws the calls of a node that begins at `offset` bytes, and what stands on them.
    fn row(&mut self, node: &Node<'_>, offset: u64, level: usize) -> io::Result<()> {
        let mut begin = offset;
        for (name, call) in &node.calls {
            if self.hundredths(call.bytes) >= NARROWEST {
                self.shape(name, call, begin, level)?;
                self.row(call, begin, level + 1)?;
            }
            begin = begin.saturating_add(call.bytes);
        }
        Ok(())
    }

    fn shape(&mut self, name: &str, node: &Node<'_>, begin: u64, level: usize) -> io::Result<()> {
        let (x, width) = (self.hundredths(begin), self.hundredths(node.bytes));
        let y = self.height.saturating_sub((level + 1) * ROW);
        let (fill, line) = match node.call {
            Some(call) => (colour(call.owner), call.line.as_str()),
            None => (colour(Owner::Library), ""),
        };
        let bytes = size(i64::try_from(node.bytes).unwrap_or(i64::MAX));
        write!(
            self.out,
            "<g><title>{} {} ({bytes})</title><rect x=\"{}\" y=\"{y}\" width=\"{}\" height=\"{}\" fill=\"{fill}\" stroke=\"#fff\" stroke-width=\".5\"/>",
            escaped(name),
            escaped(line),
            pixels(x),
            pixels(width),
            ROW - 1,
        )?;
        let letters = usize::try_from(width / LETTER).unwrap_or(0);
        if letters > 3 {
            let end: String = name.chars().skip(name.chars().count().saturating_sub(letters)).collect();
            write!(self.out, "<text x=\"{}\" y=\"{}\">{}</text>", pixels(x + 200), y + 12, escaped(&end))?;
        }
        writeln!(self.out, "</g>")
    }

    fn hundredths(&self, bytes: u64) -> u64 {
        let share = u128::from(bytes) * u128::from(WIDTH) * 100 / u128::from(self.total);
        u64::try_from(share).unwrap_or(u64::MAX)
    }
}

fn colour(owner: Owner) -> &'static str {
    match owner {
        Owner::Ours => "#f6a04d",
        Owner::Library => "#9dc3e6",
        Owner::Runtime => "#d0d0d0",
    }
}

fn pixels(hundredths: u64) -> String {
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
