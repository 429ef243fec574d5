use crate::authenticator_data::AuthenticatorData;
use crate::client_data::Kind;
use crate::{ClientData, Fault, PublicKey, RelyingParty, attestation};

/// A passkey that was just made, to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPasskey {
    /// Its id, at most [`crate::LONGEST_ID`] bytes.
    pub id: Vec<u8>,
    /// Its public key as a `COSE_Key` (RFC 9052, 7), to be given to [`verify`] each time.
    pub public_key: Vec<u8>,
    /// How often it has signed, as far as it counts; 0 when it does not.
    pub counter: u32,
    /// Whether it may be copied to other devices of its owner.
    pub may_be_backed_up: bool,
    /// Whether it is.
    pub is_backed_up: bool,
}

/// A passkey as it was kept.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// Its public key as a `COSE_Key`.
    pub public_key: &'a [u8],
    /// Whether it may be copied to other devices of its owner: that never changes.
    pub may_be_backed_up: bool,
}

/// What an authenticator has signed.
#[derive(Debug, Clone, Copy)]
pub struct Response<'a> {
    /// The authenticator data.
    pub data: &'a [u8],
    /// The signature over it and the digest of the client data.
    pub signature: &'a [u8],
}

/// What a passkey has shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asserted {
    /// How often it has signed, as far as it counts.
    pub counter: u32,
    /// Whether it is copied to other devices of its owner.
    pub is_backed_up: bool,
}

/// Verifies that a passkey was made on this site in answer to the challenge of this digest, for a user who was verified
/// (7.1). `id` is the one that the browser names beside it.
pub fn register(
    site: &RelyingParty,
    challenge: &[u8; 32],
    client: &ClientData,
    id: &[u8],
    object: &[u8],
) -> Result<NewPasskey, Fault> {
    client.check(Kind::Create, site, challenge)?;
    let data = attestation::authenticator_data(object)?;
    let data = AuthenticatorData::parse(&data)?;
    data.check(site)?;
    let made = data.made.ok_or(Fault::AuthenticatorData)?;
    if made.id != id {
        return Err(Fault::Id);
    }
    PublicKey::from_cose(made.key)?;
    Ok(NewPasskey {
        id: made.id.to_vec(),
        public_key: made.key.to_vec(),
        counter: data.counter,
        may_be_backed_up: data.may_be_backed_up(),
        is_backed_up: data.is_backed_up(),
    })
}

/// Verifies that a known passkey has signed on this site in answer to the challenge of this digest, for a user who was
/// verified (7.2). Whether its counter went back, the caller asks with [`went_back`].
pub fn verify(
    site: &RelyingParty,
    challenge: &[u8; 32],
    client: &ClientData,
    known: Known<'_>,
    response: Response<'_>,
) -> Result<Asserted, Fault> {
    client.check(Kind::Get, site, challenge)?;
    let data = AuthenticatorData::parse(response.data)?;
    data.check(site)?;
    if data.may_be_backed_up() != known.may_be_backed_up {
        return Err(Fault::Backup);
    }
    let signed = [response.data, client.digest()].concat();
    PublicKey::from_cose(known.public_key)?.verify(&signed, response.signature)?;
    Ok(Asserted { counter: data.counter, is_backed_up: data.is_backed_up() })
}

/// Whether a counter has not moved on: two authenticators then sign with one key (6.1.1). Those that do not count, as
/// most whose passkeys are synchronised, show 0 each time.
pub fn went_back(kept: u32, shown: u32) -> bool {
    (kept, shown) != (0, 0) && shown <= kept
}
