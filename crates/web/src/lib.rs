//! What every HTTP route obeys: problems, extractors, layers, paging, and the accept loop.
//!
//! A route's author writes a handler of [`extract`]ors that answers `Result<_, Problem>`; an error enum becomes a
//! [`Problem`] by implementing [`Failure`]. [`layers::stack`] wraps the finished router once, and [`server::serve`]
//! gives it connections with bounded buffers and deadlines. Nothing here knows a domain, a table or a user.

mod body;
mod client;
pub mod codes;
mod day;
pub mod etag;
pub mod extract;
mod faults;
pub mod idempotency;
pub mod layers;
mod legible;
pub mod merge_patch;
mod metering;
pub mod paging;
pub mod problem;
mod rates;
mod scope;
pub mod server;

pub use body::{BodyFault, BodyPace};
pub use client::{Client, Country, CountryFault, TrustedProxies, customer};
pub use day::calendar_day;
pub use etag::Version;
pub use extract::{
    Account, IfMatch, MergePatch, PathId, RawBody, Ruled, RuledJson, UploadForm, ValidJson, ValidQuery,
};
pub use legible::{is_unseen, legible, says_something};
pub use metering::{Admission, Treatment, works_for};
pub use paging::{Cursor, Page, Paged, Sort};
pub use problem::{Code, Failure, Fault, Problem, ProblemBody};
pub use rates::{
    Admitted, Known, Quota, RUNNING_BYTES, RateClass, RateKey, RateLimits, RateSettings, asks_as,
};
pub use scope::{CorrelationId, Limits, arrived};
