use crate::TokenFault;
use crate::keys::Material;
use ring::digest::{SHA256, SHA512, digest};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, RsaParameters,
    RsaPublicKeyComponents, UnparsedPublicKey,
};

/// The algorithms of signatures that are believed (RFC 7518, 3.1; RFC 8037, 3.1). `none` and those with a shared secret
/// are not among them, so that no text of an attacker's can choose them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Rs256,
    Ps256,
    Es256,
    EdDsa,
}

impl Algorithm {
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "RS256" => Some(Self::Rs256),
            "PS256" => Some(Self::Ps256),
            "ES256" => Some(Self::Es256),
            "EdDSA" => Some(Self::EdDsa),
            _ => None,
        }
    }

    /// Whether a key is of the kind that the algorithm has.
    pub(crate) fn takes(self, material: &Material) -> bool {
        matches!(
            (self, material),
            (Self::Rs256 | Self::Ps256, Material::Rsa { .. })
                | (Self::Es256, Material::P256(_))
                | (Self::EdDsa, Material::Ed25519(_))
        )
    }

    /// Checks a signature. Keys of RSA must have 2,048 bits or more (RFC 7518, 3.3).
    pub(crate) fn verify(
        self,
        material: &Material,
        signed: &[u8],
        signature: &[u8],
    ) -> Result<(), TokenFault> {
        let outcome = match (self, material) {
            (Self::Rs256, Material::Rsa { modulus, exponent }) => {
                rsa(&RSA_PKCS1_2048_8192_SHA256, (modulus, exponent), signed, signature)
            }
            (Self::Ps256, Material::Rsa { modulus, exponent }) => {
                rsa(&RSA_PSS_2048_8192_SHA256, (modulus, exponent), signed, signature)
            }
            (Self::Es256, Material::P256(point)) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(signed, signature)
            }
            (Self::EdDsa, Material::Ed25519(point)) => {
                UnparsedPublicKey::new(&ED25519, point).verify(signed, signature)
            }
            _ => return Err(TokenFault::UnknownKey),
        };
        outcome.map_err(|_| TokenFault::Signature)
    }

    /// The left half of a hash over a text, by the hash of the algorithm (OpenID Connect Core 1.0, 3.1.3.6).
    pub(crate) fn left_half(self, text: &str) -> Vec<u8> {
        let hash = digest(if self == Self::EdDsa { &SHA512 } else { &SHA256 }, text.as_bytes());
        let hash = hash.as_ref();
        hash.get(..hash.len() / 2).unwrap_or_default().to_vec()
    }
}

fn rsa(
    parameters: &'static RsaParameters,
    (modulus, exponent): (&[u8], &[u8]),
    signed: &[u8],
    signature: &[u8],
) -> Result<(), ring::error::Unspecified> {
    // A number is written without leading zeros; some providers write one.
    let trimmed = |number: &[u8]| {
        let zeros = number.iter().take_while(|byte| **byte == 0).count();
        number.get(zeros..).unwrap_or_default().to_vec()
    };
    RsaPublicKeyComponents { n: trimmed(modulus), e: trimmed(exponent) }.verify(parameters, signed, signature)
}
