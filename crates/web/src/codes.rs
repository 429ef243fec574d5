//! The codes that any route may answer. A module declares its own beside its errors.

use crate::problem::Code;

/// Every code of this file, for the pages that explain them.
pub const ALL: &[Code] = &[
    VALIDATION_FAILED,
    MALFORMED_JSON,
    MALFORMED_QUERY,
    MALFORMED_ID,
    MALFORMED_CURSOR,
    MALFORMED_IF_MATCH,
    MALFORMED_IDEMPOTENCY_KEY,
    MALFORMED_REQUEST,
    BODY_INCOMPLETE,
    UNAUTHENTICATED,
    FORBIDDEN,
    NOT_FOUND,
    METHOD_NOT_ALLOWED,
    NOT_ACCEPTABLE,
    REQUEST_TIMEOUT,
    CONFLICT,
    IDEMPOTENCY_IN_PROGRESS,
    GONE,
    STALE_VERSION,
    BODY_TOO_LARGE,
    UNSUPPORTED_MEDIA_TYPE,
    RANGE_NOT_SATISFIABLE,
    RULE_REFUSED,
    IDEMPOTENCY_KEY_REUSED,
    PRECONDITION_REQUIRED,
    RATE_LIMITED,
    INTERNAL,
    UNAVAILABLE,
    MEMORY_EXHAUSTED,
    DRAINING,
    REQUEST_TIMED_OUT,
    CONNECTIONS_EXHAUSTED,
    STORAGE_FULL,
    STORAGE_READ_ONLY,
    STORAGE_FAILED,
];

/// One or more members of the request break their rules; `errors` lists all of them.
pub const VALIDATION_FAILED: Code = Code::new("validation_failed", 400, "The request is not valid");
/// The body is not JSON.
pub const MALFORMED_JSON: Code = Code::new("malformed_json", 400, "The body is not well-formed JSON");
/// The query string has unknown, repeated or unreadable parameters.
pub const MALFORMED_QUERY: Code = Code::new("malformed_query", 400, "The query string is not valid");
/// An id in the path is not a UUID.
pub const MALFORMED_ID: Code = Code::new("malformed_id", 400, "The id in the path is not valid");
/// A `cursor` that this server did not make.
pub const MALFORMED_CURSOR: Code = Code::new("malformed_cursor", 400, "The cursor is not valid");
/// An `If-Match` header that is no list of entity tags.
pub const MALFORMED_IF_MATCH: Code = Code::new("malformed_if_match", 400, "The If-Match header is not valid");
/// An `Idempotency-Key` that is empty, too long or not visible ASCII.
pub const MALFORMED_IDEMPOTENCY_KEY: Code =
    Code::new("malformed_idempotency_key", 400, "The Idempotency-Key header is not valid");
/// The request cannot be understood for a reason without a code of its own.
pub const MALFORMED_REQUEST: Code = Code::new("malformed_request", 400, "The request is not valid");
/// The body ended before its declared length.
pub const BODY_INCOMPLETE: Code = Code::new("body_incomplete", 400, "The body is incomplete");
/// No valid credentials came with the request.
pub const UNAUTHENTICATED: Code = Code::new("unauthenticated", 401, "You are not signed in");
/// The resource is visible to the caller, but this is not allowed.
pub const FORBIDDEN: Code = Code::new("forbidden", 403, "You may not do this");
/// Nothing is here, or nothing that the caller may see.
pub const NOT_FOUND: Code = Code::new("not_found", 404, "Nothing was found here");
/// The path exists, but not with this method.
pub const METHOD_NOT_ALLOWED: Code = Code::new("method_not_allowed", 405, "This method is not possible here");
/// No representation that the caller accepts.
pub const NOT_ACCEPTABLE: Code = Code::new("not_acceptable", 406, "No acceptable form of the answer exists");
/// The request's body came too slowly.
pub const REQUEST_TIMEOUT: Code = Code::new("request_timeout", 408, "The request came too slowly");
/// The resource's state does not allow this.
pub const CONFLICT: Code = Code::new("conflict", 409, "The present state does not allow this");
/// A request with the same idempotency key is being worked on.
pub const IDEMPOTENCY_IN_PROGRESS: Code =
    Code::new("idempotency_in_progress", 409, "The first request with this key is still running");
/// It was here and will not come back.
pub const GONE: Code = Code::new("gone", 410, "This no longer exists");
/// The resource changed since the version named in `If-Match`.
pub const STALE_VERSION: Code = Code::new("stale_version", 412, "The resource has changed meanwhile");
/// The body can never be taken because of its size.
pub const BODY_TOO_LARGE: Code = Code::new("body_too_large", 413, "The body is too large");
/// The body's content type or coding is not taken here.
pub const UNSUPPORTED_MEDIA_TYPE: Code =
    Code::new("unsupported_media_type", 415, "This kind of body is not taken here");
/// No part of the resource lies in the wanted range.
pub const RANGE_NOT_SATISFIABLE: Code =
    Code::new("range_not_satisfiable", 416, "The range lies outside of the resource");
/// Well-formed, but refused by a rule of the domain.
pub const RULE_REFUSED: Code = Code::new("rule_refused", 422, "A rule refuses this");
/// The idempotency key came before with another request.
pub const IDEMPOTENCY_KEY_REUSED: Code =
    Code::new("idempotency_key_reused", 422, "The idempotency key belongs to another request");
/// The operation wants an `If-Match` header.
pub const PRECONDITION_REQUIRED: Code =
    Code::new("precondition_required", 428, "The version to change must be named");
/// Too many requests in too short a time.
pub const RATE_LIMITED: Code = Code::new("rate_limited", 429, "Too many requests");
/// A fault of the server.
pub const INTERNAL: Code = Code::new("internal", 500, "The server made a fault");
/// A service that is needed does not answer.
pub const UNAVAILABLE: Code = Code::new("unavailable", 503, "The service is not available");
/// No memory for this request now.
pub const MEMORY_EXHAUSTED: Code = Code::new("memory_exhausted", 503, "The server is short of memory");
/// The server is stopping.
pub const DRAINING: Code = Code::new("draining", 503, "The server is stopping");
/// The request took longer than it may.
pub const REQUEST_TIMED_OUT: Code = Code::new("request_timed_out", 503, "The request took too long");
/// All connections are taken; only health is answered.
pub const CONNECTIONS_EXHAUSTED: Code = Code::new("connections_exhausted", 503, "All connections are in use");
/// The disk is full.
pub const STORAGE_FULL: Code = Code::new("storage_full", 507, "The storage is full");
/// What is stored can be read and not changed.
pub const STORAGE_READ_ONLY: Code = Code::new("storage_read_only", 507, "The storage is read-only");
/// The disk of the files or of the database fails.
pub const STORAGE_FAILED: Code = Code::new("storage_failed", 503, "The storage fails");

/// The generic code of an error status.
pub(crate) fn of_status(status: u16) -> Code {
    match status {
        401 => UNAUTHENTICATED,
        403 => FORBIDDEN,
        404 => NOT_FOUND,
        405 => METHOD_NOT_ALLOWED,
        406 => NOT_ACCEPTABLE,
        408 => REQUEST_TIMEOUT,
        409 => CONFLICT,
        410 => GONE,
        412 => STALE_VERSION,
        413 => BODY_TOO_LARGE,
        415 => UNSUPPORTED_MEDIA_TYPE,
        416 => RANGE_NOT_SATISFIABLE,
        422 => RULE_REFUSED,
        428 => PRECONDITION_REQUIRED,
        429 => RATE_LIMITED,
        503 => UNAVAILABLE,
        507 => STORAGE_FULL,
        400..=499 => MALFORMED_REQUEST,
        _ => INTERNAL,
    }
}
