use crate::load::nanos;
use crate::quantity::Quantity;
use crate::setup::Setup;
use crate::table::Row;
use access::grants::{Conditions, Effect, Grant, Moment, Policy, Subject};
use access::{Action, Principal, Role};
use clock::Timestamp;
use ids::{FirmId, Id as _, UserId};
use std::hint::black_box;
use std::time::Instant;

/// The most that a decision may take, in microseconds.
const MICROS: u64 = 50;
/// As many as one user can have.
const GRANTS: usize = 200;

/// A decision over a policy that is kept already: as many grants as a user can have, each with a network to look at, and none
/// of them counts, so that all are gone through twice.
pub(super) fn measure(setup: &Setup) -> Row {
    let rounds: u32 = if setup.amounts.is_quick { 10_000 } else { 200_000 };
    let user = UserId::from_parts(1, &[1; 10]);
    let principal = Principal::of(user, FirmId::from_parts(1, &[2; 10]), Role::Clerk);
    let networks: Vec<_> =
        ["198.51.100.0/24", "2001:db8::/32"].iter().filter_map(|text| text.parse().ok()).collect();
    let grant = |at: usize| Grant {
        id: ids::GrantId::from_parts(1, &[3; 10]),
        subject: Subject::User(user),
        action: Action::DeleteCases,
        effect: if at.is_multiple_of(2) { Effect::Deny } else { Effect::Allow },
        conditions: Conditions { networks: networks.clone(), ..Conditions::default() },
        reason: String::new(),
        granted_by: user,
        granted_at: Timestamp::UNIX_EPOCH,
    };
    let policy = Policy::new((0..GRANTS).map(grant).collect());
    let moment = Moment { now: Timestamp::UNIX_EPOCH, address: Some([192, 0, 2, 1].into()), country: None };
    let begun = Instant::now();
    for _ in 0..rounds {
        black_box(black_box(&policy).decide(&principal, Action::DeleteCases, moment));
    }
    let each = nanos(begun.elapsed()) / u64::from(rounds);
    Row::at_most("permission decision, kept policy", Quantity::nanos(each), Quantity::micros(MICROS))
        .with_note(format!("{GRANTS} grants that name the action and do not count"))
}
