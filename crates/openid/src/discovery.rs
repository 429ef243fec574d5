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
        let document: Document =
            serde_json::from_slice(json).map_err(|_| Error::Unreadable { what: WHAT })?;
        if document.issuer != issuer {
            return Err(Error::OtherIssuer);
        }
        let target =
            |what, text: &str| text.parse::<Target>().map_err(|source| Error::Endpoint { what, source });
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

#[cfg(test)]
mod tests {
    use super::*;

    fn document(change: impl FnOnce(&mut serde_json::Value)) -> Result<Discovery, Error> {
        let mut document = serde_json::json!({
            "issuer": "https://login.example.com/firm/",
            "authorization_endpoint": "https://login.example.com/authorize",
            "token_endpoint": "https://login.example.com/token",
            "jwks_uri": "https://login.example.com/keys",
        });
        change(&mut document);
        Discovery::read(document.to_string().as_bytes(), "https://login.example.com/firm/")
    }

    #[test]
    fn a_provider_is_who_it_says_and_all_of_it_has_tls() {
        assert!(document(|_| {}).is_ok());
        assert!(matches!(
            document(|it| it["issuer"] = "https://login.example.com/firm".into()),
            Err(Error::OtherIssuer)
        ));
        for endpoint in ["authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"] {
            for address in ["http://login.example.com/x", "javascript:alert(1)", "/x", ""] {
                let found = document(|it| it[endpoint] = address.into());
                assert!(matches!(found, Err(Error::Endpoint { .. })), "{endpoint} {address}");
            }
        }
        assert!(matches!(document(|it| it["token_endpoint"] = 7.into()), Err(Error::Unreadable { .. })));
    }

    #[test]
    fn the_server_proves_itself_in_a_way_that_the_provider_knows() {
        let way = |methods: &[&str]| {
            document(|it| it["token_endpoint_auth_methods_supported"] = methods.into()).unwrap().client
        };
        assert_eq!(document(|_| {}).unwrap().client, ClientAuthentication::Basic);
        assert_eq!(way(&["client_secret_post", "client_secret_basic"]), ClientAuthentication::Basic);
        assert_eq!(way(&["private_key_jwt", "client_secret_post"]), ClientAuthentication::Post);
        assert_eq!(way(&["private_key_jwt"]), ClientAuthentication::Unknown);
    }

    #[test]
    fn the_document_lies_below_the_issuer() {
        for issuer in ["https://login.example.com/firm", "https://login.example.com/firm/"] {
            let expected = "https://login.example.com/firm/.well-known/openid-configuration";
            assert_eq!(address(issuer).unwrap().to_string(), expected);
        }
    }
}
