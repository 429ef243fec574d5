//! The published vocabulary: what happened in a firm, one file per domain, no logic.
//!
//! An event is written in the same transaction as the change (see `queue::Outbox`) and is heard after the commit. It
//! carries what a listener needs to act without asking back: a listener never imports the module that speaks.
//! Topics and members are stable: members are added, never renamed or removed.

pub mod accounts;
pub mod cases;
pub mod clients;
pub mod docket;
pub mod documents;
pub mod passkeys;
pub mod sessions;
pub mod walls;

/// Every topic, for the catalogue and for listeners that hear all.
pub const TOPICS: &[&str] = &[
    <accounts::UserAdded as queue::Event>::TOPIC,
    <accounts::UserChanged as queue::Event>::TOPIC,
    <accounts::SignedOut as queue::Event>::TOPIC,
    <accounts::ApiKeyRevoked as queue::Event>::TOPIC,
    <cases::Opened as queue::Event>::TOPIC,
    <cases::Changed as queue::Event>::TOPIC,
    <cases::Deleted as queue::Event>::TOPIC,
    <cases::HandedOver as queue::Event>::TOPIC,
    <cases::TeamChanged as queue::Event>::TOPIC,
    <cases::PartiesChanged as queue::Event>::TOPIC,
    <cases::PartyRemoved as queue::Event>::TOPIC,
    <clients::Added as queue::Event>::TOPIC,
    <clients::Changed as queue::Event>::TOPIC,
    <clients::Deleted as queue::Event>::TOPIC,
    <docket::EntriesFiled as queue::Event>::TOPIC,
    <docket::EntryUpdated as queue::Event>::TOPIC,
    <docket::EntryDeleted as queue::Event>::TOPIC,
    <documents::Added as queue::Event>::TOPIC,
    <documents::Changed as queue::Event>::TOPIC,
    <documents::TextRead as queue::Event>::TOPIC,
    <documents::Deleted as queue::Event>::TOPIC,
    <sessions::SignedIn as queue::Event>::TOPIC,
    <sessions::Revoked as queue::Event>::TOPIC,
    <walls::Raised as queue::Event>::TOPIC,
    <walls::Changed as queue::Event>::TOPIC,
    <walls::Lifted as queue::Event>::TOPIC,
    <sessions::Expired as queue::Event>::TOPIC,
    <sessions::NewDevice as queue::Event>::TOPIC,
    <sessions::ReuseDetected as queue::Event>::TOPIC,
    <passkeys::Added as queue::Event>::TOPIC,
    <passkeys::Removed as queue::Event>::TOPIC,
    <passkeys::CopySuspected as queue::Event>::TOPIC,
];
