use serde_json::Value;

/// Who sits before the provider's page.
#[derive(Debug, Clone)]
pub struct Person {
    /// The provider's name for the person.
    pub subject: String,
    /// The address.
    pub email: Option<String>,
    /// Whether the provider has seen that it is the person's.
    pub verified: bool,
    /// How the person was authenticated.
    pub methods: Vec<&'static str>,
    /// Which class of authentication that is.
    pub class: Option<&'static str>,
}

impl Person {
    /// Somebody with a verified address.
    pub fn new(subject: &str, email: &str) -> Self {
        Self {
            subject: subject.to_owned(),
            email: Some(email.to_owned()),
            verified: true,
            methods: vec!["pwd"],
            class: None,
        }
    }
}

/// How ID tokens are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signing {
    /// With the RSA key, by PKCS #1.
    Rs256,
    /// With the RSA key, by PSS.
    Ps256,
    /// With the key on P-256.
    Es256,
    /// Not at all.
    None,
    /// By HMAC, with the public RSA key as the secret.
    Hs256OfPublicKey,
    /// With another RSA key's name.
    UnknownKey,
    /// By RS256, and then a letter of the signature is another.
    Broken,
}

/// How the token endpoint answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tokens {
    /// As the standard says.
    Usual,
    /// With this status and nothing else.
    Status(u16),
    /// With a redirect to the same place, as if it had moved.
    Redirect,
    /// With more than anybody reads.
    Huge,
    /// Never.
    Silent,
    /// With something that is no JSON.
    Nonsense,
}

/// How the provider behaves.
#[derive(Debug, Clone)]
pub struct Manners {
    /// Who comes.
    pub person: Person,
    /// How it signs.
    pub signing: Signing,
    /// Whether the key on P-256 is among its public ones.
    pub publishes_p256: bool,
    /// What it does to the claims before signing.
    pub tampers: Option<fn(&mut Value)>,
    /// How it answers for codes.
    pub tokens: Tokens,
    /// What it calls itself, if not by its name.
    pub calls_itself: Option<&'static str>,
    /// The error that it sends people back with.
    pub refuses: Option<&'static str>,
    /// Whether the address stands at the userinfo endpoint alone.
    pub thin_tokens: bool,
    /// Whether it knows `client_secret_post` alone.
    pub secret_in_form: bool,
}

impl Default for Manners {
    fn default() -> Self {
        Self {
            person: Person::new("nobody", "nobody@first.example.com"),
            signing: Signing::Rs256,
            publishes_p256: true,
            tampers: None,
            tokens: Tokens::Usual,
            calls_itself: None,
            refuses: None,
            thin_tokens: false,
            secret_in_form: false,
        }
    }
}
