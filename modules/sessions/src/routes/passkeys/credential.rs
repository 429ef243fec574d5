//! What a browser gives of a passkey, as `PublicKeyCredential.toJSON()` writes it. What later browsers add is passed over.

use super::super::login::{device_cookie, short};
use crate::model::{Created, Presented};
use crypto::Secret;
use http::HeaderMap;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

/// The longest id, in base64url characters: 1023 bytes.
const ID_CHARS: usize = 1364;
/// The longest client data: an origin, a challenge and some words.
const CLIENT_CHARS: usize = 8 << 10;
/// The longest authenticator data or signature of a sign-in.
const SIGNED_CHARS: usize = 4 << 10;
/// The longest attestation object: some certificates, which are passed over.
const ATTESTATION_CHARS: usize = 32 << 10;
/// The longest user handle, in base64url characters: 64 bytes.
const HANDLE_CHARS: usize = 86;

/// Whether it can be base64url without padding (RFC 4648, 5).
fn base64url<C>(text: &str, _context: &C) -> garde::Result {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if text.bytes().all(plain) && text.len() % 4 != 1 {
        return Ok(());
    }
    Err(garde::Error::new("must be base64url without padding, as the browser gave it"))
}

fn transport<C>(text: &str, _context: &C) -> garde::Result {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if (1..=32).contains(&text.len()) && text.bytes().all(plain) {
        return Ok(());
    }
    Err(garde::Error::new("must be a word such as `internal` or `usb`"))
}

/// What kind of credential it is: there is one.
#[derive(Debug, Deserialize, ToSchema)]
pub(in crate::routes) enum PasskeyType {
    /// A pair of keys.
    #[serde(rename = "public-key")]
    PublicKey,
}

/// A passkey that was just made.
#[derive(Debug, Deserialize, garde::Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::routes) struct CreatedPasskey {
    /// Its id, in base64url.
    #[garde(length(bytes, min = 1, max = ID_CHARS), custom(base64url))]
    #[schema(example = "rzvSQMQvRGyZvw9rLg9Xxg")]
    id: String,
    /// The same once more.
    #[garde(inner(length(bytes, max = ID_CHARS), custom(base64url)))]
    #[schema(example = "rzvSQMQvRGyZvw9rLg9Xxg")]
    #[serde(default)]
    raw_id: Option<String>,
    /// `public-key`
    #[serde(rename = "type")]
    #[garde(skip)]
    _kind: PasskeyType,
    /// What was made.
    #[garde(dive)]
    response: CreatedPasskeyResponse,
    /// Where the authenticator is. Not looked at.
    #[garde(skip)]
    #[serde(default, rename = "authenticatorAttachment")]
    #[schema(value_type = Option<String>, example = "platform")]
    _attachment: Option<Value>,
    /// What extensions answer. Not looked at.
    #[garde(skip)]
    #[serde(default, rename = "clientExtensionResults")]
    #[schema(value_type = Option<Object>, example = json!({}))]
    _extensions: Option<Value>,
}

/// What an authenticator gives with a new passkey.
#[derive(Debug, Deserialize, garde::Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::routes) struct CreatedPasskeyResponse {
    /// What the browser says of the ceremony, in base64url.
    // Of this name both serde and the faults make `clientDataJSON`.
    #[garde(length(bytes, min = 1, max = CLIENT_CHARS), custom(base64url))]
    #[schema(example = "eyJ0eXBlIjoid2ViYXV0aG4uY3JlYXRlIn0")]
    client_data_j_s_o_n: String,
    /// The authenticator's answer, in base64url.
    #[garde(length(bytes, min = 1, max = ATTESTATION_CHARS), custom(base64url))]
    #[schema(example = "o2NmbXRkbm9uZWdhdHRTdG10oGhhdXRoRGF0YVik")]
    attestation_object: String,
    /// How the browser reaches the authenticator. The first eight are kept.
    #[garde(inner(length(max = 32), inner(custom(transport))))]
    #[serde(default)]
    #[schema(example = json!(["hybrid", "internal"]))]
    transports: Option<Vec<String>>,
}

/// A passkey that was shown.
#[derive(Debug, Deserialize, garde::Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::routes) struct ShownPasskey {
    /// Its id, in base64url.
    #[garde(length(bytes, min = 1, max = ID_CHARS), custom(base64url))]
    #[schema(example = "rzvSQMQvRGyZvw9rLg9Xxg")]
    id: String,
    /// The same once more.
    #[garde(inner(length(bytes, max = ID_CHARS), custom(base64url)))]
    #[schema(example = "rzvSQMQvRGyZvw9rLg9Xxg")]
    #[serde(default)]
    raw_id: Option<String>,
    /// `public-key`
    #[serde(rename = "type")]
    #[garde(skip)]
    _kind: PasskeyType,
    /// What was signed.
    #[garde(dive)]
    response: ShownPasskeyResponse,
    /// Where the authenticator is. Not looked at.
    #[garde(skip)]
    #[serde(default, rename = "authenticatorAttachment")]
    #[schema(value_type = Option<String>, example = "platform")]
    _attachment: Option<Value>,
    /// What extensions answer. Not looked at.
    #[garde(skip)]
    #[serde(default, rename = "clientExtensionResults")]
    #[schema(value_type = Option<Object>, example = json!({}))]
    _extensions: Option<Value>,
}

/// What an authenticator gives with a passkey that is shown.
#[derive(Debug, Deserialize, garde::Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::routes) struct ShownPasskeyResponse {
    /// What the browser says of the ceremony, in base64url.
    // Of this name both serde and the faults make `clientDataJSON`.
    #[garde(length(bytes, min = 1, max = CLIENT_CHARS), custom(base64url))]
    #[schema(example = "eyJ0eXBlIjoid2ViYXV0aG4uZ2V0In0")]
    client_data_j_s_o_n: String,
    /// What the authenticator says of it, in base64url.
    #[garde(length(bytes, min = 1, max = SIGNED_CHARS), custom(base64url))]
    #[schema(example = "SZYN5YgOjGh0NBcPZHZgW4_krrmihjLHmVzzuoMdl2MdAAAAAA")]
    authenticator_data: String,
    /// The signature over both, in base64url.
    #[garde(length(bytes, min = 1, max = SIGNED_CHARS), custom(base64url))]
    #[schema(example = "MEUCIQDx1vmzH6uP0K6zKq0g2yqk")]
    signature: String,
    /// Whose passkey it is, as it was told when it was made, in base64url.
    #[garde(inner(length(bytes, max = HANDLE_CHARS), custom(base64url)))]
    #[serde(default)]
    #[schema(example = "AZwkBI88eyWdFCx6bg9LEg")]
    user_handle: Option<String>,
}

/// A passkey to add.
#[derive(Debug, Deserialize, garde::Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"name": "Telephone", "credential": {"id": "rzvSQMQvRGyZvw9rLg9Xxg",
    "rawId": "rzvSQMQvRGyZvw9rLg9Xxg", "type": "public-key", "response": {
        "clientDataJSON": "eyJ0eXBlIjoid2ViYXV0aG4uY3JlYXRlIn0",
        "attestationObject": "o2NmbXRkbm9uZWdhdHRTdG10oGhhdXRoRGF0YVik", "transports": ["hybrid", "internal"]},
    "authenticatorAttachment": "platform", "clientExtensionResults": {}}}))]
pub(in crate::routes) struct NewPasskeyBody {
    /// A name to know it by.
    #[garde(length(chars, min = 1, max = 100), custom(web::legible))]
    #[schema(example = "Telephone")]
    name: String,
    /// What `navigator.credentials.create` gave, as its `toJSON()` writes it.
    #[garde(dive)]
    credential: CreatedPasskey,
}

/// A passkey to sign in with.
#[derive(Debug, Deserialize, garde::Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"credential": {"id": "rzvSQMQvRGyZvw9rLg9Xxg", "rawId": "rzvSQMQvRGyZvw9rLg9Xxg",
    "type": "public-key", "response": {"clientDataJSON": "eyJ0eXBlIjoid2ViYXV0aG4uZ2V0In0",
        "authenticatorData": "SZYN5YgOjGh0NBcPZHZgW4_krrmihjLHmVzzuoMdl2MdAAAAAA",
        "signature": "MEUCIQDx1vmzH6uP0K6zKq0g2yqk", "userHandle": "AZwkBI88eyWdFCx6bg9LEg"},
    "authenticatorAttachment": "platform", "clientExtensionResults": {}},
    "deviceToken": null}))]
pub(in crate::routes) struct PasskeyLoginBody {
    /// What `navigator.credentials.get` gave, as its `toJSON()` writes it.
    #[garde(dive)]
    credential: ShownPasskey,
    /// The token that the device was given at an earlier sign-in, where it does not come as a cookie.
    #[garde(inner(custom(short)))]
    #[schema(value_type = Option<String>, write_only, example = json!(null))]
    device_token: Option<Secret>,
}

/// A passkey that is shown again.
#[derive(Debug, Deserialize, garde::Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"credential": {"id": "rzvSQMQvRGyZvw9rLg9Xxg", "rawId": "rzvSQMQvRGyZvw9rLg9Xxg",
    "type": "public-key", "response": {"clientDataJSON": "eyJ0eXBlIjoid2ViYXV0aG4uZ2V0In0",
        "authenticatorData": "SZYN5YgOjGh0NBcPZHZgW4_krrmihjLHmVzzuoMdl2MdAAAAAA",
        "signature": "MEUCIQDx1vmzH6uP0K6zKq0g2yqk", "userHandle": "AZwkBI88eyWdFCx6bg9LEg"},
    "authenticatorAttachment": "platform", "clientExtensionResults": {}}}))]
pub(in crate::routes) struct PasskeyStepUpBody {
    /// What `navigator.credentials.get` gave, as its `toJSON()` writes it.
    #[garde(dive)]
    credential: ShownPasskey,
}

impl NewPasskeyBody {
    pub(super) fn into_parts(self) -> (String, Created) {
        let CreatedPasskey { id, response, .. } = self.credential;
        let created = Created {
            id,
            client_data: response.client_data_j_s_o_n,
            attestation: response.attestation_object,
            transports: response.transports.unwrap_or_default(),
        };
        (self.name, created)
    }
}

impl PasskeyLoginBody {
    pub(super) fn into_parts(self, headers: &HeaderMap) -> (Presented, Option<Secret>) {
        (self.credential.into(), self.device_token.or_else(|| device_cookie(headers)))
    }
}

impl PasskeyStepUpBody {
    pub(super) fn into_presented(self) -> Presented {
        self.credential.into()
    }
}

impl From<ShownPasskey> for Presented {
    fn from(credential: ShownPasskey) -> Self {
        let response = credential.response;
        Self {
            id: credential.id,
            client_data: response.client_data_j_s_o_n,
            data: response.authenticator_data,
            signature: response.signature,
            user_handle: response.user_handle,
        }
    }
}
