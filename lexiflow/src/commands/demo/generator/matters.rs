//! What the cases are about: for each practice area the court's codes and the sentences its texts are made of.

mod business;
mod people;
mod property;

/// One kind of matter. Sentences are templates of [`super::telling::Teller`].
#[derive(Debug)]
pub(super) struct Matter {
    /// The firm's practice area.
    pub(super) area: &'static str,
    /// The nature of suit: code and words of the civil cover sheet (form JS 44).
    pub(super) suit: &'static str,
    /// The statute sued under, as the court writes it.
    pub(super) cause: &'static str,
    /// `Diversity` or `Federal Question`.
    pub(super) jurisdiction: &'static str,
    /// Whether the one who sues is a natural person more often than not.
    pub(super) personal: bool,
    /// What is claimed, the main claim first.
    pub(super) claims: &'static [&'static str],
    /// What it is about.
    pub(super) subjects: &'static [&'static str],
    /// The paper that binds the parties.
    pub(super) agreements: &'static [&'static str],
    /// What happened.
    pub(super) facts: &'static [&'static str],
    /// What came of it.
    pub(super) harms: &'static [&'static str],
    /// What has to be decided, as a question.
    pub(super) issues: &'static [&'static str],
    /// What the law asks.
    pub(super) law: &'static [&'static str],
}

/// Every kind of matter.
pub(super) const MATTERS: [&Matter; 10] = [
    &business::CONTRACT,
    &business::SECRETS,
    &business::TRADEMARK,
    &business::SECURITIES,
    &people::EMPLOYMENT,
    &people::PRODUCT,
    &people::INSURANCE,
    &property::LAND,
    &property::MARITIME,
    &property::ENVIRONMENT,
];
