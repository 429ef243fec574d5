use crate::model::numbering::TemplateFault;
use crate::model::status::{StatusRefusal, UnknownStatus};
use access::Role;
use ids::{CaseId, ClientId, PartyId, UserId};
use web::codes;
use web::problem::{Code, Failure, Fault, Missed};

/// No such case in the firm.
const CASE_NOT_FOUND: Code = Code::new("case_not_found", 404, "The case was not found");
/// Another case of the firm has the number.
const CASE_NUMBER_TAKEN: Code = Code::new("case_number_taken", 409, "The case number is taken");
/// Another case of the firm has the docket.
const CASE_DOCKET_TAKEN: Code = Code::new("case_docket_taken", 409, "Another case has this docket number");
/// The rules do not allow the step.
const CASE_STATUS_REFUSED: Code =
    Code::new("case_status_refused", 409, "The case's status does not allow this");
/// Something else hangs on the case.
const CASE_IN_USE: Code = Code::new("case_in_use", 409, "Something still belongs to the case");
/// The client named for a case does not exist in the firm.
const CASE_CLIENT_UNKNOWN: Code = Code::new("case_client_unknown", 400, "The case's client was not found");
/// The lead named for a case is no user of the firm.
const CASE_LEAD_UNKNOWN: Code = Code::new("case_lead_unknown", 400, "The case's lead was not found");
/// The template gives no numbers.
const CASE_NUMBER_TEMPLATE: Code =
    Code::new("case_number_template", 400, "The template for case numbers is not valid");
/// More parties than one case may have.
const CASE_TOO_MANY_PARTIES: Code = Code::new("case_too_many_parties", 422, "The case has too many parties");
/// A court's record without court or number.
const CASE_NOT_IDENTIFIED: Code =
    Code::new("case_not_identified", 422, "The record does not say which case it is");
/// No such party in the firm.
const PARTY_NOT_FOUND: Code = Code::new("party_not_found", 404, "The party was not found");
/// Who is not on the team cannot be taken off it.
const CASE_MEMBER_NOT_FOUND: Code =
    Code::new("case_member_not_found", 404, "The user is not on the case's team");
/// Only some change the team of a case.
const CASE_TEAM_LEAD_ONLY: Code =
    Code::new("case_team_lead_only", 403, "Only the lead, partners and administrators change a case's team");
/// More than the caller may hand out.
const CASE_ROLE_BEYOND_OWN: Code =
    Code::new("case_role_beyond_own", 403, "Nobody gives a role that may do more than they may");
/// Who has no access is on no team.
const CASE_MEMBER_UNFIT: Code = Code::new("case_member_unfit", 422, "The user cannot be on a case's team");
/// As many as there may be.
const CASE_TEAM_LIMIT: Code = Code::new("case_team_limit", 422, "There are too many members or cases");
/// Counsel with an id that the party does not have.
const PARTY_COUNSEL_UNKNOWN: Code =
    Code::new("party_counsel_unknown", 400, "The party has no counsel with this id");

/// This module's codes.
pub const CODES: &[Code] = &[
    CASE_NOT_FOUND,
    CASE_NUMBER_TAKEN,
    CASE_DOCKET_TAKEN,
    CASE_STATUS_REFUSED,
    CASE_IN_USE,
    CASE_CLIENT_UNKNOWN,
    CASE_LEAD_UNKNOWN,
    CASE_NUMBER_TEMPLATE,
    CASE_TOO_MANY_PARTIES,
    CASE_NOT_IDENTIFIED,
    CASE_MEMBER_NOT_FOUND,
    CASE_TEAM_LEAD_ONLY,
    CASE_ROLE_BEYOND_OWN,
    CASE_MEMBER_UNFIT,
    CASE_TEAM_LIMIT,
    PARTY_NOT_FOUND,
    PARTY_COUNSEL_UNKNOWN,
];

/// Why a case or a party could not be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such case, or it is another firm's.
    #[error("there is no case {0}; it may have been removed")]
    NotFound(CaseId),
    /// There is no such party, or it is another firm's.
    #[error("there is no party {0}; it may have been removed")]
    PartyNotFound(PartyId),
    /// Another case has the number.
    #[error(
        "another case of your firm has the number `{0}`; choose another, or leave it out to get the next one"
    )]
    NumberTaken(String),
    /// Another case has the docket.
    #[error("another case of your firm is the docket `{0}` of this court; open that one instead")]
    DocketTaken(String),
    /// The step is not allowed.
    #[error(transparent)]
    Status(#[from] StatusRefusal),
    /// Something refers to the case.
    #[error("something still belongs to the case {0}; remove that first, or archive the case")]
    InUse(CaseId),
    /// The client does not exist in the firm.
    #[error("there is no client {0}; add the client first, or leave `clientId` out")]
    UnknownClient(ClientId),
    /// The lead is no user of the firm.
    #[error("there is no user {0}; name a user of your firm, or leave `leadUserId` out")]
    UnknownLead(UserId),
    /// Counsel has an id that the party does not have.
    #[error("the party has no counsel with one of the ids given; leave `id` out for counsel who is new")]
    UnknownCounsel,
    /// The case has, or would have, more parties than are kept.
    #[error("a case may have {most} parties at most; split the record")]
    TooManyParties {
        /// The most.
        most: usize,
    },
    /// A record from outside does not say which case it is.
    #[error(
        "the record names no court, or no docket number of at most 200 characters, so its case cannot be found again"
    )]
    NotIdentified,
    /// The template gives no numbers.
    #[error(transparent)]
    Template(#[from] TemplateFault),
    /// It was changed since it was read.
    #[error("it was changed since you read it and is at version {now}: read it again and repeat your change")]
    Stale {
        /// Its version now.
        now: i64,
    },
    /// The user is not on the case's team.
    #[error("the user {0} is not on the team of this case")]
    NotOnTeam(UserId),
    /// The caller does not lead the case.
    #[error("you do not lead this case: ask its lead, a partner or an administrator to change its team")]
    NotLead,
    /// Nobody keeps a role on a case by giving it to themselves.
    #[error("nobody puts themselves on a team: ask a partner or an administrator")]
    OwnMembership,
    /// Who leads a case decides about its team.
    #[error("you do not lead this case: its lead is changed by its lead, a partner or an administrator")]
    NotYourLead,
    /// The caller may not do so much themselves.
    #[error(
        "the role `{role}` may do `{permission}`, and you may not: give another role, or ask somebody who may"
    )]
    RoleBeyondOwn {
        /// The role.
        role: Role,
        /// What it may do.
        permission: &'static str,
    },
    /// The role says nothing of a case.
    #[error("`{0}` is no role on a case: give one that works on cases, such as `paralegal`, or `client`")]
    NoCaseRole(Role),
    /// The user has no access.
    #[error("the user {0} is not active: give them their access back first, or choose another one")]
    MemberUnfit(UserId),
    /// As many as there may be.
    #[error("a case's team has at most 200 users, and a user is on at most 10,000: take some off first")]
    TeamFull,
    /// The firm's numbering gave no number.
    #[error("the firm's numbering gave no number")]
    Unnumbered,
    /// The caller may not do it.
    #[error(transparent)]
    Refused(#[from] access::Refusal),
    /// The operation could not be begun or announced.
    #[error(transparent)]
    Access(#[from] access::Error),
    /// The user could not be looked up.
    #[error(transparent)]
    User(#[from] accounts::Error),
    /// The record of it could not be written.
    #[error(transparent)]
    Audit(#[from] audit::Error),
    /// The database could not be used.
    #[error("the database could not be used")]
    Database(#[from] db::Error),
    /// A row holds what this version does not know.
    #[error("a stored case could not be read")]
    Row(#[source] UnknownStatus),
}

impl Failure for Error {
    fn missed(&self) -> Option<Missed> {
        match self {
            Self::NotFound(id) => Some(Missed::of(*id)),
            Self::PartyNotFound(id) => Some(Missed::of(*id)),
            _ => None,
        }
    }

    fn code(&self) -> Code {
        match self {
            Self::NotFound(_) => CASE_NOT_FOUND,
            Self::PartyNotFound(_) => PARTY_NOT_FOUND,
            Self::NumberTaken(_) => CASE_NUMBER_TAKEN,
            Self::DocketTaken(_) => CASE_DOCKET_TAKEN,
            Self::Status(_) => CASE_STATUS_REFUSED,
            Self::InUse(_) => CASE_IN_USE,
            Self::UnknownClient(_) => CASE_CLIENT_UNKNOWN,
            Self::UnknownLead(_) => CASE_LEAD_UNKNOWN,
            Self::UnknownCounsel => PARTY_COUNSEL_UNKNOWN,
            Self::TooManyParties { .. } => CASE_TOO_MANY_PARTIES,
            Self::NotIdentified => CASE_NOT_IDENTIFIED,
            Self::Template(_) => CASE_NUMBER_TEMPLATE,
            Self::NotOnTeam(_) => CASE_MEMBER_NOT_FOUND,
            Self::NotLead | Self::OwnMembership | Self::NotYourLead => CASE_TEAM_LEAD_ONLY,
            Self::RoleBeyondOwn { .. } => CASE_ROLE_BEYOND_OWN,
            Self::NoCaseRole(_) => codes::VALIDATION_FAILED,
            Self::MemberUnfit(_) => CASE_MEMBER_UNFIT,
            Self::TeamFull => CASE_TEAM_LIMIT,
            Self::User(error) => error.code(),
            Self::Stale { .. } => codes::STALE_VERSION,
            Self::Refused(refusal) => access::refusal_code(refusal),
            Self::Access(error) => error.code(),
            Self::Audit(error) => error.code(),
            Self::Database(error) => access::database_code(error),
            Self::Unnumbered | Self::Row(_) => codes::INTERNAL,
        }
    }

    fn faults(&self) -> Vec<Fault> {
        let field = match self {
            Self::UnknownClient(_) => "clientId",
            Self::UnknownLead(_) => "leadUserId",
            Self::UnknownCounsel => "attorneys",
            Self::NumberTaken(_) => "number",
            Self::DocketTaken(_) => "docketNumber",
            Self::Status(_) => "status",
            Self::Template(_) => "template",
            Self::NoCaseRole(_) => "role",
            _ => return Vec::new(),
        };
        vec![Fault::new(field, "refused", self.to_string())]
    }

    fn retry_after_seconds(&self) -> Option<u32> {
        (self.code().status == 503).then_some(1)
    }
}
