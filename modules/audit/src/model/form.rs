/// What the hash of an entry covers. An entry keeps the form in which it was written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub enum Form {
    /// Without the API key, the status and the time that the request had run.
    #[default]
    First,
    /// Everything.
    Second,
}

/// A number that names no form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an entry of the form {0} is not known here: a newer LexiFlow wrote it")]
pub struct UnknownForm(i64);

impl Form {
    /// The form in which entries are written.
    pub const TODAY: Self = Self::Second;
}

impl From<Form> for i64 {
    fn from(form: Form) -> Self {
        match form {
            Form::First => 1,
            Form::Second => 2,
        }
    }
}

impl TryFrom<i64> for Form {
    type Error = UnknownForm;

    fn try_from(number: i64) -> Result<Self, UnknownForm> {
        [Self::First, Self::Second]
            .into_iter()
            .find(|form| i64::from(*form) == number)
            .ok_or(UnknownForm(number))
    }
}
