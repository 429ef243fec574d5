use crate::Error;
use outbound::Target;
use serde::Deserialize;

/// What a provider says of itself (OpenID Connect Discovery 1.0, 3), as far as it matters here.
#[derive(Debug)]
pub(crate) struct Discovery {
    /// Where browsers go.
    pub(crate) authorization: String,
    pub(crate) token: Target,
    pub(crate) keys: Target,
    pub(crate) user_info: Option<Target>,
    pub(crate) client: ClientAuthentication,
    pub(crate) bytes: u64,
}

/// How this server proves itself at the token endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClientAuthentication {
    Basic,
    Post,
    Unknown,
}

#[derive(Deserialize)]
struct Document {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    userinfo_endpoint: Option<String>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

/// What is asked, in messages.
pub(crate) const WHAT: &str = "discovery document";

/// Where the document of an issuer is.
pub(crate) fn address(issuer: &str) -> Result<Target, Error> {
    let address = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
    address.parse().map_err(|source| Error::Endpoint { what: WHAT, source })
}

impl Discovery {
    /// Reads a document. It must name the very issuer that it was asked of.
    pub(crate) fn read(json: &[u8], issuer: &str) -> Result<Self, Error> {
        let document: Document = serde_json::from_slice(json).map_err(|_| Error::Unreadable { what: WHAT })?;
        if document.issuer != issuer {
            return Err(Error::OtherIssuer);
        }
        let target = |what, text: &str| text.parse::<Target>().map_err(|source| Error::Endpoint { what, source });
        let user_info = document.userinfo_endpoint.as_deref();
        // A browser is sent there, and no further than to an address that is checked like the others.
        target("authorization endpoint", &document.authorization_endpoint)?;
        Ok(Self {
            token: target("token endpoint", &document.token_endpoint)?,
            keys: target("keys", &document.jwks_uri)?,
            user_info: user_info.map(|text| target("userinfo endpoint", text)).transpose()?,
            client: authentication(document.token_endpoint_auth_methods_supported.as_deref()),
            authorization: document.authorization_endpoint,
            bytes: json.len() as u64,
        })
    }
}

/// The way that a provider knows. Who says nothing knows `client_secret_basic`.
fn authentication(known: Option<&[String]>) -> ClientAuthentication {
    let knows = |name: &str| known.is_some_and(|known| known.iter().any(|method| method == name));
    if known.is_none() || knows("client_secret_basic") {
        ClientAuthentication::Basic
    } else if knows("client_secret_post") {
        ClientAuthentication::Post
    } else {
        ClientAuthentication::Unknown
    }
}
