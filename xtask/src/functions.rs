/// A function with a body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Function {
    pub(crate) name: String,
    /// The line of its `fn`, from 1.
    pub(crate) first: usize,
    /// The line of its closing brace.
    pub(crate) last: usize,
    /// Lines with code on them.
    pub(crate) code_lines: usize,
}

/// The functions of a scrubbed source, by counting braces.
pub(crate) fn functions(scrubbed: &str) -> Vec<Function> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = scrubbed.get(from..).and_then(|rest| rest.find("fn ")).map(|at| from + at) {
        from = at + 3;
        let before = scrubbed.get(..at).unwrap_or_default();
        if before.chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let rest = scrubbed.get(from..).unwrap_or_default();
        let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        if name.is_empty() {
            continue;
        }
        let Some((open, close)) = body(rest) else { continue };
        let first = line_at(scrubbed, at);
        let code = scrubbed.get(from + open..from + close).unwrap_or_default();
        let code_lines = code.lines().filter(|line| !line.trim().is_empty()).count();
        found.push(Function { name, first, last: line_at(scrubbed, from + close), code_lines });
    }
    found
}

/// From behind the opening brace to the closing one; none for a declaration without a body.
fn body(rest: &str) -> Option<(usize, usize)> {
    let (mut open, mut braces, mut brackets) = (None, 0_usize, 0_usize);
    for (at, byte) in rest.bytes().enumerate() {
        match byte {
            b'(' | b'[' => brackets += 1,
            b')' | b']' => brackets = brackets.saturating_sub(1),
            b';' if open.is_none() && brackets == 0 => return None,
            b'{' => {
                open.get_or_insert(at + 1);
                braces += 1;
            }
            b'}' => {
                braces = braces.checked_sub(1)?;
                if braces == 0 {
                    return Some((open?, at));
                }
            }
            _ => {}
        }
    }
    None
}

fn line_at(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|&byte| byte == b'\n').count() + 1
}
