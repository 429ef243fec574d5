use super::printable;

/// The longest tag name or entity that is looked at, in bytes.
const NAME_BYTES: usize = 16;

/// Tags inside a word.
const INLINE: [&str; 15] =
    ["a", "abbr", "b", "big", "code", "em", "font", "i", "s", "small", "span", "strong", "sub", "sup", "u"];

/// Takes the tags out of HTML. Simple on purpose: what it takes for text is text for a search.
#[derive(Debug, Default)]
pub(super) struct Markup {
    place: Place,
    /// The name of the tag, or the entity, that is being read.
    name: String,
    /// The element whose content is no text.
    silent: Option<&'static str>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Place {
    #[default]
    Text,
    Entity,
    TagName,
    Tag,
    Comment {
        hyphens: u8,
    },
}

impl Markup {
    pub(super) fn read(&mut self, decoded: &str, out: &mut String) {
        for c in decoded.chars() {
            self.step(c, out);
        }
    }

    fn step(&mut self, c: char, out: &mut String) {
        match self.place {
            Place::Text => match c {
                '<' => self.begin(Place::TagName),
                '&' if self.silent.is_none() => self.begin(Place::Entity),
                c => self.say(c, out),
            },
            Place::Entity => self.entity(c, out),
            Place::TagName => self.tag_name(c, out),
            Place::Tag if c == '>' => self.place = Place::Text,
            Place::Tag => {}
            Place::Comment { hyphens } => {
                self.place = match c {
                    '-' => Place::Comment { hyphens: (hyphens + 1).min(2) },
                    '>' if hyphens == 2 => Place::Text,
                    _ => Place::Comment { hyphens: 0 },
                };
            }
        }
    }

    fn begin(&mut self, place: Place) {
        self.name.clear();
        self.place = place;
    }

    fn say(&self, c: char, out: &mut String) {
        if self.silent.is_none() {
            out.push(printable(c));
        }
    }

    fn tag_name(&mut self, c: char, out: &mut String) {
        if self.name.is_empty() && !(c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?')) {
            // A lone sign, as in `a < b`.
            self.place = Place::Text;
            self.say('<', out);
            self.say(c, out);
            return;
        }
        if (c.is_ascii_alphanumeric() || matches!(c, '/' | '!' | '-')) && self.name.len() < NAME_BYTES {
            self.name.push(c.to_ascii_lowercase());
            if self.name == "!--" {
                self.place = Place::Comment { hyphens: 0 };
            }
            return;
        }
        self.place = if c == '>' { Place::Text } else { Place::Tag };
        let element = self.name.trim_matches('/');
        match self.silent {
            Some(silent) if self.name.starts_with('/') && element == silent => self.silent = None,
            Some(_) => {}
            None => self.silent = ["script", "style"].into_iter().find(|silent| self.name == *silent),
        }
        if !INLINE.contains(&element) {
            self.say('\n', out);
        }
    }

    fn entity(&mut self, c: char, out: &mut String) {
        if (c.is_ascii_alphanumeric() || c == '#') && self.name.len() < NAME_BYTES {
            self.name.push(c);
            return;
        }
        self.place = Place::Text;
        if let (Some(meant), ';') = (character(&self.name), c) {
            self.say(meant, out);
        } else {
            out.push('&');
            out.push_str(&self.name);
            self.step(c, out);
        }
    }
}

/// What an entity means: by number, or one of those that XML and most pages use.
fn character(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(digits) => u32::from_str_radix(digits, 16),
            None => number.parse(),
        };
        return code.ok().and_then(char::from_u32);
    }
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        "copy" => '©',
        "reg" => '®',
        "sect" => '§',
        "para" => '¶',
        "ndash" => '–',
        "mdash" => '—',
        "lsquo" => '‘',
        "rsquo" => '’',
        "ldquo" => '“',
        "rdquo" => '”',
        "hellip" => '…',
        _ => return None,
    })
}

/// The shortest line that is taken for the encoding of an attachment; RFC 2045 writes 76 characters.
const ENCODED_BYTES: usize = 60;

/// Takes the lines out of a message that are nothing but Base64.
#[derive(Debug, Default)]
pub(super) struct Mail {
    /// The beginning of a line that may be Base64.
    line: String,
    /// The line is text for certain.
    said: bool,
}

impl Mail {
    pub(super) fn read(&mut self, decoded: &str, out: &mut String) {
        for c in decoded.chars() {
            if c == '\n' {
                self.end_line(out);
                out.push('\n');
            } else if self.said {
                out.push(printable(c));
            } else if c == '\r' || (is_base64(c) && self.line.len() < 1024) {
                self.line.push(c);
            } else {
                self.said = true;
                out.extend(self.line.drain(..).map(printable));
                out.push(printable(c));
            }
        }
    }

    pub(super) fn finish(&mut self, out: &mut String) {
        self.end_line(out);
    }

    fn end_line(&mut self, out: &mut String) {
        if !self.said && self.line.trim_end().len() < ENCODED_BYTES {
            out.extend(self.line.chars().map(printable));
        }
        self.line.clear();
        self.said = false;
    }
}

fn is_base64(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=')
}
