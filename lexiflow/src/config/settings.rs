//! The chosen values by key, and the rules that bind two of them.

use super::layers::{Findings, Layer, Source};
use super::notice::{Fault, Notice};
use super::table::{KEYS, Key, by_path};
use super::value::{Secret, Share, Value};
use headroom::Thresholds;
use std::collections::BTreeMap;
use std::time::Duration;

/// A chosen value and where it comes from.
#[derive(Debug)]
pub(super) struct Setting {
    pub(super) value: Value,
    pub(super) source: Source,
    /// The name it stands under there: a variable or the key's path.
    pub(super) name: String,
}

/// The chosen values; a key whose value was refused is missing.
#[derive(Debug, Default)]
// bounded: one for each key of the table.
pub(super) struct Settings(pub(super) BTreeMap<&'static str, Setting>);

/// The table of keys and the reader of the configuration disagree: a defect of the server, found by any test that
/// loads a configuration.
#[derive(Debug, thiserror::Error)]
#[error("has no value of the expected kind in the table of settings; report this as a defect")]
pub(super) struct Gap(pub(super) &'static str);

/// Chooses for every key the value of the highest layer (`layers` runs from the highest to the lowest).
pub(super) fn choose(layers: &[Layer], findings: &mut Findings) -> Settings {
    let mut settings = Settings::default();
    for key in KEYS {
        let Some((layer, entry)) =
            layers.iter().find_map(|layer| layer.find(key).map(|entry| (layer, entry)))
        else {
            findings.fault(key.path, "default", "has no default");
            continue;
        };
        layer.note_shadowed(key, entry, findings);
        let (name, raw) = entry;
        if key.old.contains(&name.as_str()) {
            let instead = key.env.first().copied().unwrap_or(key.path);
            findings.notices.push(Notice::OldName { name: name.clone(), instead });
        }
        match key.kind.read(raw) {
            Ok(value) => {
                let setting = Setting { value, source: layer.source.clone(), name: name.clone() };
                settings.0.insert(key.path, setting);
            }
            Err(refusal) => findings.faults.push(Fault {
                name: name.clone(),
                source: layer.source.to_string(),
                value_masked: key.kind.mask(raw),
                message: refusal.to_string(),
                accepted: key.kind.accepted(),
            }),
        }
    }
    settings
}

impl Settings {
    pub(super) fn flag(&self, path: &'static str) -> Result<bool, Gap> {
        match self.value(path) {
            Some(Value::Flag(flag)) => Ok(*flag),
            _ => Err(Gap(path)),
        }
    }

    /// A count or a size in the integer type that its range fits.
    pub(super) fn number<T: TryFrom<u64>>(&self, path: &'static str) -> Result<T, Gap> {
        match self.value(path) {
            Some(Value::Count(number) | Value::Size(number)) => T::try_from(*number).map_err(|_| Gap(path)),
            _ => Err(Gap(path)),
        }
    }

    pub(super) fn time(&self, path: &'static str) -> Result<Duration, Gap> {
        match self.value(path) {
            Some(Value::Time(time)) => Ok(*time),
            _ => Err(Gap(path)),
        }
    }

    pub(super) fn share(&self, path: &'static str) -> Result<Share, Gap> {
        match self.value(path) {
            Some(Value::Share(share)) => Ok(*share),
            _ => Err(Gap(path)),
        }
    }

    pub(super) fn text(&self, path: &'static str) -> Result<String, Gap> {
        match self.value(path) {
            Some(Value::Text(text)) => Ok(text.clone()),
            _ => Err(Gap(path)),
        }
    }

    /// A secret; none when it is empty.
    pub(super) fn secret(&self, path: &'static str) -> Result<Option<Secret>, Gap> {
        match self.value(path) {
            Some(Value::Secret(secret)) => {
                Ok(Some(secret.clone()).filter(|secret| !secret.reveal().is_empty()))
            }
            _ => Err(Gap(path)),
        }
    }

    pub(super) fn list(&self, path: &'static str) -> Result<Vec<String>, Gap> {
        match self.value(path) {
            Some(Value::List(items)) => Ok(items.clone()),
            _ => Err(Gap(path)),
        }
    }

    fn value(&self, path: &str) -> Option<&Value> {
        self.0.get(path).map(|setting| &setting.value)
    }
}

/// Tells of limits of whole bodies that somebody set above the size from which on no body is kept whole.
pub(super) fn note_capped(settings: &Settings, findings: &mut Findings) {
    let size = |path: &str| match settings.value(path) {
        Some(Value::Size(bytes)) => *bytes,
        _ => 0,
    };
    let threshold = size("stream.file_threshold");
    for path in ["payload.json_limit", "payload.urlencoded_limit", "payload.text_limit", "payload.raw_limit"]
    {
        let set = settings.0.get(path).filter(|setting| setting.source != Source::Default);
        if let Some(setting) = set.filter(|_| size(path) > threshold) {
            let notice = Notice::Capped { name: setting.name.clone(), by: "STREAM_FILE_THRESHOLD" };
            findings.notices.push(notice);
        }
    }
}

/// Finds values that are fine alone and wrong together. A key that is already at fault is left out.
pub(super) fn check_together(settings: &Settings, findings: &mut Findings) {
    super::oidc::check(settings, findings);
    super::proxies::check(settings, findings);
    let mut refuse = |path: &'static str, wrong: bool, message: &str| {
        refuse(settings, findings, path, wrong, message);
    };
    let below = |low: &str, high: &str| match (settings.value(low), settings.value(high)) {
        (Some(Value::Share(low)), Some(Value::Share(high))) => low < high,
        (Some(Value::Time(low)), Some(Value::Time(high))) => low <= high,
        (Some(Value::Count(low) | Value::Size(low)), Some(Value::Count(high) | Value::Size(high))) => {
            low <= high
        }
        _ => true,
    };
    let order = |low, high| !below(low, high);
    let marks = [settings.share("memory.warning_threshold"), settings.share("memory.critical_threshold")];
    if let [Ok(warning), Ok(critical)] = marks.map(|share| share.map(Share::basis_points)) {
        // The engine counts in thousandths: two marks within one would be none.
        let is_ordered = warning.saturating_add(10) <= critical;
        refuse(
            "memory.warning_threshold",
            !is_ordered,
            "must be below MEMORY_CRITICAL_THRESHOLD, by 0.1% or more",
        );
        let fits = !is_ordered || Thresholds::around(warning / 10, critical / 10).is_some();
        refuse(
            "memory.warning_threshold",
            !fits,
            "must be 10% or more, and MEMORY_CRITICAL_THRESHOLD at most 99%",
        );
    }
    refuse(
        "database.pool_min",
        order("database.pool_min", "database.pool_max"),
        "must not be above DB_POOL_MAX",
    );
    refuse("cache.ttl", order("cache.ttl", "cache.max_age"), "must not be above CACHE_MAX_AGE");
    refuse(
        "stream.chunk_size",
        order("stream.chunk_size", "stream.file_threshold"),
        "must not be above STREAM_FILE_THRESHOLD",
    );
    let secret = |path| settings.secret(path).ok().flatten();
    let refresh = secret("auth.jwt_refresh_secret");
    refuse(
        "auth.jwt_refresh_secret",
        refresh.is_some() && refresh == secret("auth.jwt_secret"),
        "must differ from JWT_SECRET",
    );
    let password = secret("admin.password");
    let email = settings.text("admin.email").unwrap_or_default();
    refuse(
        "admin.password",
        password.is_some_and(|password| password.reveal().eq_ignore_ascii_case(&email)),
        "must differ from LEXIFLOW_ADMIN_EMAIL",
    );
    let open = settings.list("server.cors_origins").unwrap_or_default().iter().any(|origin| origin == "*");
    let production = settings.text("mode").is_ok_and(|mode| mode == "production");
    refuse("server.cors_origins", open && production, "must name its origins in production");
}

/// Notes a fault of a value that is fine alone. A key that is already at fault is left out.
pub(super) fn refuse(
    settings: &Settings,
    findings: &mut Findings,
    path: &'static str,
    wrong: bool,
    message: &str,
) {
    if let (true, Some(setting), Some(key)) = (wrong, settings.0.get(path), by_path(path)) {
        findings.faults.push(together(key, setting, message));
    }
}

pub(super) fn together(key: &Key, setting: &Setting, message: &str) -> Fault {
    Fault {
        name: setting.name.clone(),
        source: setting.source.to_string(),
        value_masked: setting.value.show(&key.kind),
        message: message.to_owned(),
        accepted: key.kind.accepted(),
    }
}
