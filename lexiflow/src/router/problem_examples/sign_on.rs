//! Problems of signing in by a provider.

use super::sample::{Sample, sample};

pub(super) const SAMPLES: &[Sample] = &[
    sample("oidc_off", "/api/auth/oidc/login", "sign-in by a provider is not set up here: sign in with address and password")
        .of(&["beginProviderSignIn", "finishProviderSignIn", "takeProviderLogin"]),
    sample("oidc_state_invalid", "/api/auth/oidc/callback", "this sign-in was not begun in this browser, was used already, or took too long: begin it again")
        .of(&["finishProviderSignIn"]),
    sample(
        "oidc_denied",
        "/api/auth/oidc/callback",
        "the provider has trouble of its own: try again in some minutes",
    ),
    sample("oidc_code_refused", "/api/auth/oidc/callback", "the provider does not accept the code any more: begin the sign-in again")
        .of(&["finishProviderSignIn"]),
    sample(
        "oidc_token_invalid",
        "/api/auth/oidc/callback",
        "the provider's ID token is refused, because its signature is wrong: begin again, and tell your administrator if it \
         stays so",
    ),
    sample(
        "oidc_unreachable",
        "/api/auth/oidc/login",
        "the sign-in provider does not answer: try again in a moment, or sign in with address and password",
    )
    .of(&["beginProviderSignIn", "finishProviderSignIn"]),
    sample(
        "oidc_provider_fault",
        "/api/auth/oidc/login",
        "the sign-in provider and this server do not understand each other: tell your administrator, who finds the \
         reason in the log, and sign in with address and password",
    )
    .of(&["beginProviderSignIn", "finishProviderSignIn"]),
    sample("oidc_user_unknown", "/api/auth/oidc/callback", "no user of the firm belongs to this identity: ask an administrator to add you with the address that the provider knows")
        .of(&["finishProviderSignIn"]),
    sample("oidc_user_inactive", "/api/auth/oidc/token", "the user of this identity is not active: ask an administrator of the firm")
        .of(&["takeProviderLogin"]),
    sample("oidc_email_unverified", "/api/auth/oidc/callback", "the provider names no verified e-mail address of yours, so that no user can be found: verify it there"),
    sample("oidc_domain_refused", "/api/auth/oidc/callback", "addresses of this domain may not sign in here: use the account of the firm"),
    sample("oidc_link_taken", "/api/auth/oidc/callback", "the user with this address signs in with another account of the provider: end that link first")
        .of(&["finishProviderSignIn", "takeProviderLogin"]),
    sample("oidc_link_not_found", "/api/auth/oidc/link", "you are bound to no identity of a provider").of(&["unlinkProvider"]),
    sample("oidc_handover_invalid", "/api/auth/oidc/token", "this code was used already, is not of this browser, or its time is over: begin the sign-in again")
        .of(&["takeProviderLogin"]),
];
