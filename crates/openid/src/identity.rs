/// Whom the provider has signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The provider.
    pub issuer: String,
    /// The provider's name for the person, which never changes and is never given to another one.
    pub subject: String,
    /// The person's address, as the provider knows it.
    pub email: Option<String>,
    /// Whether the provider has seen that the address is the person's.
    pub email_verified: bool,
    /// How the person was authenticated (RFC 8176).
    pub methods: Vec<String>,
    /// Which class of authentication that is, by the provider's own names.
    pub class: Option<String>,
}

impl Identity {
    /// Whether the provider says that it has asked for more than one factor: by the method `mfa` (RFC 8176, 2), or by one
    /// of these classes.
    pub fn is_multi_factor(&self, classes: &[String]) -> bool {
        let by_class = self.class.as_ref().is_some_and(|class| classes.contains(class));
        by_class || self.methods.iter().any(|method| method == "mfa")
    }
}
