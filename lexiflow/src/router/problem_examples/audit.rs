//! Problems of the audit log's exports.

use super::sample::{Sample, sample};

pub(super) const SAMPLES: &[Sample] = &[sample(
    "audit_print_too_long",
    "/api/audit-logs/export",
    "more than 10000 entries fit: narrow what is asked for, such as by `from` and `to`, or use `format=ndjson`",
)
.of(&["exportAuditLog"])];
