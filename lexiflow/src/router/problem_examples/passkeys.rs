//! Why a passkey is refused.

use super::sample::{Sample, sample};

const ONE: &str = "/api/auth/passkeys/019cae6b-6605-719c-868b-93e1d576c289";

pub(super) const SAMPLES: &[Sample] = &[
    sample("passkey_not_found", ONE, "there is no passkey 019cae6b-6605-719c-868b-93e1d576c289 of yours")
        .of(&["renamePasskey", "removePasskey"]),
    sample(
        "passkeys_unavailable",
        "/api/auth/passkeys/sign-in/options",
        "this server was built without passkeys: sign in with address and password",
    )
    .below("/api/auth/passkeys"),
    sample(
        "passkey_limit",
        "/api/auth/passkeys/options",
        "you have 20 passkeys already: remove one that you do not need",
    )
    .of(&["askToAddPasskey"]),
    sample(
        "passkey_known",
        "/api/auth/passkeys",
        "this passkey was added before: use it, or make another one",
    )
    .of(&["addPasskey"]),
    sample("passkey_refused", "/api/auth/passkeys", "the passkey was refused: the signature is wrong")
        .of(&["addPasskey", "stepUpWithPasskey"]),
    sample(
        "passkey_challenge_gone",
        "/api/auth/passkeys/sign-in",
        "the challenge was used before, or is older than five minutes: ask for a new one and try again",
    )
    .of(&["signInWithPasskey"]),
    sample(
        "passkey_wanted",
        "/api/auth/step-up",
        "this login knows a passkey as your second factor: show one again at `/api/auth/passkeys/step-up`",
    ),
];
