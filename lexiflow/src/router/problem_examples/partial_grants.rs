//! Problems of what is denied in part.

use super::sample::{Sample, sample};

pub(super) const SAMPLES: &[Sample] = &[
    sample(
        "field_denied",
        "/api/clients/019cae6b-7a10-7f69-9358-60bea2438f56",
        "the field `email` is denied to you: leave it out, or ask an administrator",
    ),
    sample(
        "records_denied",
        "/api/clients",
        "your permission `clients:read` shows the first 100 of a list: ask for a `page` and a `limit` within them, or \
         narrow the list",
    ),
];
