use serde_json::Value;

/// One step into a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    Member(String),
    Element(usize),
}

/// A place in a value, written `parties[0].lastName`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Place(pub(crate) Vec<Step>);

impl Place {
    pub(crate) fn member(&self, name: &str) -> Self {
        let mut steps = self.0.clone();
        steps.push(Step::Member(name.to_owned()));
        Self(steps)
    }

    /// The value at this place.
    pub(crate) fn find<'a>(&self, root: &'a mut Value) -> Option<&'a mut Value> {
        self.0.iter().try_fold(root, |value, step| match (step, value) {
            (Step::Member(name), Value::Object(members)) => members.get_mut(name),
            (Step::Element(index), Value::Array(elements)) => elements.get_mut(*index),
            _ => None,
        })
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                Step::Member(name) if position == 0 => f.write_str(name)?,
                Step::Member(name) => write!(f, ".{name}")?,
                Step::Element(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// Whether `field` is `ancestor` or lies inside it, both as written by [`Place`].
pub(crate) fn is_inside(field: &str, ancestor: &str) -> bool {
    if ancestor.is_empty() {
        return true;
    }
    field
        .strip_prefix(ancestor)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.') || rest.starts_with('['))
}
