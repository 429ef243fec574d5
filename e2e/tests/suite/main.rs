//! The whole system over HTTP, one server for each test. Runs on SQLite and, with `TEST_DATABASE_URL`, on PostgreSQL.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first surprise")]

mod accounting;
mod api_keys;
mod approvals;
mod audit;
mod audit_entries;
mod audit_exports;
mod audit_prints;
mod audit_tampering;
mod auth;
mod bad_input;
mod case_teams;
mod conformity;
mod custom_roles;
mod documents;
mod dropped;
mod emergencies;
mod examples;
mod fuzz;
mod grants;
mod health;
mod idempotency;
mod imports;
mod leak_watch;
mod leaks;
mod leaving;
mod links;
mod lists;
mod long_lists;
mod lowered_limit;
mod matrix;
mod monitoring;
mod oidc;
mod oidc_refusals;
mod oidc_users;
mod openapi;
mod partial_grants;
#[cfg(feature = "passkeys")]
mod passkeys;
#[cfg(not(feature = "passkeys"))]
mod passkeys_unbuilt;
mod permissions;
mod pressure;
mod rates;
mod records;
mod refusals;
mod schemas;
mod search;
mod sessions;
mod settings;
mod statuses;
mod storms;
mod teams;
mod tenancy;
mod uploads;
mod walls;
mod watching;

// Heap profiles need the server's allocator.
headroom::install_allocator!();

/// Says aloud that a test could not be run here, and why.
fn skipped(why: &str) {
    use std::io::Write as _;
    drop(writeln!(std::io::stderr(), "SKIPPED: {why}"));
}
