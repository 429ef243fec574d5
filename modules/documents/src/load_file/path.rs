use std::{
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
};

/// The longest path that is looked at, in bytes.
const MAX_PATH_BYTES: usize = 4096;
/// How many names of one folder are looked through for another spelling.
const MAX_NAMES: usize = 100_000;

/// Why a path of a load file is not followed.
#[derive(Debug, thiserror::Error)]
pub enum PathFault {
    /// No path.
    #[error("the path is empty")]
    Empty,
    /// Longer than any path.
    #[error("the path is longer than {MAX_PATH_BYTES} bytes")]
    TooLong,
    /// A NUL or another control character.
    #[error("the path has a control character in it")]
    ControlCharacter,
    /// From the root of a disk, of a drive (`C:`) or of a server (`\\server`).
    #[error("the path is absolute: write it from the production's folder, such as natives\\a.pdf")]
    Absolute,
    /// A part `..`, or a link that leads out of the folder.
    #[error("the path leads out of the production's folder")]
    Escapes,
    /// No such file.
    #[error("there is no such file in the production's folder")]
    Missing,
    /// There is one with other capitals.
    #[error("there is no such file; its name is written `{}`", .found.display())]
    CaseMismatch {
        /// The path as the disk spells it, from the folder.
        found: PathBuf,
    },
    /// A folder, a pipe or a device.
    #[error("the path names no ordinary file")]
    NotAFile,
    /// The disk failed, or refuses access.
    #[error("the file could not be looked up: check the disk and the permissions")]
    Io(#[source] io::Error),
}

impl PathFault {
    /// The name in reports, which stays the same.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty => "path_empty",
            Self::TooLong => "path_too_long",
            Self::ControlCharacter => "path_control_character",
            Self::Absolute => "path_absolute",
            Self::Escapes => "path_escapes",
            Self::Missing => "file_missing",
            Self::CaseMismatch { .. } => "path_case_mismatch",
            Self::NotAFile => "not_a_file",
            Self::Io(_) => "path_unreadable",
        }
    }
}

/// The file that a load file's path names, inside `root` for certain: links are followed first and looked at then.
/// Slashes and back slashes both part folders. Open what is returned at once; who may write to the folder
/// can still change it in between.
pub fn resolve(root: &Path, given: &str) -> Result<PathBuf, PathFault> {
    let parts = safe_parts(given)?;
    let root = fs::canonicalize(root).map_err(PathFault::Io)?;
    let wanted = parts.iter().fold(root.clone(), |path, part| path.join(part));
    let real = match fs::canonicalize(&wanted) {
        Ok(real) => real,
        Err(error)
            if error.kind() == io::ErrorKind::NotFound || error.kind() == io::ErrorKind::NotADirectory =>
        {
            return Err(other_spelling(&root, &parts));
        }
        Err(error) => return Err(PathFault::Io(error)),
    };
    if !real.starts_with(&root) {
        return Err(PathFault::Escapes);
    }
    if !fs::metadata(&real).map_err(PathFault::Io)?.is_file() {
        return Err(PathFault::NotAFile);
    }
    Ok(real)
}

/// The parts of a relative path without `.` and `..`.
fn safe_parts(given: &str) -> Result<Vec<&str>, PathFault> {
    let given = given.trim();
    if given.is_empty() {
        return Err(PathFault::Empty);
    }
    if given.len() > MAX_PATH_BYTES {
        return Err(PathFault::TooLong);
    }
    if given.chars().any(char::is_control) {
        return Err(PathFault::ControlCharacter);
    }
    let mut start = given.bytes();
    let (first, second) = (start.next().unwrap_or_default(), start.next().unwrap_or_default());
    if matches!(first, b'/' | b'\\') || (first.is_ascii_alphabetic() && second == b':') {
        return Err(PathFault::Absolute);
    }
    let parts: Vec<&str> = given.split(['/', '\\']).filter(|part| !part.is_empty() && *part != ".").collect();
    // Some systems drop dots and spaces at a name's end, so `.. ` would be `..` there.
    if parts.iter().any(|part| part.trim_end_matches([' ', '.']).is_empty()) {
        return Err(PathFault::Escapes);
    }
    if parts.is_empty() { Err(PathFault::NotAFile) } else { Ok(parts) }
}

/// Looks for the same path with other capitals; never outside the folder.
fn other_spelling(root: &Path, parts: &[&str]) -> PathFault {
    let mut found = PathBuf::new();
    for part in parts {
        let folder = root.join(&found);
        let inside = fs::canonicalize(&folder).is_ok_and(|real| real.starts_with(root));
        match if inside { spelled_alike(&folder, part) } else { None } {
            Some(name) => found.push(name),
            None => return PathFault::Missing,
        }
    }
    PathFault::CaseMismatch { found }
}

fn spelled_alike(folder: &Path, wanted: &str) -> Option<OsString> {
    if fs::symlink_metadata(folder.join(wanted)).is_ok() {
        return Some(wanted.into());
    }
    let lower = wanted.to_lowercase();
    let names =
        fs::read_dir(folder).ok()?.take(MAX_NAMES).filter_map(Result::ok).map(|entry| entry.file_name());
    names.into_iter().find(|name| name.to_str().is_some_and(|name| name.to_lowercase() == lower))
}
