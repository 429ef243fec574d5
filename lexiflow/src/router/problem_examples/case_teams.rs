//! Why the team of a case is not changed.

use super::sample::{Sample, sample};

const MEMBER: &str =
    "/api/cases/019cae6b-8e20-707a-a469-71cfb354a067/team/019c2404-8f3c-7b25-9d14-2c7a6e0f4b12";

pub(super) const SAMPLES: &[Sample] = &[
    sample(
        "case_role_beyond_own",
        MEMBER,
        "the role `partner` may do `docket:delete`, and you may not: give another role, or ask somebody who may",
    )
    .of(&["putOnCaseTeam"]),
    sample(
        "case_team_lead_only",
        MEMBER,
        "you do not lead this case: ask its lead, a partner or an administrator to change its team",
    )
    .of(&["takeOffCaseTeam"]),
    sample(
        "case_team_limit",
        MEMBER,
        "a case's team has at most 200 users, and a user is on at most 10,000: take some off first",
    )
    .of(&["putOnCaseTeam"]),
];
