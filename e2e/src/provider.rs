//! A small OpenID Connect provider on this machine, over real HTTP: it checks what it is asked as a real one does, and can be
//! told to misbehave.

mod browser;
mod keys;
mod manners;
mod server;

pub use browser::Browser;
pub use manners::{Manners, Person, Signing, Tokens};

use crate::TestApp;
use clock::SharedClock;
use keys::Keys;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What the server is called at the provider.
const CLIENT_ID: &str = "lexiflow-test";
/// What proves that it is the server; with a character that must be encoded.
pub const CLIENT_SECRET: &str = "quiet+orchard/seven bridges";
/// Where people use the server.
const PUBLIC_URL: &str = "https://law.example/app";

/// The provider.
#[derive(Debug)]
pub struct ProviderDouble {
    address: SocketAddr,
    shared: Arc<Shared>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

/// What its connections share.
#[derive(Debug)]
struct Shared {
    issuer: String,
    keys: Keys,
    manners: Mutex<Manners>,
    clock: Mutex<Option<SharedClock>>,
    codes: Mutex<HashMap<String, Grant>>,
    asked: Mutex<Vec<String>>,
}

/// What a code was given for.
#[derive(Debug, Clone)]
struct Grant {
    redirect_uri: String,
    challenge: String,
    nonce: String,
    is_used: bool,
}

impl ProviderDouble {
    /// Starts one on a free port.
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared {
            issuer: format!("http://{address}"),
            keys: Keys::new(),
            manners: Mutex::default(),
            clock: Mutex::default(),
            codes: Mutex::default(),
            asked: Mutex::default(),
        });
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let serving = server::serve(listener, Arc::clone(&shared), tasks.clone());
        let stopped = stop.clone();
        tasks.spawn(async move { stopped.run_until_cancelled(serving).await });
        Self { address, shared, tasks, stop }
    }

    /// The settings of a server that signs people in by this provider.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        vec![
            ("oidc.issuer", self.shared.issuer.clone()),
            ("oidc.client_id", CLIENT_ID.to_owned()),
            ("oidc.client_secret", CLIENT_SECRET.to_owned()),
            ("oidc.name", "Firm account".to_owned()),
            ("oidc.allow_private_addresses", "true".to_owned()),
            ("mail.public_url", PUBLIC_URL.to_owned()),
        ]
    }

    /// Starts a server that signs people in by this provider, with further settings.
    pub async fn app(&self, more: &[(&str, &str)]) -> TestApp {
        let own = self.settings();
        let mut settings: Vec<(&str, &str)> =
            own.iter().map(|(name, value)| (*name, value.as_str())).collect();
        settings.extend_from_slice(more);
        let app = TestApp::with(&settings).await;
        self.follow(app.app().clock());
        app
    }

    /// From now on its time is that of the server.
    pub fn follow(&self, clock: &SharedClock) {
        *lock(&self.shared.clock) = Some(Arc::clone(clock));
    }

    /// Changes how it behaves.
    pub fn behave(&self, change: impl FnOnce(&mut Manners)) {
        change(&mut lock(&self.shared.manners));
    }

    /// It behaves well again, and whoever comes is this person.
    pub fn sign_in_as(&self, person: Person) {
        *lock(&self.shared.manners) = Manners { person, ..Manners::default() };
    }

    /// How often a path was asked for.
    pub fn times_asked(&self, path: &str) -> usize {
        lock(&self.shared.asked).iter().filter(|asked| *asked == path).count()
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Nobody listens there any more.
    pub async fn go_away(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl Drop for ProviderDouble {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
