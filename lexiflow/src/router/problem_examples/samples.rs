use super::sample::{Sample, sample};

const FAULTS: &str = "one or more members are not valid: see errors";
const CASE: &str = "/api/cases/019cae6b-8e20-707a-a469-71cfb354a067";
const DOCUMENT: &str = "/api/documents/019cae6b-ca50-75cf-b9be-c61408a9f5bc";
const PROFILE: &str = "/api/monitoring/memory/profile";
const TEAM: &str = "/api/teams/019cae6b-e9a2-7e58-9247-5fad91326e46";
const GRANT: &str = "/api/permissions/019cae6b-e9a1-7d47-8136-4e9c80216d35";
const WALL: &str = "/api/ethical-walls/019cae6b-e9a0-7c36-b025-3d8b7f106c24";
const AUDIT_ENTRY: &str = "the audit log has no entry 4711: it may have been removed for its age";
const USER: &str = "/api/users/019c2404-8f3c-7b25-9d14-2c7a6e0f4b12";

/// For each answer the first that fits.
pub(super) const SAMPLES: &[Sample] = &[
    sample("rate_limited", "/api/auth/forgot-password", "too many requests: wait 540 seconds and try again")
        .of(&["forgotPassword", "resetPassword", "acceptInvitation", "register"]),
    sample("link_not_valid", "/api/auth/reset-password", "the link has expired: ask for another one")
        .fault("token", "not_valid", "has expired: ask for another one")
        .of(&["resetPassword", "acceptInvitation"]),
    sample(
        "registration_closed",
        "/api/auth/register",
        "registration is closed: ask an administrator of the firm for an invitation",
    )
    .of(&["register"]),
    sample("name_missing", "/api/auth/register", "`firstName` is empty: give a name")
        .fault("firstName", "missing", "must not be empty")
        .of(&["register", "invite"]),
    sample(
        "invitation_not_found",
        "/api/users/invitations/019cae6b-6603-707a-a469-71cfb354a067",
        "there is no open invitation 019cae6b-6603-707a-a469-71cfb354a067 in your firm",
    )
    .of(&["revokeInvitation", "resendInvitation"]),
    sample(
        "invitation_open",
        "/api/users/invitations",
        "this address was invited already: send that invitation again, or take it back first",
    )
    .fault("email", "invited", "was invited already")
    .of(&["invite"]),
    sample(
        "api_key_not_found",
        "/api/api-keys/019cae6b-6602-7f69-9358-60bea2438f56",
        "there is no API key 019cae6b-6602-7f69-9358-60bea2438f56 of yours; it may have been revoked",
    )
    .of(&["showApiKey", "revokeApiKey", "rotateApiKey"]),
    sample(
        "api_key_scope",
        "/api/api-keys",
        "`users:manage` cannot be a scope of this key: use permissions that you have; `users:manage` is \
         never given to a key",
    )
    .fault("scopes", "refused", "`users:manage` cannot be given")
    .of(&["createApiKey"]),
    sample(
        "api_key_limit",
        "/api/api-keys",
        "you have 50 API keys, which is the most: revoke one that is not used",
    )
    .of(&["rotateApiKey"]),
    sample(
        "successor_unfit",
        "/api/users/019c2404-8f3c-7b25-9d14-2c7a6e0f4b12/deactivate",
        "the user 019c2404-8f3c-7b25-9d14-2c7a6e0f4b12 cannot take the cases over: choose another active \
         user who may change cases",
    )
    .fault("reassignTo", "unfit", "cannot take the cases over")
    .of(&["deactivateAndReassign"]),
    sample(
        "search_query_empty",
        "/api/search",
        "write at least one word or phrase to look for; words after a minus sign only take away",
    )
    .at("query", "required")
    .of(&["search", "searchCases", "searchDocuments"]),
    sample(
        "case_number_template",
        "/api/cases/numbering",
        "write {seq} or {seq:5} exactly once: without it two cases would share a number",
    )
    .at("template", "refused")
    .of(&["setCaseNumbering"]),
    sample("upload_form_invalid", "/api/documents", "the form has no file: send it as the part `file`")
        .of(&["addDocument", "uploadDocument", "addDocumentVersion"]),
    sample(
        "document_id_not_v7",
        "/api/documents/7d1c4f0a-58b2-4e39-9a6d-0c3f8e21b745/content",
        "the id of a new document must be a UUID of version 7 (RFC 9562): make a new one, or \
         POST the file",
    )
    .of(&["putDocumentContent"]),
    sample("malformed_query", "/api/cases", FAULTS)
        .fault("page", "wrong_type", "must be a whole number, 0 or more")
        .below("/api")
        .in_query(),
    sample("validation_failed", "/api/cases", FAULTS).fault("title", "missing", "is required").below("/api"),
    sample(
        "invalid_credentials",
        "/api/auth/login",
        "the e-mail address or the password is wrong, or the account is not active",
    )
    .of(&["login", "signInWithPasskey"]),
    sample(
        "invalid_refresh_token",
        "/api/auth/refresh",
        "the refresh token is not valid any more: sign in again",
    )
    .of(&["refresh"]),
    sample(
        "unauthenticated",
        "/api/cases",
        "sign in and send the header `Authorization: Bearer <access token>`",
    )
    .below("/api"),
    sample(
        "forbidden",
        "/api/cases",
        "your role `clerk` does not have the permission `cases:create`; ask an administrator of \
         your firm",
    )
    .below("/api"),
    sample(
        "case_not_found",
        CASE,
        "there is no case 019cae6b-8e20-707a-a469-71cfb354a067; it may have been removed",
    )
    .of(&[
        "recordTime",
        "recordTimeAlias",
        "listTimeOfCase",
        "listDocket",
        "addDocketEntry",
        "listDocuments",
        "addDocument",
        "uploadDocument",
        "listParties",
        "addParty",
        "listPartiesInCase",
        "listEthicalWalls",
        "raiseEthicalWall",
    ])
    .below("/api/cases/"),
    sample(
        "party_not_found",
        "/api/parties/019cae6b-a230-718b-b57a-82d0c465b178",
        "there is no party 019cae6b-a230-718b-b57a-82d0c465b178; it may have been removed",
    )
    .below("/api/parties/"),
    sample(
        "client_not_found",
        "/api/clients/019cae6b-7a10-7f69-9358-60bea2438f56",
        "there is no client 019cae6b-7a10-7f69-9358-60bea2438f56; it may have been removed",
    )
    .below("/api/clients/"),
    sample(
        "docket_entry_not_found",
        "/api/docket/019cae6b-b640-73ad-979c-a4f2e687d39a",
        "the docket entry 019cae6b-b640-73ad-979c-a4f2e687d39a was not found",
    )
    .below("/api/docket/"),
    sample("document_not_found", DOCUMENT, "the document 019cae6b-ca50-75cf-b9be-c61408a9f5bc was not found")
        .below("/api/documents/"),
    sample(
        "time_entry_not_found",
        "/api/billing/time-entries/019cae6b-de60-78f2-ace1-f9473bdc28ef",
        "the time entry 019cae6b-de60-78f2-ace1-f9473bdc28ef was not found",
    )
    .below("/api/billing/"),
    sample("audit_entry_not_found", "/api/audit-logs/4711", AUDIT_ENTRY).of(&["showAuditEntry"]),
    sample(
        "audit_verification_not_found",
        "/api/audit-logs/verifications/019cae6b-de60-7f00-bdf3-1b695dfe4a02",
        "the audit verification 019cae6b-de60-7f00-bdf3-1b695dfe4a02 was not found",
    )
    .below("/api/audit-logs/"),
    sample("user_not_found", USER, "there is no user 019c2404-8f3c-7b25-9d14-2c7a6e0f4b12 in your firm")
        .of(&["showLoginHistory", "listApiKeys", "checkPermission", "explainPermission", "listDelegations", "makeDelegation"])
        .below("/api/users/"),
    sample(
        "organization_not_found",
        "/api/organizations/019c2404-7d80-7a11-8c02-5e1f0a9b3c01",
        "there is no such organization; you see your own only",
    )
    .below("/api/organizations/"),
    sample(
        "profile_not_found",
        PROFILE,
        "no heap profile 019cae6b-de64-7a36-a025-3d8b70f16c23 is kept; only the newest ones are",
    )
    .of(&["showHeapProfile"]),
    sample(
        "store_not_found",
        "/api/monitoring/memory/shrink",
        "there is no bounded store `sessions`: /api/monitoring/memory/stores lists them",
    )
    .of(&["shrinkStore"]),
    sample("profile_in_progress", PROFILE, "another heap profile is being taken: try again in some seconds")
        .of(&["showHeapProfile", "keepHeapProfile", "checkLeaks"]),
    sample("allocator_unsuited", PROFILE, "the server does not run on an allocator that can do this")
        .below("/api/monitoring/"),
    sample("not_found", "/api/docs/errors/no_such_code", "Nothing was found here").below("/api/docs/"),
    sample(
        "request_timeout",
        "/api/documents",
        "the body came at less than 1024 bytes per second: send it faster",
    )
    .below("/api/documents"),
    sample(
        "case_number_taken",
        "/api/cases",
        "another case of your firm has the number `2026-00017`; choose another, or leave it out \
         to get the next one",
    )
    .at("number", "refused")
    .of(&["openCase", "openMatter", "putCase", "changeCase"]),
    sample(
        "case_status_refused",
        CASE,
        "a case that is archived cannot become closed; from archived it can become open",
    )
    .at("status", "refused")
    .of(&["closeCase", "reopenCase", "holdCase", "archiveCase"]),
    sample(
        "case_in_use",
        CASE,
        "something still belongs to the case 019cae6b-8e20-707a-a469-71cfb354a067; remove that \
         first, or archive the case",
    )
    .of(&["deleteCase"]),
    sample(
        "client_in_use",
        "/api/clients/019cae6b-7a10-7f69-9358-60bea2438f56",
        "the client 019cae6b-7a10-7f69-9358-60bea2438f56 still has cases; move or remove them \
         first, or set the client's status to `former`",
    )
    .of(&["deleteClient"]),
    sample("control_number_taken", DOCUMENT, "the case has another document with this control number")
        .of(&["changeDocument"]),
    sample(
        "document_version_limit",
        DOCUMENT,
        "the document has 1000 versions, which is the most: add a new document",
    )
    .of(&["addDocumentVersion", "restoreDocumentVersion"]),
    sample(
        "email_taken",
        "/api/users",
        "another user has this e-mail address: use another one, or activate that user again",
    )
    .fault("email", "taken", "belongs to another user")
    .of(&["addUser", "acceptInvitation"]),
    sample(
        "stale_version",
        CASE,
        "it was changed since you read it and is at version 3: read it again and repeat your \
         change",
    )
    .below("/api"),
    sample(
        "file_too_large",
        "/api/documents",
        "the file is larger than the 524288000 bytes that are allowed",
    )
    .below("/api/documents"),
    sample(
        "file_type_refused",
        "/api/documents",
        "files named .exe are not taken: put the file into an archive with a password",
    )
    .below("/api/documents"),
    sample(
        "range_not_satisfiable",
        DOCUMENT,
        "the file has 137095 bytes, and none of them lies in the range",
    )
    .below("/api/documents"),
    sample(
        "weak_password",
        "/api/users",
        "the password is too short: use at least 12 characters, such as four or five unrelated \
         words",
    )
    .fault(
        "password",
        "weak",
        "is too short: use at least 12 characters, such as four or five unrelated words",
    )
    .of(&["addUser"]),
    sample(
        "wrong_password",
        "/api/auth/change-password",
        "the current password is wrong: type the one that you sign in with",
    )
    .fault("currentPassword", "wrong", "is not the present password")
    .of(&["changePassword", "enrolTotp", "enableMfa", "enableMfaOlder"]),
    sample(
        "own_access",
        USER,
        "you cannot change your own role or deactivate yourself: ask another administrator",
    )
    .of(&["putUser", "patchUser", "deactivateUser", "giveRole", "activateUser"]),
    sample(
        "checksum_mismatch",
        "/api/documents",
        "the file that came has the SHA-256 \
         3f0a9d6c1b7e58a2c4d9e06f71b3825ad4c6e9f10b2a7385c6d1e0f49a8b7c25: compare it with yours \
         and send the file again",
    )
    .of(&["addDocument", "putDocumentContent"]),
    sample("grant_not_found", GRANT, "there is no grant 019cae6b-e9a1-7d47-8136-4e9c80216d35, or it was ended before")
        .of(&["endGrant"]),
    sample(
        "grant_beyond_own",
        GRANT,
        "you do not have the permission `import:run` yourself: ask somebody who has it to grant it",
    )
    .of(&["grantToRole", "grantToUser", "endGrant", "grantToTeam", "joinTeam", "leaveTeam", "makeDelegation"]),
    sample(
        "grant_locks_out",
        "/api/roles/super_admin/permissions",
        "nothing can be denied to super administrators: give the user another role first",
    )
    .of(&["grantToRole", "grantToUser"]),
    sample(
        "grant_limit",
        "/api/teams/019cae6b-e9a2-7e58-9247-5fad91326e46/permissions",
        "the role, user or team has 200 grants, which is the most: end some first",
    )
    .of(&["grantToTeam"]),
    sample("team_not_found", TEAM, "there is no team 019cae6b-e9a2-7e58-9247-5fad91326e46").below("/api/teams/"),
    sample(
        "team_name_taken",
        "/api/teams",
        "another team of the firm has this name: choose another one",
    )
    .of(&["addTeam", "changeTeam"]),
    sample(
        "team_has_grants",
        TEAM,
        "something is granted or denied to the team: end it first, at `/api/teams/{id}/permissions`",
    )
    .of(&["removeTeam"]),
    sample("team_limit", "/api/teams", "the firm has 200 teams, which is the most: remove some first")
        .of(&["addTeam"]),
    sample("team_limit", TEAM, "a team has at most 500 users, and a user is in at most 20 teams").of(&["joinTeam"]),
    sample(
        "delegation_refused",
        "/api/delegations",
        "lender and delegate must be two active users, and the delegate no client",
    )
    .of(&["makeDelegation"]),
    sample(
        "delegation_not_found",
        "/api/delegations/019cae6b-e9a3-7f69-8358-60bea2437f57",
        "there is no delegation 019cae6b-e9a3-7f69-8358-60bea2437f57 of yours, or it is over",
    )
    .of(&["endDelegation"]),
    sample("wall_not_found", WALL, "there is no ethical wall 019cae6b-e9a0-7c36-b025-3d8b7f106c24")
        .below("/api/ethical-walls/"),
    sample(
        "wall_lifted",
        WALL,
        "the ethical wall 019cae6b-e9a0-7c36-b025-3d8b7f106c24 was lifted; raise another one",
    )
    .of(&["changeEthicalWall", "liftEthicalWall"]),
    sample(
        "wall_user_unknown",
        "/api/ethical-walls",
        "there is no user 019c2404-8f3c-7b25-9d14-2c7a6e0f4b12 in your firm",
    )
    .at("screened", "unknown"),
    sample(
        "wall_without_steward",
        "/api/ethical-walls",
        "nobody who may lift walls would see the case any more: leave out an active partner or administrator, or \
         admit one",
    )
    .at("screened", "refused")
    .of(&["raiseEthicalWall", "changeEthicalWall"]),
    sample("rule_refused", DOCUMENT, "a last Bates number needs a first one")
        .at("batesEnd", "bates_range")
        .of(&["changeDocument"]),
    sample(
        "rule_refused",
        "/api/docket/019cae6b-b640-73ad-979c-a4f2e687d39a",
        "an entry stays in the docket it was filed in: leave `caseId` as it is",
    )
    .named("rule_refused_case")
    .at("caseId", "unchangeable")
    .of(&["changeDocketEntry", "putDocketEntry"]),
    sample(
        "session_not_found",
        "/api/auth/sessions/019cae6b-6600-7d47-b136-4e9c80216d34",
        "there is no login 019cae6b-6600-7d47-b136-4e9c80216d34 of yours",
    )
    .below("/api/auth/sessions/"),
    sample(
        "session_without_device",
        "/api/auth/sessions/trust-device",
        "this login began before its device could be known: sign in again, and trust the device then",
    )
    .of(&["trustDevice"]),
    sample(
        "step_up_required",
        "/api/auth/sessions/trust-device",
        "show your second factor again at `/api/auth/step-up`, and repeat the request",
    )
    .of(&["trustDevice", "unlinkProvider", "askToAddPasskey", "addPasskey", "removePasskey"]),
    sample(
        "mfa_already_enabled",
        "/api/auth/mfa/totp",
        "you have a second factor already: disable it first to set up another one",
    )
    .of(&["enrolTotp", "confirmTotp", "enableMfa", "enableMfaOlder", "verifyMfa"]),
    sample("mfa_not_enabled", "/api/auth/mfa/totp", "there is no second factor here: set one up first")
        .of(&["disableTotp", "renewRecoveryCodes", "disableMfa", "disableMfaOlder", "resetUserMfa"]),
    sample(
        "mfa_code_wrong",
        "/api/auth/mfa/totp/confirm",
        "the code is wrong or was used before: wait for the next one, or send a recovery code",
    )
    .of(&[
        "confirmTotp",
        "verifyMfa",
        "disableTotp",
        "disableMfa",
        "disableMfaOlder",
        "renewRecoveryCodes",
        "stepUp",
    ]),
    sample("too_many_attempts", "/api/auth/login", "too many attempts: wait 60 seconds and try again")
        .below("/api/auth/"),
    sample(
        "storage_full",
        "/api/documents",
        "the server's storage is full: free space or tell your administrator",
    )
    .of(&["keepHeapProfile"])
    .below("/api/documents"),
    // What the layers and extractors refuse: see `refusals`.
    sample(
        "malformed_id",
        "/api/cases/17",
        "the case id in the path is no UUID: it has 36 characters, such as \
         019cae6b-8e20-707a-a469-71cfb354a067",
    ),
    sample("malformed_json", "/api/cases", "expected `,` or `}` at line 1 column 17"),
    sample("malformed_request", "/api/docs/errors/%FF", "Invalid UTF-8 in `code`"),
    sample(
        "malformed_if_match",
        CASE,
        "If-Match must be * or a list of entity tags in quotes, such as \"v12\"",
    ),
    sample(
        "malformed_idempotency_key",
        "/api/cases",
        "the Idempotency-Key must have 1 to 255 visible ASCII characters: send a UUID, for example",
    ),
    sample(
        "idempotency_in_progress",
        "/api/cases",
        "the first request with this Idempotency-Key is still running: try again shortly",
    ),
    sample(
        "idempotency_key_reused",
        "/api/cases",
        "this Idempotency-Key came before with another request: make a new key",
    ),
    sample(
        "body_too_large",
        "/api/cases",
        "the body is larger than the 1048576 bytes allowed here: send less",
    ),
    sample(
        "unsupported_media_type",
        "/api/cases",
        "the Content-Type text/plain is not taken here: send application/json",
    ),
    sample(
        "rate_limited",
        "/api/cases",
        "more than 300 requests in 60 seconds: wait 1 seconds and try again",
    ),
    sample("internal", "/api/cases", "The server made a fault"),
    sample("memory_exhausted", "/api/cases", "The server is short of memory"),
];
