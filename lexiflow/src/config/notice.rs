//! What an operator is told: faults that stop the start, and notices that do not.

use super::answers::Answer;
use std::fmt;

/// One bad value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The variable, key or file at fault, as the operator wrote it.
    pub name: String,
    /// Where it stands: `environment`, `.env`, `command line`, a file's path or `default`.
    pub source: String,
    /// The value, with secrets masked; empty when a file as a whole is at fault.
    pub value_masked: String,
    /// What is wrong with it.
    pub message: String,
    /// What would be accepted, with the unit; empty when the message says it all.
    pub accepted: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.name)?;
        if !self.value_masked.is_empty() {
            write!(f, "={}", self.value_masked)?;
        }
        write!(f, " ({}) {}", self.source, self.message)?;
        if !self.accepted.is_empty() {
            write!(f, "; accepted: {}", self.accepted)?;
        }
        Ok(())
    }
}

/// Every fault of a configuration, found in one go; one line each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigFaults(pub Vec<Fault>);

impl fmt::Display for ConfigFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            // A value may hold a line break; a fault stays on its line.
            f.write_str(&fault.to_string().replace(['\n', '\r'], " "))?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigFaults {}

/// Something worth a line at start that does not stop it. No notice carries a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// A known variable that this server does not act on.
    NoEffect {
        /// The variable.
        name: String,
        /// Why.
        answer: Answer,
    },
    /// A variable under its old name.
    OldName {
        /// The name used.
        name: String,
        /// The name to use.
        instead: &'static str,
    },
    /// A variable that looks like one of ours and is none.
    Unknown {
        /// The name used.
        name: String,
        /// The nearest known name.
        suggestion: Option<&'static str>,
    },
    /// Two names of one setting in the same layer.
    Shadowed {
        /// The name that is not used.
        name: String,
        /// The name that counts.
        by: String,
    },
    /// A limit that another setting keeps lower.
    Capped {
        /// The name of the limit.
        name: String,
        /// The setting that is lower.
        by: &'static str,
    },
    /// A name that stands twice in a `.env` file; the last counts.
    Repeated {
        /// The name.
        name: String,
        /// The file.
        file: String,
    },
    /// Browsers would take no passkeys for the address of the server, and no other was set.
    #[cfg(feature = "passkeys")]
    NoPasskeys,
    /// A `.env.<mode>` file of another mode lies there unread.
    UnreadFile {
        /// The file.
        file: String,
        /// The mode that is in force.
        mode: String,
    },
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoEffect { name, answer: Answer::Native(because) } => write!(
                f,
                "{name} is accepted for compatibility and has no effect in a native process because {because}"
            ),
            Self::NoEffect { name, answer: Answer::NotYet(because) } => {
                write!(f, "{name} is accepted for compatibility and has no effect yet: {because}")
            }
            Self::NoEffect { name, answer: Answer::NotBuilt(because) } => {
                write!(f, "{name} has no effect: {because}")
            }
            #[cfg(feature = "passkeys")]
            Self::NoPasskeys => f.write_str(
                "nobody can sign in with a passkey: browsers want a host name over https, so set PUBLIC_URL, or \
                 PASSKEYS_RP_ID and PASSKEYS_ORIGINS",
            ),
            Self::OldName { name, instead } => write!(f, "{name} is an old name: use {instead}"),
            Self::Unknown { name, suggestion: Some(known) } => {
                write!(f, "{name} is not a setting: did you mean {known}?")
            }
            Self::Unknown { name, suggestion: None } => {
                write!(f, "{name} is not a setting: `lexiflow config print` lists all of them")
            }
            Self::Shadowed { name, by } => write!(f, "{name} is not used because {by} is set beside it"),
            Self::Capped { name, by } => write!(f, "{name} is above {by}, which counts: raise both"),
            Self::Repeated { name, file } => {
                write!(f, "{name} stands more than once in {file}: the last one counts")
            }
            Self::UnreadFile { file, mode } => {
                write!(f, "{file} is not read because the mode is {mode}: set NODE_ENV to use it")
            }
        }
    }
}
