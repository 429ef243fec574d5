use super::place::{Place, Step};
use serde::de::{Error, Expected, Unexpected};

/// Where and how a value does not fit its type.
#[derive(Debug)]
pub(crate) struct Misfit {
    /// The steps from the inside out, while the error travels up.
    steps: Vec<Step>,
    pub(crate) how: How,
}

/// How a value does not fit.
#[derive(Debug, Clone)]
pub(crate) enum How {
    /// A member is absent.
    Missing(&'static str),
    /// An object has a member that nobody reads.
    Unknown { name: String, known: &'static [&'static str] },
    /// A value of the wrong kind.
    Kind { expected: String },
    /// The right kind, but not this value.
    Value { expected: String },
    /// A name outside of a list.
    NotListed { listed: &'static [&'static str] },
    /// The type's own words.
    Other(String),
}

impl Misfit {
    fn new(how: How) -> Self {
        Self { steps: Vec::new(), how }
    }

    pub(crate) fn under(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    pub(crate) fn split(mut self) -> (Place, How) {
        self.steps.reverse();
        (Place(self.steps), self.how)
    }
}

impl std::fmt::Display for Misfit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&super::wording::message(&self.how))
    }
}

impl std::error::Error for Misfit {}

impl Error for Misfit {
    fn custom<T: std::fmt::Display>(message: T) -> Self {
        Self::new(How::Other(message.to_string()))
    }

    fn invalid_type(_found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(How::Kind { expected: expected.to_string() })
    }

    fn invalid_value(_found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(How::Value { expected: expected.to_string() })
    }

    fn unknown_variant(_variant: &str, expected: &'static [&'static str]) -> Self {
        Self::new(How::NotListed { listed: expected })
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::new(How::Unknown { name: field.to_owned(), known: expected })
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(How::Missing(field))
    }
}
