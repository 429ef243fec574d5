//! What a browser is asked, as `parseCreationOptionsFromJSON` and `parseRequestOptionsFromJSON` read it.

use crate::model::{Creation, PasskeyRequest, Reference};
use serde::Serialize;
use utoipa::ToSchema;

/// How long a browser waits for its user, in milliseconds: as long as the challenge is good.
const TIMEOUT_MS: u32 = 300_000;
const PUBLIC_KEY: &str = "public-key";
/// The authenticator must ask for a fingerprint, a face or a PIN: only then it stands for both factors.
const REQUIRED: &str = "required";

/// What a browser needs to make a passkey.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"rp": {"id": "lexiflow.example.com", "name": "LexiFlow"},
    "user": {"id": "AZwkBI88eyWdFCx6bg9LEg", "name": "ada.moreno@example.com", "displayName": "Ada Moreno"},
    "challenge": "q0s3J8mE5y1cV2xZ7bN4wLr6TtHfKpDgAaUiOeRsYhM",
    "pubKeyCredParams": [{"type": "public-key", "alg": -7}, {"type": "public-key", "alg": -8},
        {"type": "public-key", "alg": -257}],
    "timeout": 300_000, "excludeCredentials": [{"type": "public-key", "id": "rzvSQMQvRGyZvw9rLg9Xxg",
        "transports": ["hybrid", "internal"]}],
    "authenticatorSelection": {"residentKey": "required", "requireResidentKey": true, "userVerification": "required"},
    "attestation": "none"}))]
pub(in crate::routes) struct PasskeyCreationOptions {
    /// The site.
    rp: PasskeySite,
    /// Whose passkey it will be.
    user: PasskeyOwner,
    /// Random bytes to sign, in base64url.
    challenge: String,
    /// Kinds of keys, the preferred one first.
    pub_key_cred_params: Vec<PasskeyKind>,
    /// How long to wait for the user, in milliseconds.
    timeout: u32,
    /// The passkeys that the user has.
    exclude_credentials: Vec<PasskeyReference>,
    /// What the authenticator must be able to do.
    authenticator_selection: PasskeyDemands,
    /// Whether the authenticator's maker is asked for: `none`.
    attestation: &'static str,
}

/// What a browser needs to show a passkey.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"challenge": "q0s3J8mE5y1cV2xZ7bN4wLr6TtHfKpDgAaUiOeRsYhM", "timeout": 300_000,
    "rpId": "lexiflow.example.com", "allowCredentials": [], "userVerification": "required"}))]
pub(in crate::routes) struct PasskeyRequestOptions {
    /// Random bytes to sign, in base64url.
    challenge: String,
    /// How long to wait for the user, in milliseconds.
    timeout: u32,
    /// The domain that the passkey belongs to.
    rp_id: String,
    /// Passkeys that will do; none for any.
    allow_credentials: Vec<PasskeyReference>,
    /// Whether the authenticator must verify its user: `required`.
    user_verification: &'static str,
}

/// A site.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct PasskeySite {
    /// The domain that passkeys belong to.
    id: String,
    /// What people call it.
    name: &'static str,
}

/// A user as an authenticator shows them.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct PasskeyOwner {
    /// The user handle, in base64url.
    id: String,
    /// The e-mail address.
    name: String,
    /// Given and family name.
    display_name: String,
}

/// A kind of key.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct PasskeyKind {
    /// `public-key`
    #[serde(rename = "type")]
    kind: &'static str,
    /// The algorithm by its number (IANA, COSE Algorithms).
    alg: i64,
}

/// A passkey as an authenticator knows it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct PasskeyReference {
    /// `public-key`
    #[serde(rename = "type")]
    kind: &'static str,
    /// Its id, in base64url.
    id: String,
    /// How a browser reaches it.
    transports: Vec<String>,
}

/// What an authenticator must be able to do.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct PasskeyDemands {
    /// Whether it keeps the passkey itself, so that no name must be typed: `required`.
    resident_key: &'static str,
    /// The same for older browsers.
    require_resident_key: bool,
    /// Whether it must verify its user: `required`.
    user_verification: &'static str,
}

impl From<Reference> for PasskeyReference {
    fn from(reference: Reference) -> Self {
        Self { kind: PUBLIC_KEY, id: reference.id, transports: reference.transports }
    }
}

impl From<Creation> for PasskeyCreationOptions {
    fn from(creation: Creation) -> Self {
        let kinds = creation.algorithms.into_iter().map(|alg| PasskeyKind { kind: PUBLIC_KEY, alg });
        Self {
            rp: PasskeySite { id: creation.site, name: "LexiFlow" },
            user: PasskeyOwner {
                id: creation.user_handle,
                name: creation.email,
                display_name: creation.full_name,
            },
            challenge: creation.challenge,
            pub_key_cred_params: kinds.collect(),
            timeout: TIMEOUT_MS,
            exclude_credentials: creation.known.into_iter().map(Into::into).collect(),
            authenticator_selection: PasskeyDemands {
                resident_key: REQUIRED,
                require_resident_key: true,
                user_verification: REQUIRED,
            },
            attestation: "none",
        }
    }
}

impl From<PasskeyRequest> for PasskeyRequestOptions {
    fn from(request: PasskeyRequest) -> Self {
        Self {
            challenge: request.challenge,
            timeout: TIMEOUT_MS,
            rp_id: request.site,
            allow_credentials: request.wanted.into_iter().map(Into::into).collect(),
            user_verification: REQUIRED,
        }
    }
}
