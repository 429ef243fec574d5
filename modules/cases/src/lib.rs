//! Cases: what a firm works on, their parties, and the counsel of each party.
//!
//! - A case has a number that no other case of its firm has; without one of the caller's it comes from the firm's
//!   template, in the transaction that opens the case.
//! - Within a court a docket number names one case, however it is spelled ([`docket_key`]).
//! - A status changes only by the steps of [`CaseStatus::next`].
//! - Counsel belongs to a party, not to a case: the same attorney may stand under several parties.
//! - A case has a team: users with a role on this case alone. What they may do there and nowhere else, `Ctx::sight_to` says.
//! - Every change is audited and announced (`case.*`); nothing of another firm can be read, changed or referred to.

mod error;
mod jobs;
mod migration;
mod model;
mod routes;
mod service;
mod store;

pub use error::{CODES, Error};
pub use jobs::refold_schedule;
pub use migration::migrations;
pub use model::alias::{Alias, AliasKind, aliases};
pub use model::case::{Case, CaseFields, TITLE_CHARS};
pub use model::docket_number::{DocketNumber, NumberFault, docket_key};
pub use model::import::{AttorneyImport, CaseImport, Imported, ImportedCase, PartyImport};
pub use model::list::{
    CaseFilter, CasePlace, CaseSort, CaseStats, CaseSummary, PartyFilter, PartySort, PracticeCount,
    StatusCounts,
};
pub use model::numbering::{NumberTemplate, TemplateFault};
pub use model::party::{Attorney, Party, PartyFields};
pub use model::status::{CaseStatus, StatusRefusal};
pub use routes::routes;
pub use service::cases::{
    CASES_AT_ONCE, CaseTitle, case_of_party, case_titles, change_case, delete_case, exists, find_case,
    list_cases, move_case, number_template, open_case, set_number_template, stats, status_of,
};
pub use service::import::import_case;
pub use service::leads::Leads;
pub use service::parties::{add_party, change_party, delete_party, find_party, list_parties};
pub use service::team::{list_team, put_on_team, take_off_team};
