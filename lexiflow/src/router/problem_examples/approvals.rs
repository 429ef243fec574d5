//! Problems of what takes somebody else's word.

use super::sample::{Sample, sample};

const APPROVAL: &str = "/api/approvals/019cae6b-e9a4-7a7a-9469-71cfb3548068";

pub(super) const SAMPLES: &[Sample] = &[
    sample(
        "approval_required",
        "/api/documents/019cae6b-ca50-75cf-b9be-c61408a9f5bc",
        "your permission `documents:delete` counts while a user with the role `partner` has approved: ask for it with \
         `POST /api/approvals`, and repeat the request when it is given",
    ),
    sample(
        "approval_not_found",
        APPROVAL,
        "there is no approval 019cae6b-e9a4-7a7a-9469-71cfb3548068 that you asked for or may answer, or it is over",
    )
    .below("/api/approvals/"),
    sample(
        "approval_refused",
        "/api/approvals",
        "you have asked for this already: `GET /api/approvals` shows it",
    )
    .of(&["askApproval", "approve", "decline"]),
];
