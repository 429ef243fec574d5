use clock::Timestamp;
use ids::PasskeyId;

/// The most passkeys of one user.
#[cfg(feature = "passkeys")]
pub(crate) const MOST_PASSKEYS: u64 = 20;

/// A passkey as its user sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Passkey {
    pub(crate) id: PasskeyId,
    pub(crate) name: String,
    pub(crate) transports: Vec<String>,
    pub(crate) is_backed_up: bool,
    pub(crate) created_at: Timestamp,
    pub(crate) last_used_at: Option<Timestamp>,
}

/// What a browser sends of a passkey that was just made: its texts are base64url.
#[derive(Debug, Clone)]
#[cfg_attr(not(feature = "passkeys"), expect(dead_code, reason = "only a server with passkeys reads it"))]
pub(crate) struct Created {
    pub(crate) id: String,
    pub(crate) client_data: String,
    pub(crate) attestation: String,
    /// The first eight are kept.
    pub(crate) transports: Vec<String>,
}

/// The most transports of a passkey that are kept.
#[cfg(feature = "passkeys")]
pub(crate) const MOST_TRANSPORTS: usize = 8;

/// What a browser sends of a passkey that was shown: its texts are base64url.
#[derive(Debug, Clone)]
#[cfg_attr(not(feature = "passkeys"), expect(dead_code, reason = "only a server with passkeys reads it"))]
pub(crate) struct Presented {
    pub(crate) id: String,
    pub(crate) client_data: String,
    pub(crate) data: String,
    pub(crate) signature: String,
    pub(crate) user_handle: Option<String>,
}

/// A passkey as an authenticator knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reference {
    /// Base64url.
    pub(crate) id: String,
    pub(crate) transports: Vec<String>,
}

/// What a browser needs to make a passkey.
#[derive(Debug, Clone)]
pub(crate) struct Creation {
    pub(crate) site: String,
    /// Base64url.
    pub(crate) challenge: String,
    /// Base64url.
    pub(crate) user_handle: String,
    pub(crate) email: String,
    pub(crate) full_name: String,
    pub(crate) algorithms: Vec<i64>,
    /// Those that the user has: an authenticator makes no second one.
    pub(crate) known: Vec<Reference>,
}

/// What a browser needs to show a passkey.
#[derive(Debug, Clone)]
pub(crate) struct PasskeyRequest {
    pub(crate) site: String,
    /// Base64url.
    pub(crate) challenge: String,
    /// Those that will do; none when it is not known yet who asks.
    pub(crate) wanted: Vec<Reference>,
}
