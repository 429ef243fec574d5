use crate::config::ConfigFaults;
use std::io;
use std::path::PathBuf;

/// Why the server, or a command that needs its parts, did not start. Each message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration has faults; one line each.
    #[error("the configuration is not valid\n{0}")]
    Config(#[from] ConfigFaults),
    /// What the settings may take does not fit into the memory limit.
    #[error(
        "the memory that these settings may take does not fit: {} MiB are missing\n{bounds}\nraise the memory limit, or \
         lower {}; with MEMORY_BOUNDS=report the server starts all the same",
        bounds.missing_bytes().div_ceil(1 << 20), bounds.remedies().join(", ")
    )]
    Memory {
        /// Who takes how much.
        bounds: Box<headroom::Bounds>,
    },
    /// Somebody listens there already.
    #[error(
        "port {port} on {host} is in use: stop the program that listens there, or choose another port with PORT=5001 \
         or `--set server.port=5001`"
    )]
    PortInUse {
        /// Where it was to listen.
        host: String,
        /// The port.
        port: u16,
    },
    /// The address cannot be listened on.
    #[error(
        "cannot listen on {host} port {port}: set HOST and PORT to an address of this machine ({source})"
    )]
    Listen {
        /// Where it was to listen.
        host: String,
        /// The port.
        port: u16,
        /// The system's answer.
        source: io::Error,
    },
    /// The data folder cannot be used.
    #[error(
        "cannot {action} {path}: check that it belongs to the user who runs the server, or choose another folder with \
         LEXIFLOW_DATA_DIR ({source})"
    )]
    DataFolder {
        /// What was tried.
        action: &'static str,
        /// The folder or file.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// Mail cannot come from the configured address.
    #[error("mail cannot come from EMAIL_FROM_ADDRESS with EMAIL_FROM_NAME: {0}")]
    MailFrom(#[source] mail::Fault),
    /// The description of the routes could not be packed.
    #[error("the description of the API cannot be packed ({0})")]
    Description(#[source] io::Error),
    /// Another server uses the data folder.
    #[error("another LexiFlow server uses {path}: stop it, or choose another folder with LEXIFLOW_DATA_DIR")]
    InUse {
        /// The data folder.
        path: PathBuf,
    },
    /// The database refused. Its messages tell a damaged file, a newer schema and an address that cannot be used.
    #[error(transparent)]
    Database(#[from] db::Error),
    /// The queues could not be used.
    #[error("the queues in the database cannot be used")]
    Queue(#[from] queue::Error),
    /// The file store cannot be used.
    #[error("the file store at {path} cannot be used: {source}")]
    Files {
        /// Its folder.
        path: PathBuf,
        /// Why.
        source: blob::Error,
    },
    /// The key that signs access tokens cannot be used.
    #[error(
        "the key in {path} is not 64 hexadecimal digits: restore it from a backup, or delete it and everybody signs in again"
    )]
    KeyFile {
        /// The key's file.
        path: PathBuf,
    },
    /// The key that signs the audit log cannot be used.
    #[error(
        "the key in {path} is not 64 hexadecimal digits: restore it from a backup; without it a new one is made, and what \
         the old one signed counts only while its public key lies in `audit-keys-before` beside it"
    )]
    AuditKeyFile {
        /// The key's file.
        path: PathBuf,
    },
    /// A public key of before cannot be used.
    #[error("{path} is not a public key of 64 hexadecimal digits: restore it from a backup, or remove it")]
    PublicKeyFile {
        /// The key's file.
        path: PathBuf,
    },
    /// The key is not kept here.
    #[error(
        "the key is given by AUDIT_SIGNING_KEY: put another seed there, and the old public key into a file of the \
        folder `secrets/audit-keys-before`"
    )]
    AuditKeyConfigured,
    /// The key given in the configuration cannot be used.
    #[error("JWT_SECRET cannot be used: {0}")]
    Key(#[source] crypto::jws::Error),
    /// The keys that seal second factors cannot be used.
    #[error("SEALING_KEYS, or the file secrets/sealing.keys of the data folder, cannot be used: {0}")]
    SealingKeys(#[source] crypto::sealed::Error),
    /// The certificates of the sign-in provider cannot be used.
    #[error("OIDC_CA_FILE {0}")]
    ProviderRoots(String),
    /// TLS cannot be spoken: a defect of the build.
    #[error("requests to other servers cannot be made: {0}")]
    Outbound(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// An origin that may call cannot be allowed.
    #[error("CORS_ORIGINS cannot be used: {0}")]
    Cors(#[from] web::layers::CorsFault),
    /// The costs of password hashes are out of range.
    #[error("ARGON2_MEMORY and its neighbours cannot be used: {0}")]
    Hashing(#[source] crypto::password::Error),
    /// The first administrator's password would be guessed.
    #[error("LEXIFLOW_ADMIN_PASSWORD {0}; leave it empty and a password is made for you")]
    WeakPassword(#[source] crypto::strength::Weakness),
    /// The firm and its administrator could not be set up.
    #[error("the first administrator could not be set up: {0}")]
    FirstStart(#[source] accounts::Error),
    /// There is a firm, but nobody to act for.
    #[error(
        "the firm has no active administrator: sign in as a user who may assign roles and give one the role super_admin"
    )]
    NoAdministrator,
    /// More bounded stores than the registry takes: a defect.
    #[error(transparent)]
    Stores(#[from] headroom::RegistryFull),
    /// More collectors than the metrics take, or a metric that cannot be written: a defect.
    #[error(transparent)]
    Metrics(#[from] telemetry::MetricsError),
    /// The log cannot be set up.
    #[error(transparent)]
    Log(#[from] telemetry::logs::LogError),
    /// The runtime, a signal handler or the terminal refused.
    #[error("cannot {action}: {source}")]
    System {
        /// What was tried.
        action: &'static str,
        /// The system's answer.
        source: io::Error,
    },
}

impl StartError {
    pub(crate) fn system(action: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::System { action, source }
    }
}
