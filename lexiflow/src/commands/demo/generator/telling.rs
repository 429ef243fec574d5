use super::dice::Dice;
use super::story::Story;

/// Writes out templates: `{slot}` is a fact of the case, `[one|another]` one of several ways to say it, and the ways
/// may hold slots and further ways.
#[derive(Debug)]
pub(super) struct Teller<'a> {
    pub(super) story: &'a Story,
    pub(super) dice: Dice,
}

impl Teller<'_> {
    /// The template, written out. A slot that no case has stays as it stands.
    pub(super) fn tell(&mut self, template: &str) -> String {
        let mut told = String::with_capacity(template.len() * 2);
        let mut rest = template;
        while let Some(at) = rest.find(['{', '[']) {
            told.push_str(&rest[..at]);
            let opened = &rest[at..];
            let end = matching(opened);
            let inner = &opened[1..end];
            if opened.starts_with('{') {
                match self.story.slot(inner) {
                    Some(fact) => told.push_str(fact),
                    None => told.push_str(&opened[..=end]),
                }
            } else {
                let way = *self.dice.pick(&ways(inner));
                let way = self.tell(way);
                told.push_str(&way);
            }
            rest = &opened[end + 1..];
        }
        told.push_str(rest);
        told
    }

    /// One of several templates, written out.
    pub(super) fn one(&mut self, templates: &[&str]) -> String {
        let template = *self.dice.pick(templates);
        self.tell(template)
    }

    /// Up to `count` different ones of several templates, written out.
    pub(super) fn some(&mut self, templates: &[&str], count: usize) -> Vec<String> {
        let chosen: Vec<&str> = self.dice.some(templates, count).into_iter().copied().collect();
        chosen.into_iter().map(|template| self.tell(template)).collect()
    }

    /// A paragraph of up to `count` different sentences.
    pub(super) fn paragraph(&mut self, templates: &[&str], count: usize) -> String {
        self.some(templates, count).join(" ")
    }
}

/// Where the bracket that `text` begins with is closed; its last byte when it never is.
fn matching(text: &str) -> usize {
    let mut depth = 0_u32;
    for (place, byte) in text.bytes().enumerate() {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return place;
                }
            }
            _ => {}
        }
    }
    text.len() - 1
}

/// The ways within one pair of brackets.
fn ways(inner: &str) -> Vec<&str> {
    let (mut ways, mut depth, mut start) = (Vec::new(), 0_u32, 0);
    for (place, byte) in inner.bytes().enumerate() {
        match byte {
            b'[' => depth += 1,
            b']' => depth = depth.saturating_sub(1),
            b'|' if depth == 0 => {
                ways.push(&inner[start..place]);
                start = place + 1;
            }
            _ => {}
        }
    }
    ways.push(&inner[start..]);
    ways
}
