//! The data folder: who may enter it, the lock of the one server, and the key that signs access tokens.

use super::StartError;
use crate::config::Config;
use clock::Random;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// Bytes of a generated key: as many as the output of the hash behind it (RFC 7518 section 3.2).
const KEY_BYTES: usize = 32;

/// Makes the data folder for this user alone and checks that it can be written to.
pub(super) fn prepare(path: &Path) -> Result<(), StartError> {
    make(path)?;
    let probe = path.join(".writable");
    let failed = |source| StartError::DataFolder { action: "write to", path: path.to_owned(), source };
    File::create(&probe).map_err(failed)?;
    fs::remove_file(&probe).map_err(failed)
}

pub(super) fn make(path: &Path) -> Result<(), StartError> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|source| StartError::DataFolder {
        action: "make the folder",
        path: path.to_owned(),
        source,
    })
}

/// Held by a server for as long as it runs. The system gives it back when the process ends, however it ends.
#[derive(Debug)]
pub struct ServerLock {
    _file: Option<File>,
}

/// Takes the lock of the data folder, so that two servers never share an embedded database. A PostgreSQL database may
/// have several servers and needs none.
pub fn lock(config: &Config) -> Result<ServerLock, StartError> {
    if config.database.url.as_ref().is_some_and(|url| url.reveal().starts_with("postgres")) {
        return Ok(ServerLock { _file: None });
    }
    make(&config.storage.data_dir)?;
    let path = config.storage.data_dir.join("server.lock");
    let failed = |source| StartError::DataFolder { action: "lock", path: path.clone(), source };
    let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path);
    let file = file.map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(ServerLock { _file: Some(file) }),
        Err(TryLockError::WouldBlock) => Err(StartError::InUse { path: config.storage.data_dir.clone() }),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

/// Whether a server uses the data folder, which is made when it is missing.
pub fn is_served(config: &Config) -> Result<bool, StartError> {
    match lock(config) {
        Ok(_released) => Ok(false),
        Err(StartError::InUse { .. }) => Ok(true),
        Err(error) => Err(error),
    }
}

/// The key of access tokens: the configured one, or one that is made at the first start and kept.
pub(super) fn signing_key(config: &Config, random: &dyn Random) -> Result<Vec<u8>, StartError> {
    if let Some(secret) = &config.auth.jwt_secret {
        return Ok(secret.reveal().as_bytes().to_vec());
    }
    kept_key(config, "jwt.key", random).map(Vec::from)
}

/// The folder of what only the server may read.
pub(super) fn secrets(config: &Config) -> PathBuf {
    config.storage.data_dir.join("secrets")
}

/// The key in a file of the folder of secrets, which is made when it is missing.
pub(super) fn kept_key(
    config: &Config,
    name: &str,
    random: &dyn Random,
) -> Result<[u8; KEY_BYTES], StartError> {
    let folder = secrets(config);
    make(&folder)?;
    let path = folder.join(name);
    let failed = |action, source| StartError::DataFolder { action, path: path.clone(), source };
    match File::open(&path) {
        Ok(file) => stored_key(file, path.clone()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            make_key(&folder, name, random).map_err(|source| failed("write the key", source))?;
            stored_key(File::open(&path).map_err(|source| failed("read", source))?, path.clone())
        }
        Err(source) => Err(failed("read", source)),
    }
}

fn stored_key(file: File, path: PathBuf) -> Result<[u8; KEY_BYTES], StartError> {
    let mut text = String::new();
    let read = file.take(1024).read_to_string(&mut text);
    let key = read.ok().and_then(|_| crypto::digest::from_hex::<KEY_BYTES>(text.trim()));
    key.ok_or(StartError::KeyFile { path })
}

/// Writes the key beside its place and links it there, so that nobody ever reads half of one and the first of two
/// processes wins.
fn make_key(folder: &Path, name: &str, random: &dyn Random) -> io::Result<()> {
    let mut bytes = [0; KEY_BYTES];
    random.fill(&mut bytes);
    let path = folder.join(name);
    let written = write_key(folder, name, &bytes, random)?;
    let linked = fs::hard_link(&written, path);
    fs::remove_file(&written)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// Writes a key beside its place, whole and on the disk; where it lies.
pub(super) fn write_key(folder: &Path, name: &str, bytes: &[u8], random: &dyn Random) -> io::Result<PathBuf> {
    let mut suffix = [0; 8];
    random.fill(&mut suffix);
    let beside = folder.join(format!("{name}.{}", crypto::digest::hex(&suffix)));
    let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&beside)?;
    writeln!(file, "{}", crypto::digest::hex(bytes))?;
    file.sync_all()?;
    Ok(beside)
}
