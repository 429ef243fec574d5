/// Why what a browser sent was refused. The words are for the user who adds a passkey; a sign-in says less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The client data is no JSON with the members it must have.
    #[error("the client data cannot be read")]
    ClientData,
    /// The client data is that of another ceremony.
    #[error("this is the answer to another question: it is not of the type that belongs here")]
    Type,
    /// The challenge is not the one that was given out.
    #[error("the challenge is not the one that was given out")]
    Challenge,
    /// The page belongs to another site.
    #[error(
        "the page has an origin that this server does not know: its administrator names it in PASSKEYS_ORIGINS"
    )]
    Origin,
    /// The page was shown within another site's.
    #[error("the page stood within a page of another site")]
    Framed,
    /// The attestation object is not what the standard says.
    #[error("the attestation object cannot be read")]
    Attestation,
    /// The authenticator data is not what the standard says.
    #[error("the authenticator data cannot be read")]
    AuthenticatorData,
    /// The passkey is bound to another site.
    #[error("the passkey belongs to another site")]
    RelyingParty,
    /// Nobody touched the authenticator.
    #[error("nobody was there to confirm it")]
    Presence,
    /// The authenticator asked for neither a fingerprint, a face nor a PIN.
    #[error("the authenticator did not verify its user: set up a PIN, a fingerprint or a face on it")]
    Verification,
    /// The passkey says that it is backed up and that it cannot be, or something else than before.
    #[error("the passkey contradicts itself about its backup")]
    Backup,
    /// The key is of no kind that is known here.
    #[error("the passkey has a key of a kind that is not known here: ES256, EdDSA and RS256 are")]
    Algorithm,
    /// The key is not what its kind says.
    #[error("the passkey's key cannot be read")]
    Key,
    /// The id is missing, too long, or not the one beside it.
    #[error("the passkey's id is not the one that it names")]
    Id,
    /// The signature is not that of the key.
    #[error("the signature is wrong")]
    Signature,
}
