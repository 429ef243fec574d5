//! File names that every system can take, whatever a client sent.

/// The longest name, in bytes of UTF-8: what common file systems take.
pub const MAX_BYTES: usize = 255;
/// The longest extension that is kept when a name is cut, in bytes.
const MAX_EXTENSION_BYTES: usize = 16;

/// Names that Windows keeps for devices, with or without an extension.
const DEVICES: [&str; 22] = [
    "con", "prn", "aux", "nul", "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8", "com9",
    "lpt1", "lpt2", "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9",
];

/// The last part of a path, without what is forbidden or deceptive in a name: control characters, marks that turn the
/// direction of writing, and the signs that Windows forbids. At most 255 bytes; a long name keeps its extension.
pub fn safe(given: &str) -> String {
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let mut name = String::with_capacity(last.len().min(MAX_BYTES));
    for c in last.chars().take(4096).filter(|c| !is_hidden(*c)) {
        name.push(if matches!(c, '<' | '>' | ':' | '"' | '|' | '?' | '*') { '_' } else { c });
    }
    let name = name.trim().trim_end_matches(['.', ' ']);
    if name.trim_start_matches('.').is_empty() {
        return "document".to_owned();
    }
    let stem = name.split('.').next().unwrap_or_default().trim_end();
    let is_device = DEVICES.iter().any(|device| stem.eq_ignore_ascii_case(device));
    cut(&if is_device { format!("_{name}") } else { name.to_owned() })
}

/// The extension in lower case, without its dot.
pub fn extension(name: &str) -> Option<String> {
    let (stem, extension) = name.rsplit_once('.')?;
    let fits = !stem.is_empty() && (1..=MAX_EXTENSION_BYTES).contains(&extension.len());
    fits.then(|| extension.to_lowercase())
}

/// Control characters, and what Unicode has to hide or turn text.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

fn cut(name: &str) -> String {
    if name.len() <= MAX_BYTES {
        return name.to_owned();
    }
    let extension = extension(name).map_or(0, |extension| extension.len() + 1);
    // An extension in capitals of another length in lower case would be cut in a wrong place: look at the text.
    let start =
        name.rfind('.').filter(|start| extension > 0 && name.len() - start <= MAX_EXTENSION_BYTES + 1);
    let tail = start.map_or("", |start| &name[start..]);
    let stem = &name[..name.floor_char_boundary(MAX_BYTES - tail.len())];
    format!("{}{tail}", stem.trim_end_matches(['.', ' ']))
}
