//! The layers of the configuration: reading them, and choosing for each key the value of the highest one.

use super::environment::{Environment, read_dotenv};
use super::notice::{Fault, Notice};
use super::table::{Key, by_name, by_path};
use super::value::Raw;
use super::{answers, hints};
use std::collections::BTreeSet;
use std::fmt;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// The manual, and the lowest layer: every key with its default.
pub const DEFAULTS: &str = include_str!("../../../config/lexiflow.default.toml");

/// No configuration file is longer; a longer one is some other file, given by mistake.
const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The compiled-in defaults.
    Default,
    /// The chosen profile, by its name.
    Profile(&'static str),
    /// The TOML file given with `--config` or `LEXIFLOW_CONFIG`.
    File(PathBuf),
    /// A `.env` file, by its name.
    DotEnv(String),
    /// The process environment.
    Environment,
    /// An override on the command line.
    CommandLine,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Profile(name) => write!(f, "profile {name}"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::DotEnv(name) => f.write_str(name),
            Self::Environment => f.write_str("environment"),
            Self::CommandLine => f.write_str("command line"),
        }
    }
}

/// One layer: names as written there (variables or key paths) with their raw values.
#[derive(Debug)]
pub(super) struct Layer {
    pub(super) source: Source,
    pub(super) entries: Vec<(String, Raw)>,
}

/// What the reading of layers finds on its way.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) faults: Vec<Fault>,
    pub(super) notices: Vec<Notice>,
    // bounded: the variables of the environment, while the configuration is read.
    seen: BTreeSet<String>,
}

impl Findings {
    /// Records a fault of a file or a name as a whole.
    pub(super) fn fault(&mut self, name: &str, source: &str, message: impl Into<String>) {
        self.faults.push(Fault {
            name: name.to_owned(),
            source: source.to_owned(),
            value_masked: String::new(),
            message: message.into(),
            accepted: String::new(),
        });
    }
}

impl Layer {
    /// The entry that sets `key`: the key's path first, then its variables in their order.
    pub(super) fn find(&self, key: &Key) -> Option<&(String, Raw)> {
        std::iter::once(key.path)
            .chain(key.names())
            .find_map(|name| self.entries.iter().find(|(entry, _)| entry == name))
    }

    /// Tells of names beside the one that counts, when they say something else.
    pub(super) fn note_shadowed(&self, key: &Key, used: &(String, Raw), findings: &mut Findings) {
        for name in key.names().filter(|name| *name != used.0) {
            let differs = self.entries.iter().any(|(entry, raw)| entry == name && *raw != used.1);
            if differs {
                findings.notices.push(Notice::Shadowed { name: name.to_owned(), by: used.0.clone() });
            }
        }
    }
}

/// Overrides of the command line: `name` is a key path or a variable.
pub(super) fn from_overrides(overrides: &[(String, String)], findings: &mut Findings) -> Layer {
    let mut entries: Vec<(String, Raw)> = Vec::new();
    for (name, value) in overrides {
        if by_path(name).is_none() && by_name(name).is_none() {
            findings.fault(name, "command line", unknown_key(name));
        }
        // The last of two equal options counts.
        entries.retain(|(known, _)| known != name);
        entries.push((name.clone(), Raw::Text(value.clone())));
    }
    Layer { source: Source::CommandLine, entries }
}

/// The process environment or the pairs of a `.env` file. An empty value counts as not set, as compose files
/// write it for a variable that the host lacks.
pub(super) fn from_variables(
    source: Source,
    pairs: impl IntoIterator<Item = (String, String)>,
    findings: &mut Findings,
) -> Layer {
    let mut entries = Vec::new();
    for (name, value) in pairs {
        if value.trim().is_empty() {
            continue;
        }
        match by_name(&name) {
            Some(_) => entries.push((name, Raw::Text(value))),
            None => note_unread(name, findings),
        }
    }
    Layer { source, entries }
}

/// A notice for a variable that sets nothing, once per name.
fn note_unread(name: String, findings: &mut Findings) {
    if hints::STEERING.contains(&name.as_str()) || findings.seen.contains(&name) {
        return;
    }
    let notice = match answers::to(&name) {
        Some(answer) => Some(Notice::NoEffect { name: name.clone(), answer }),
        None => hints::for_unknown(&name),
    };
    if let Some(notice) = notice {
        findings.notices.push(notice);
        findings.seen.insert(name);
    }
}

/// The process environment.
pub(super) fn from_environment(environment: &Environment, findings: &mut Findings) -> Layer {
    from_variables(Source::Environment, environment.pairs().iter().cloned(), findings)
}

/// The file `name` in `directory`; none when there is no such file.
pub(super) fn from_dotenv(directory: &Path, name: &str, findings: &mut Findings) -> Option<Layer> {
    let path = directory.join(name);
    if !path.is_file() {
        return None;
    }
    let text = match read_capped(&path) {
        Ok(text) => text,
        Err(error) => {
            findings.fault(name, &path.display().to_string(), format!("cannot be read: {error}"));
            return None;
        }
    };
    let file = read_dotenv(&text);
    for fault in &file.faults {
        findings.fault(name, &path.display().to_string(), fault.to_string());
    }
    for repeated in file.repeated {
        findings.notices.push(Notice::Repeated { name: repeated, file: name.to_owned() });
    }
    Some(from_variables(Source::DotEnv(name.to_owned()), file.pairs, findings))
}

/// A TOML file given by the operator; a file that is missing or has unknown keys is at fault.
pub(super) fn from_file(path: &Path, findings: &mut Findings) -> Layer {
    let source = Source::File(path.to_owned());
    match read_capped(path) {
        Ok(text) => from_toml(source, &text, findings),
        Err(error) => {
            findings.fault("--config", &source.to_string(), format!("cannot be read: {error}"));
            Layer { source, entries: Vec::new() }
        }
    }
}

/// The text of a TOML layer.
pub(super) fn from_toml(source: Source, text: &str, findings: &mut Findings) -> Layer {
    let mut entries = Vec::new();
    match text.parse::<toml::Table>() {
        Ok(table) => flatten(&source, "", table, &mut entries, findings),
        // The message alone: the excerpt that the full text shows could hold a secret.
        Err(error) => {
            let line = error.span().map_or(0, |span| text[..span.start].lines().count().max(1));
            findings.fault("line", &source.to_string(), format!("{line} is not TOML: {}", error.message()));
        }
    }
    Layer { source, entries }
}

/// Tables become dotted paths; the table of keys knows two levels, so the recursion ends there.
fn flatten(
    source: &Source,
    prefix: &str,
    table: toml::Table,
    entries: &mut Vec<(String, Raw)>,
    findings: &mut Findings,
) {
    for (name, value) in table {
        let path = if prefix.is_empty() { name } else { format!("{prefix}.{name}") };
        match value {
            toml::Value::Table(inner) if prefix.is_empty() && by_path(&path).is_none() => {
                flatten(source, &path, inner, entries, findings);
            }
            _ if by_path(&path).is_none() => {
                findings.fault(&path, &source.to_string(), unknown_key(&path));
            }
            value => match raw(value) {
                Some(raw) => entries.push((path, raw)),
                None => findings.fault(
                    &path,
                    &source.to_string(),
                    "is not a text, a number, a flag or a list of texts",
                ),
            },
        }
    }
}

fn raw(value: toml::Value) -> Option<Raw> {
    let scalar = |value: toml::Value| match value {
        toml::Value::String(text) => Some(text),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Float(number) => Some(number.to_string()),
        toml::Value::Boolean(flag) => Some(flag.to_string()),
        _ => None,
    };
    match value {
        toml::Value::Array(items) => items.into_iter().map(scalar).collect::<Option<_>>().map(Raw::Items),
        value => scalar(value).map(Raw::Text),
    }
}

fn unknown_key(name: &str) -> String {
    let paths = super::table::KEYS.iter().map(|key| key.path);
    match hints::nearest(name, paths.chain(hints::known_names()), 2 + name.len() / 8) {
        Some(known) => format!("is not a setting: did you mean {known}?"),
        None => "is not a setting: `lexiflow config print` lists all of them".to_owned(),
    }
}

fn read_capped(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    let read = std::fs::File::open(path)?.take(MAX_FILE_BYTES + 1).read_to_string(&mut text)?;
    if u64::try_from(read).unwrap_or(u64::MAX) > MAX_FILE_BYTES {
        return Err(std::io::Error::new(std::io::ErrorKind::FileTooLarge, "longer than 1 MiB"));
    }
    Ok(text)
}
