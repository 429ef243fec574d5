use super::settings::Settings;
use super::table::{KEYS, Key};
use super::value::Value;
use std::collections::BTreeMap;

/// The value of every setting, to be compared. Secrets compare too, and are never shown.
#[derive(Debug, Clone, PartialEq, Eq)]
// bounded: one for each key of the table.
pub struct Chosen(BTreeMap<&'static str, Value>);

impl Chosen {
    pub(super) fn of(settings: Settings) -> Self {
        Self(settings.0.into_iter().map(|(path, setting)| (path, setting.value)).collect())
    }

    /// The settings whose values differ, in the order of the manual.
    pub fn differing<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = &'static Key> + 'a {
        KEYS.iter().filter(|key| self.0.get(key.path) != other.0.get(key.path))
    }

    /// Takes the value of one setting over.
    pub fn adopt(&mut self, key: &Key, from: &Self) {
        if let Some(value) = from.0.get(key.path) {
            self.0.insert(key.path, value.clone());
        }
    }
}
