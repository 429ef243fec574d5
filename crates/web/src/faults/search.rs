use super::ROUNDS;
use super::misfit::{How, Misfit};
use super::place::{Place, is_inside};
use super::stand_in::{Family, stand_in};
use super::wording;
use crate::problem::Fault;
use serde_json::Value;

/// The value under repair, and the faults found so far.
pub(crate) struct Search {
    value: Value,
    faults: Vec<Fault>,
    /// How often each place was given a stand-in of each family.
    attempts: Vec<(Place, Family, usize)>,
}

impl Search {
    pub(crate) fn of(value: Value) -> Self {
        Self { value, faults: Vec::new(), attempts: Vec::new() }
    }

    pub(crate) fn value(&self) -> &Value {
        &self.value
    }

    pub(crate) fn into_faults(self) -> Vec<Fault> {
        self.faults
    }

    /// Notes a misfit and repairs its place. `false` when it cannot be repaired or enough was found.
    pub(crate) fn settle(&mut self, misfit: Misfit) -> bool {
        let (place, how) = misfit.split();
        let repaired = match &how {
            How::Unknown { name, known } => self.drop_unknown(&place, name, known),
            How::Missing(name) => {
                let absent = place.member(name);
                self.note(&absent, &how);
                self.insert(&place, name)
            }
            _ => {
                self.note(&place, &how);
                self.replace(&place, &how)
            }
        };
        repaired && self.faults.len() < ROUNDS
    }

    fn note(&mut self, place: &Place, how: &How) {
        let field = place.to_string();
        if self.faults.len() < ROUNDS && !self.faults.iter().any(|known| is_inside(&field, &known.field)) {
            self.faults.push(Fault::new(field, wording::code(how), wording::message(how)));
        }
    }

    /// Drops all unknown members of one object at once.
    fn drop_unknown(&mut self, place: &Place, name: &str, known: &'static [&'static str]) -> bool {
        let unknown: Vec<String> = match place.find(&mut self.value) {
            Some(Value::Object(members)) if members.contains_key(name) => {
                members.keys().filter(|key| !known.contains(&key.as_str())).take(ROUNDS).cloned().collect()
            }
            _ => Vec::new(),
        };
        for key in &unknown {
            self.note(&place.member(key), &How::Unknown { name: key.clone(), known });
            if let Some(Value::Object(members)) = place.find(&mut self.value) {
                members.remove(key);
            }
        }
        if unknown.is_empty() {
            self.note(place, &How::Unknown { name: name.to_owned(), known });
        }
        !unknown.is_empty()
    }

    fn insert(&mut self, parent: &Place, name: &str) -> bool {
        match parent.find(&mut self.value) {
            Some(Value::Object(members)) => members.insert(name.to_owned(), Value::Null).is_none(),
            _ => false,
        }
    }

    fn replace(&mut self, place: &Place, how: &How) -> bool {
        let family = Family::of(how);
        let attempt = self.attempt(place, family);
        match (stand_in(how, family, attempt), place.find(&mut self.value)) {
            (Some(fresh), Some(slot)) => {
                *slot = fresh;
                true
            }
            _ => false,
        }
    }

    /// How often a stand-in of the family was tried at the place before.
    fn attempt(&mut self, place: &Place, family: Family) -> usize {
        let known = |entry: &&mut (Place, Family, usize)| entry.0 == *place && entry.1 == family;
        if let Some((_, _, count)) = self.attempts.iter_mut().find(known) {
            *count += 1;
            return *count;
        }
        self.attempts.push((place.clone(), family, 0));
        0
    }
}
