//! The key that signs the audit log, and the keys that signed it before.

use super::witness::WitnessFolder;
use super::{StartError, folder};
use crate::config::Config;
use audit::{Notary, Retention};
use chrono::TimeDelta;
use clock::Random;
use crypto::ed25519::{KeyPair, PublicKey};
use headroom::{Class, Headroom};
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// The file of today's key in the folder of secrets.
const KEY: &str = "audit.key";
/// The folder in the folder of secrets with the public keys of before, one in each file.
const BEFORE: &str = "audit-keys-before";

/// Who signs here.
pub(super) fn notary(
    config: &Config,
    random: &dyn Random,
    headroom: &Headroom,
) -> Result<Notary, StartError> {
    let key = key(config, random)?;
    let witness = witness(config);
    let memory = headroom.class(Class::Background).clone();
    Ok(Notary::new(key, keys_before(config)?, Arc::new(witness), memory))
}

/// Where signatures lie outside the database.
pub(crate) fn witness(config: &Config) -> WitnessFolder {
    WitnessFolder::at(config.storage.data_dir.join("audit"))
}

/// The public keys whose signatures count here. Makes none.
pub(crate) fn keys(config: &Config) -> Result<Vec<PublicKey>, StartError> {
    let mut keys = keys_before(config)?;
    let kept = folder::secrets(config).join(KEY);
    if config.audit.signing_key.is_some() || kept.exists() {
        keys.push(key(config, &clock::SystemRandom)?.public());
    }
    Ok(keys)
}

/// How long entries are kept.
pub(crate) fn retention(config: &Config) -> Retention {
    let kept = config.audit.retention.map(|kept| TimeDelta::from_std(kept).unwrap_or(TimeDelta::MAX));
    Retention { kept, legal_hold: config.audit.legal_hold }
}

fn key(config: &Config, random: &dyn Random) -> Result<KeyPair, StartError> {
    let path = || folder::secrets(config).join(KEY);
    if let Some(seed) = &config.audit.signing_key {
        let seed = crypto::digest::from_hex(seed.reveal());
        // The rule of the setting has seen to it.
        return seed
            .map(|seed| KeyPair::from_seed(&seed))
            .ok_or_else(|| StartError::KeyFile { path: path() });
    }
    let seed = folder::kept_key(config, KEY, random).map_err(|error| match error {
        StartError::KeyFile { path } => StartError::AuditKeyFile { path },
        other => other,
    })?;
    Ok(KeyPair::from_seed(&seed))
}

fn keys_before(config: &Config) -> Result<Vec<PublicKey>, StartError> {
    let folder = folder::secrets(config).join(BEFORE);
    let failed =
        |path: PathBuf| move |source: io::Error| StartError::DataFolder { action: "read", path, source };
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(folder)(error)),
    };
    let mut keys = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed(folder.clone()))?.path();
        let text = fs::read_to_string(&path).map_err(failed(path.clone()))?;
        keys.push(PublicKey::parse(&text).map_err(|_| StartError::PublicKeyFile { path })?);
    }
    Ok(keys)
}

/// Replaces the kept key by a new one, which a server takes at its next start. Returns the public keys, old and new.
pub(crate) fn rotate(config: &Config, random: &dyn Random) -> Result<(PublicKey, PublicKey), StartError> {
    if config.audit.signing_key.is_some() {
        return Err(StartError::AuditKeyConfigured);
    }
    let old = key(config, random)?.public();
    let new = KeyPair::generate(random);
    let folder = folder::secrets(config);
    folder::make(&folder.join(BEFORE))?;
    let kept = folder.join(BEFORE).join(format!("{}.pub", old.id()));
    let failed =
        |path: PathBuf| move |source: io::Error| StartError::DataFolder { action: "write", path, source };
    // First what the old key signed stays verifiable, then the new one takes its place.
    fs::write(&kept, format!("{}\n", old.text())).map_err(failed(kept))?;
    let text = zeroize::Zeroizing::new(crypto::digest::hex(new.seed().as_slice()));
    let written = folder::write_beside(&folder, KEY, &text, random).map_err(failed(folder.join(KEY)))?;
    fs::rename(written, folder.join(KEY)).map_err(failed(folder.join(KEY)))?;
    Ok((old, new.public()))
}
