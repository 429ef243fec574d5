use crate::model::SingleSignOn;
use crate::store::{self, identities::Named};
use crate::{Error, ProviderRefusal};
use access::Public;
use accounts::{Email, User};
use ids::{FirmId, UserId};
use openid::Identity;

/// The user of an identity.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    pub(super) firm: FirmId,
    pub(super) user: UserId,
    pub(super) is_linked: bool,
}

/// Why an identity signs nobody in, and whose it would be.
#[derive(Debug)]
pub(super) struct Unfit {
    pub(super) refusal: ProviderRefusal,
    pub(super) owner: Option<(FirmId, UserId)>,
}

impl Unfit {
    fn new(refusal: ProviderRefusal, owner: Option<&User>) -> Self {
        Self { refusal, owner: owner.map(|user| (user.firm, user.id)) }
    }
}

/// Finds the user of an identity among those of the firm that was set up first, whose provider it is: by issuer and subject
/// where it is bound, else by the address that the provider has verified.
pub(super) async fn find_user(
    public: &Public,
    sign_on: &SingleSignOn,
    identity: &Identity,
) -> Result<Result<Found, Unfit>, Error> {
    let Some(firm) = accounts::find_first_firm(&public.app).await?.map(|firm| firm.id) else {
        return Ok(Err(Unfit::new(ProviderRefusal::UserUnknown, None)));
    };
    let reader = public.app.db().reader();
    let named = Named { issuer: &identity.issuer, subject: &identity.subject };
    if let Some(user) = store::identities::owner(reader, firm, named).await? {
        let user = accounts::find_in(reader, firm, user).await?;
        let address = identity.email.as_deref().unwrap_or(&user.email);
        return Ok(fit(sign_on, &user, address, true));
    }
    if !sign_on.rules.links_by_email {
        return Ok(Err(Unfit::new(ProviderRefusal::UserUnknown, None)));
    }
    let user = by_address(public, firm, identity).await?;
    if !identity.email_verified || identity.email.is_none() {
        return Ok(Err(Unfit::new(ProviderRefusal::EmailUnverified, user.as_ref())));
    }
    let address = identity.email.as_deref().unwrap_or_default();
    let Some(user) = user else {
        let refusal = if sign_on.rules.takes(address) {
            ProviderRefusal::UserUnknown
        } else {
            ProviderRefusal::DomainRefused
        };
        return Ok(Err(Unfit::new(refusal, None)));
    };
    if store::identities::has(reader, firm, user.id, &identity.issuer).await? {
        return Ok(Err(Unfit::new(ProviderRefusal::LinkTaken, Some(&user))));
    }
    Ok(fit(sign_on, &user, address, false))
}

/// The user of the firm with the identity's address, verified or not.
async fn by_address(public: &Public, firm: FirmId, identity: &Identity) -> Result<Option<User>, Error> {
    let Some(Ok(email)) = identity.email.as_deref().map(str::parse::<Email>) else { return Ok(None) };
    let user = accounts::find_by_address(&public.app, &email).await?;
    Ok(user.filter(|user| user.firm == firm))
}

fn fit(sign_on: &SingleSignOn, user: &User, address: &str, is_linked: bool) -> Result<Found, Unfit> {
    if !sign_on.rules.takes(address) {
        return Err(Unfit::new(ProviderRefusal::DomainRefused, Some(user)));
    }
    if !user.active {
        return Err(Unfit::new(ProviderRefusal::UserInactive, Some(user)));
    }
    Ok(Found { firm: user.firm, user: user.id, is_linked })
}
