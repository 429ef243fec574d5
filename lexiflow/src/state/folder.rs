//! The data folder: who may enter it, the lock of the one server, and the keys: one signs access tokens, others seal second
//! factors.

use super::StartError;
use crate::config::Config;
use clock::Random;
use crypto::sealed::SealingKeys;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

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

/// The keys that seal second factors: the configured ones, or one that is made at the first start and kept. Further lines
/// of its file are older keys.
pub(super) fn sealing_keys(config: &Config, random: &dyn Random) -> Result<SealingKeys, StartError> {
    if let Some(secret) = &config.auth.sealing_keys {
        return secret.reveal().parse().map_err(StartError::SealingKeys);
    }
    let (_, text) = kept(config, "sealing.keys", random, || SealingKeys::generate("k1", random))?;
    text.parse().map_err(StartError::SealingKeys)
}

/// The folder of what only the server may read.
pub(super) fn secrets(config: &Config) -> PathBuf {
    config.storage.data_dir.join("secrets")
}

/// The key of 32 bytes in a file of the folder of secrets, which is made when it is missing.
pub(super) fn kept_key(
    config: &Config,
    name: &str,
    random: &dyn Random,
) -> Result<[u8; KEY_BYTES], StartError> {
    let make = || {
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        random.fill(bytes.as_mut_slice());
        Zeroizing::new(crypto::digest::hex(bytes.as_slice()))
    };
    let (path, text) = kept(config, name, random, make)?;
    crypto::digest::from_hex::<KEY_BYTES>(text.trim()).ok_or(StartError::KeyFile { path })
}

/// The longest file of keys, in bytes.
const LONGEST_FILE: u64 = 64 << 10;

/// What a file of the folder `secrets` holds; it is made when it is missing.
fn kept(
    config: &Config,
    name: &str,
    random: &dyn Random,
    make_text: impl FnOnce() -> Zeroizing<String>,
) -> Result<(PathBuf, Zeroizing<String>), StartError> {
    let folder = secrets(config);
    make(&folder)?;
    let path = folder.join(name);
    let failed = |action, source| StartError::DataFolder { action, path: path.clone(), source };
    let file = match File::open(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let written = make_file(&folder, &path, &make_text(), random);
            written.map_err(|source| failed("write the key", source))?;
            File::open(&path)
        }
        opened => opened,
    };
    let mut text = Zeroizing::new(String::new());
    let read = file.and_then(|file| file.take(LONGEST_FILE).read_to_string(&mut text));
    match read {
        Ok(_) => Ok((path, text)),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(StartError::KeyFile { path }),
        Err(source) => Err(failed("read", source)),
    }
}

/// Writes the text beside its place and links it there, so that nobody ever reads half of it and the first of two
/// processes wins.
fn make_file(folder: &Path, path: &Path, text: &str, random: &dyn Random) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = write_beside(folder, &name, text, random)?;
    let linked = fs::hard_link(&beside, path);
    fs::remove_file(&beside)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// Writes the text beside the file of this name, whole and on the disk; where it lies.
pub(super) fn write_beside(
    folder: &Path,
    name: &str,
    text: &str,
    random: &dyn Random,
) -> io::Result<PathBuf> {
    let mut suffix = [0; 8];
    random.fill(&mut suffix);
    let beside = folder.join(format!("{name}.{}", crypto::digest::hex(&suffix)));
    let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&beside)?;
    writeln!(file, "{text}")?;
    file.sync_all()?;
    Ok(beside)
}
