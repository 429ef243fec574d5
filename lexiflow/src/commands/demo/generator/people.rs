use super::dice::{Dice, Stream};
use super::names::{self, Name};
use access::Role;

/// Where the people of the synthetic firm have their addresses. `.example` belongs to nobody (RFC 2606).
pub const MAIL_DOMAIN: &str = "demo-firm.example";

/// Somebody who works in the firm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The name.
    pub name: Name,
    /// The address to sign in with.
    pub email: String,
    /// What they do.
    pub role: Role,
}

/// Lawyers first, then those who help them.
const ROLES: [Role; 12] = [
    Role::Partner,
    Role::Partner,
    Role::SeniorAssociate,
    Role::Attorney,
    Role::Associate,
    Role::Associate,
    Role::JuniorAssociate,
    Role::Paralegal,
    Role::Paralegal,
    Role::LegalAssistant,
    Role::Clerk,
    Role::BillingSpecialist,
];

/// How many of the firm lead cases.
pub(super) const LEADS: usize = 4;
/// How many of the firm are lawyers.
pub(super) const LAWYERS: usize = 7;
/// Who works on cases and records time, the lawyers among them.
pub(super) const WORKERS: usize = 9;

/// The twelve people of the firm; no two share a name.
pub(super) fn staff(seed: u64) -> Vec<Member> {
    let mut dice = Dice::of(seed, Stream::Staff, 0);
    let mut members: Vec<Member> = Vec::with_capacity(ROLES.len());
    while let Some(role) = ROLES.get(members.len()) {
        let name = names::person(&mut dice);
        let email = format!("{}.{}@{MAIL_DOMAIN}", names::dotted(&name.first), names::dotted(&name.last));
        let differs = |known: &Member| known.name.first != name.first && known.name.last != name.last;
        if members.iter().all(differs) {
            members.push(Member { name, email, role: *role });
        }
    }
    members
}
