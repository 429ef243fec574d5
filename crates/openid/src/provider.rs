use crate::claims::Expected;
use crate::discovery::{self, ClientAuthentication, Discovery};
use crate::keys::{self, KeySet};
use crate::known::Known;
use crate::token_answer::{self, IdToken, TokenAnswer, add_user_info};
use crate::{Attempt, Error, Identity, Settings, TokenFault};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clock::SharedClock;
use crypto::Secret;
use headroom::{RegistryFull, StoreRegistry};
use outbound::{Answer, Client, Request, Target, form_encoded, percent_encoded};
use std::sync::Arc;
use tokio::sync::Mutex;
use zeroize::Zeroizing;

/// An OpenID Connect provider. Clones share what is known of it.
#[derive(Debug, Clone)]
pub struct Provider(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: Settings,
    client: Client,
    clock: SharedClock,
    known: Known,
    /// Who finds something unknown asks alone; the others wait and find it known.
    asking: Mutex<()>,
}

impl Provider {
    /// A provider of which nothing is known yet.
    ///
    /// # Errors
    /// When the registry takes no more stores.
    pub fn new(
        settings: Settings,
        client: Client,
        clock: SharedClock,
        stores: &StoreRegistry,
    ) -> Result<Self, RegistryFull> {
        let known = Known::register(stores)?;
        Ok(Self(Arc::new(Inner { settings, client, clock, known, asking: Mutex::new(()) })))
    }

    /// The provider's name for itself.
    pub fn issuer(&self) -> &str {
        &self.0.settings.issuer
    }

    /// Where to send the browser of somebody who wants to sign in (OpenID Connect Core 1.0, 3.1.2.1).
    ///
    /// # Errors
    /// [`Error`] when the provider cannot be reached or understood.
    pub async fn sign_in_url(&self, attempt: &Attempt) -> Result<String, Error> {
        let discovery = self.0.discovery().await?;
        let settings = &self.0.settings;
        let query = form_encoded(&[
            ("response_type", "code"),
            ("client_id", &settings.client_id),
            ("redirect_uri", &settings.redirect_uri),
            ("scope", &settings.scopes),
            ("state", attempt.state.expose()),
            ("nonce", attempt.nonce.expose()),
            ("code_challenge", &attempt.challenge()),
            ("code_challenge_method", "S256"),
        ]);
        let separator = if discovery.authorization.contains('?') { '&' } else { '?' };
        Ok(format!("{}{separator}{}", discovery.authorization, *query))
    }

    /// Exchanges a code for an ID token, and believes it only after every check.
    ///
    /// # Errors
    /// [`Error`] when the provider cannot be reached or understood, refuses the code, or its token is not one to believe.
    pub async fn redeem(&self, code: &Secret, attempt: &Attempt) -> Result<Identity, Error> {
        let discovery = self.0.discovery().await?;
        let answer = self.0.exchange(&discovery, code, attempt).await?;
        let text = answer.id_token.ok_or(TokenFault::Missing)?;
        let token = IdToken::parse(text.expose())?;
        let keys = self.0.keys_for(&discovery, &token).await?;
        let expected = Expected {
            settings: &self.0.settings,
            nonce: &attempt.nonce,
            access_token: answer.access_token.as_ref(),
            now: self.0.clock.now(),
        };
        let mut identity = token.verify(&keys, expected)?;
        if let (None, Some(access_token)) = (&identity.email, &answer.access_token) {
            self.0.ask_for_email(&discovery, access_token, &mut identity).await;
        }
        Ok(identity)
    }
}

impl Inner {
    async fn discovery(&self) -> Result<Arc<Discovery>, Error> {
        if let Some(known) = self.known.discovery(self.clock.now()) {
            return Ok(known);
        }
        let _alone = self.asking.lock().await;
        if let Some(known) = self.known.discovery(self.clock.now()) {
            return Ok(known);
        }
        let address = discovery::address(&self.settings.issuer)?;
        let answer = self.ask(discovery::WHAT, Request::get(&address)).await?;
        let found = Arc::new(Discovery::read(&answer.body, &self.settings.issuer)?);
        self.known.learn_discovery(&found, self.clock.now());
        Ok(found)
    }

    /// The keys, looked for again when none of them is the one that a token names: the provider may have new ones.
    async fn keys_for(&self, discovery: &Discovery, token: &IdToken<'_>) -> Result<Arc<KeySet>, Error> {
        let _alone = self.asking.lock().await;
        let now = self.clock.now();
        match self.known.keys(now) {
            Some(known) if token.is_known_to(&known) || !self.known.may_look_again(now) => Ok(known),
            _ => self.look_for_keys(&discovery.keys).await,
        }
    }

    async fn look_for_keys(&self, address: &Target) -> Result<Arc<KeySet>, Error> {
        let answer = self.ask(keys::WHAT, Request::get(address)).await?;
        let found = Arc::new(KeySet::read(&answer.body)?);
        self.known.learn_keys(&found, self.clock.now());
        Ok(found)
    }

    /// RFC 6749, 4.1.3, with the verifier of RFC 7636, 4.5.
    async fn exchange(
        &self,
        discovery: &Discovery,
        code: &Secret,
        attempt: &Attempt,
    ) -> Result<TokenAnswer, Error> {
        let settings = &self.settings;
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code.expose()),
            ("redirect_uri", &settings.redirect_uri),
            ("code_verifier", attempt.verifier.expose()),
        ];
        let mut header = None;
        match (&settings.client_secret, discovery.client) {
            (None, _) => form.push(("client_id", &settings.client_id)),
            (Some(secret), ClientAuthentication::Basic) => header = Some(basic(&settings.client_id, secret)),
            (Some(secret), ClientAuthentication::Post) => {
                form.extend([("client_id", settings.client_id.as_str()), ("client_secret", secret.expose())]);
            }
            (Some(_), ClientAuthentication::Unknown) => return Err(Error::ClientAuthentication),
        }
        let what = token_answer::WHAT;
        let mut request = Request::post_form(&discovery.token, form_encoded(&form));
        if let Some(header) = header {
            request = request.authorized(&header).map_err(|source| Error::Unreachable { what, source })?;
        }
        let answer = self.client.send(request).await.map_err(|source| Error::Unreachable { what, source })?;
        TokenAnswer::read(answer.status.as_u16(), &answer.body)
    }

    /// An ID token need not have the address where the userinfo endpoint has it. Without it who is known is signed in all
    /// the same.
    async fn ask_for_email(&self, discovery: &Discovery, access_token: &Secret, identity: &mut Identity) {
        let Some(address) = &discovery.user_info else { return };
        let what = "userinfo endpoint";
        let header = Zeroizing::new(format!("Bearer {}", access_token.expose()));
        let asked = async {
            let request = Request::get(address).authorized(&header);
            self.ask(what, request.map_err(|source| Error::Unreachable { what, source })?).await
        };
        match asked.await {
            Ok(answer) if add_user_info(identity, &answer.body) => {}
            Ok(_) => tracing::warn!("the userinfo endpoint of the sign-in provider speaks of somebody else"),
            Err(error) => {
                tracing::warn!(%error, "the userinfo endpoint of the sign-in provider gives nothing");
            }
        }
    }

    /// An answer of status 200. A redirect is none.
    async fn ask(&self, what: &'static str, request: Request<'_>) -> Result<Answer, Error> {
        let answer = self.client.send(request).await.map_err(|source| Error::Unreachable { what, source })?;
        if answer.status.as_u16() == 200 {
            Ok(answer)
        } else {
            Err(Error::Status { what, status: answer.status.as_u16() })
        }
    }
}

/// RFC 6749, 2.3.1: both are encoded as in a form before.
fn basic(id: &str, secret: &Secret) -> Zeroizing<String> {
    let (id, secret) = (percent_encoded(id), percent_encoded(secret.expose()));
    let pair = Zeroizing::new(format!("{}:{}", *id, *secret));
    Zeroizing::new(format!("Basic {}", STANDARD.encode(pair.as_bytes())))
}
