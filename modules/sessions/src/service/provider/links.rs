use crate::model::Link;
use crate::{Error, ProviderRefusal, store};
use access::Ctx;
use audit::{Act, Entity};
use serde_json::json;

/// The identity that the caller signs in with, if there is one.
pub(crate) async fn show_link(ctx: &Ctx) -> Result<Option<Link>, Error> {
    store::identities::newest(ctx.reader(), ctx.firm(), ctx.user()).await
}

/// Ends the caller's ties to the provider. Logins that are open stay open; the next sign-in by the provider is as the first.
pub(crate) async fn unlink(ctx: &Ctx) -> Result<(), Error> {
    let mut tx = ctx.begin().await?;
    if store::identities::remove(&mut tx, ctx.firm(), ctx.user()).await? == 0 {
        return Err(ProviderRefusal::LinkNotFound.into());
    }
    let entity = Entity::of(ctx.user()).changed(json!({ "signInProvider": "unlinked" }));
    audit::record(&mut tx, ctx, Act::Update, entity).await?;
    tx.commit().await?;
    Ok(())
}
