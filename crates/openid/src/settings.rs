use crypto::Secret;

/// What a provider and this server agreed upon.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The provider's name for itself, exactly as it writes it.
    pub issuer: String,
    /// This server's name at the provider.
    pub client_id: String,
    /// What proves that this server asks; nothing for a public client.
    pub client_secret: Option<Secret>,
    /// What is asked for, `openid` among it, with spaces between.
    pub scopes: String,
    /// Where the provider sends the browser back to.
    pub redirect_uri: String,
}
