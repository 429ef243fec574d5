//! Why a role is not found, made, changed or removed.

use super::sample::{Sample, sample};

pub(super) const SAMPLES: &[Sample] = &[
    sample(
        "role_not_found",
        "/api/roles/developer/permissions",
        "there is no role `developer`; `GET /api/roles` lists them",
    )
    .below("/api/roles/"),
    sample("role_name_taken", "/api/roles", "another role of the firm has this name: choose another one")
        .of(&["addRole", "changeRole"]),
    sample(
        "role_built_in",
        "/api/roles/clerk",
        "`clerk` is built in and stays as it is: make a role that builds on it, with `POST /api/roles`",
    )
    .of(&["showRole", "changeRole", "removeRole"]),
    sample(
        "role_in_use",
        "/api/roles/conflicts_clerk",
        "somebody has the role: give them another one first, with `POST /api/users/{id}/roles`",
    )
    .of(&["removeRole"]),
    sample(
        "role_limit",
        "/api/roles",
        "the firm has 100 roles of its own, which is the most: remove some first",
    )
    .of(&["addRole"]),
];
