/// One occurrence of a problem.
#[derive(Debug)]
pub(super) struct Sample {
    /// The code.
    pub(super) code: &'static str,
    /// The example's name among the components: the code, unless it has several.
    pub(super) name: &'static str,
    /// The path of the request.
    pub(super) path: &'static str,
    /// What was wrong.
    pub(super) detail: &'static str,
    /// The member at fault, its code and what to do.
    pub(super) fault: Option<(&'static str, &'static str, &'static str)>,
    /// The operations, by their ids, whose problem this is.
    pub(super) of: &'static [&'static str],
    /// All other operations below this path have it too.
    pub(super) below: Option<&'static str>,
    /// Only of operations without a body.
    pub(super) in_query: bool,
}

pub(super) const fn sample(code: &'static str, path: &'static str, detail: &'static str) -> Sample {
    Sample { code, name: code, path, detail, fault: None, of: &[], below: None, in_query: false }
}

impl Sample {
    pub(super) const fn named(self, name: &'static str) -> Self {
        Self { name, ..self }
    }

    pub(super) const fn of(self, of: &'static [&'static str]) -> Self {
        Self { of, ..self }
    }

    pub(super) const fn below(self, path: &'static str) -> Self {
        Self { below: Some(path), ..self }
    }

    pub(super) const fn in_query(self) -> Self {
        Self { in_query: true, ..self }
    }

    /// The fault of one member, in the words of the detail.
    pub(super) const fn at(self, field: &'static str, code: &'static str) -> Self {
        Self { fault: Some((field, code, self.detail)), ..self }
    }

    pub(super) const fn fault(self, field: &'static str, code: &'static str, message: &'static str) -> Self {
        Self { fault: Some((field, code, message)), ..self }
    }
}
