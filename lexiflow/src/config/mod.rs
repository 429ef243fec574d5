//! The configuration of the server.
//!
//! Layers, from the highest to the lowest: command line, environment, `.env.<mode>`, `.env`, the TOML file named by
//! `--config` or `LEXIFLOW_CONFIG`, the profile named by `--profile` or `LEXIFLOW_PROFILE`, and the compiled-in
//! `config/lexiflow.default.toml`, which is also the manual.
//! One table ([`KEYS`]) drives reading, rendering and the manual's check. Every fault is found in one go.

mod answers;
mod audit;
mod chosen;
mod environment;
mod hints;
mod inert;
mod layers;
mod mail;
mod notice;
mod oidc;
#[cfg(feature = "passkeys")]
mod passkey_site;
mod passkeys;
mod payload;
mod profiles;
mod proxies;
mod rate_limit;
mod render;
mod rules;
mod sections;
mod settings;
mod storage;
mod table;
mod value;

pub use answers::{ANSWERED, Answer, Answered};
pub use audit::Audit;
pub use chosen::Chosen;
pub use environment::Environment;
pub use inert::INERT;
pub use layers::{DEFAULTS, Source};
pub use mail::Mail;
pub use notice::{ConfigFaults, Fault, Notice};
pub use oidc::Oidc;
#[cfg(feature = "passkeys")]
pub use passkey_site::passkey_site;
pub use passkeys::Passkeys;
pub use payload::Payload;
pub use proxies::Proxies;
pub use rate_limit::{Rate, RateLimit};
pub use render::{render_check, render_effective, render_faults, render_schema};
pub use sections::{
    Admin, Auth, Cache, Compression, Config, Database, Log, LogFormat, Memory, Metrics, Mode, Server, Stream,
    Workers,
};
pub use storage::Storage;
pub use table::{KEYS, Key};
pub use value::{Kind, Rule, Secret, Share, Unit};

use layers::{Findings, Layer};
use settings::Settings;
use std::path::{Path, PathBuf};

/// Where a configuration is read from. All of it is handed in; nothing is global.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// `key=value` pairs of the command line; a key is a path (`server.port`) or a variable (`PORT`).
    pub overrides: Vec<(String, String)>,
    /// The environment.
    pub environment: Environment,
    /// Where `.env` and `.env.<mode>` are looked for; none reads neither.
    pub directory: Option<PathBuf>,
    /// The TOML file of `--config`; `LEXIFLOW_CONFIG` counts when this is none.
    pub file: Option<PathBuf>,
}

/// A configuration that was read without fault.
#[derive(Debug)]
pub struct Loaded {
    /// The typed settings.
    pub config: Config,
    /// Lines to log at start.
    pub notices: Vec<Notice>,
    /// Every setting with its origin, in the order of the manual.
    pub provenance: Vec<Provenance>,
    /// The chosen values, to compare with those of another reading.
    pub chosen: Chosen,
}

/// One setting as `config print` shows it.
#[derive(Debug, Clone)]
pub struct Provenance {
    /// The key's path.
    pub key: &'static str,
    /// The value, with secrets masked.
    pub value: String,
    /// The layer that it comes from.
    pub source: Source,
    /// The variable or path that it stands under there.
    pub name: String,
    /// The unit of a plain number.
    pub unit: &'static str,
}

/// Reads the configuration; all faults are reported together.
pub fn load(sources: &Sources) -> Result<Loaded, ConfigFaults> {
    let mut findings = Findings::default();
    let layers = read_layers(sources, &mut findings);
    let settings = settings::choose(&layers, &mut findings);
    settings::check_together(&settings, &mut findings);
    if !findings.faults.is_empty() {
        return Err(ConfigFaults(findings.faults));
    }
    match Config::from_settings(&settings) {
        Ok(config) => {
            #[cfg(feature = "passkeys")]
            passkey_site::check(&config, &settings, &mut findings);
            if !findings.faults.is_empty() {
                return Err(ConfigFaults(findings.faults));
            }
            let provenance = provenance(&settings);
            findings.notices.extend(inert::notices(&provenance));
            settings::note_capped(&settings, &mut findings);
            Ok(Loaded { config, notices: findings.notices, provenance, chosen: Chosen::of(settings) })
        }
        Err(gap) => {
            findings.fault(gap.0, "default", gap.to_string());
            Err(ConfigFaults(findings.faults))
        }
    }
}

/// The layers from the highest to the lowest.
fn read_layers(sources: &Sources, findings: &mut Findings) -> Vec<Layer> {
    let steering = sources.environment.pairs().iter().rev().find(|(name, _)| name == "LEXIFLOW_CONFIG");
    let named = steering.map(|(_, path)| PathBuf::from(path)).filter(|path| !path.as_os_str().is_empty());
    let mut layers = vec![
        layers::from_overrides(&sources.overrides, findings),
        layers::from_environment(&sources.environment, findings),
    ];
    if let Some(directory) = &sources.directory {
        layers.extend(layers::from_dotenv(directory, ".env", findings));
    }
    if let Some(file) = sources.file.clone().or(named) {
        layers.push(layers::from_file(&file, findings));
    }
    layers.push(layers::from_toml(Source::Default, DEFAULTS, findings));
    if let Some(directory) = &sources.directory {
        insert_mode_file(directory, &mut layers, findings);
    }
    insert_profile(&mut layers, findings);
    layers
}

/// The text that the layers say of `path`. A value that is none is found when all values are chosen.
fn chosen_text(path: &str, layers: &[Layer]) -> Option<String> {
    let key = table::by_path(path)?;
    let (_, raw) = layers.iter().find_map(|layer| layer.find(key))?;
    match key.kind.read(raw) {
        Ok(value::Value::Text(text)) => Some(text),
        _ => None,
    }
}

/// Puts the chosen profile just above the defaults, which are the lowest layer.
fn insert_profile(layers: &mut Vec<Layer>, findings: &mut Findings) {
    let chosen = chosen_text("profile", layers);
    if let Some((name, text)) = chosen.as_deref().and_then(profiles::text_of) {
        let layer = layers::from_toml(Source::Profile(name), text, findings);
        layers.insert(layers.len().saturating_sub(1), layer);
    }
}

/// Puts `.env.<mode>` above `.env`; the mode comes from the layers that do not depend on it.
fn insert_mode_file(directory: &Path, layers: &mut Vec<Layer>, findings: &mut Findings) {
    let (Some(key), Some(mode)) = (table::by_path("mode"), chosen_text("mode", layers)) else { return };
    let name = format!(".env.{mode}");
    if let Some(layer) = layers::from_dotenv(directory, &name, findings) {
        if layer.find(key).is_some_and(|(_, raw)| *raw != value::Raw::Text(mode.clone())) {
            findings.fault("NODE_ENV", &name, format!("must be {mode} in the file of that mode"));
        }
        // Behind the command line and the environment, before `.env`.
        layers.insert(2, layer);
    }
    let other = ".env.production";
    if name != other && directory.join(other).is_file() {
        findings.notices.push(Notice::UnreadFile { file: other.to_owned(), mode });
    }
}

fn provenance(settings: &Settings) -> Vec<Provenance> {
    let shown = |key: &'static Key| {
        settings.0.get(key.path).map(|setting| Provenance {
            key: key.path,
            value: setting.value.show(&key.kind),
            source: setting.source.clone(),
            name: setting.name.clone(),
            unit: key.kind.unit(),
        })
    };
    KEYS.iter().filter_map(shown).collect()
}
