use crate::Action;

/// A set of actions that an API key may do. Actions that need a person are never in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scopes(u64);

impl Scopes {
    /// Whether the action is in the set.
    pub fn contains(self, action: Action) -> bool {
        self.0 & bit(action) != 0
    }

    /// The actions of the set, in the order of the permission list.
    pub fn iter(self) -> impl Iterator<Item = Action> {
        Action::ALL.into_iter().filter(move |action| self.contains(*action))
    }

    /// Whether nothing is in the set.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The codes of the set with a space between, as they are stored.
    pub fn to_text(self) -> String {
        self.iter().map(Action::code).collect::<Vec<_>>().join(" ")
    }

    /// Reads stored codes. One that this version does not know gives nothing.
    pub fn from_text(text: &str) -> Self {
        text.split_whitespace().filter_map(Action::of_code).collect()
    }
}

impl FromIterator<Action> for Scopes {
    fn from_iter<I: IntoIterator<Item = Action>>(actions: I) -> Self {
        let granted = actions.into_iter().filter(|action| !action.needs_person());
        Self(granted.fold(0, |set, action| set | bit(action)))
    }
}

/// The action's place. Nothing depends on its number: sets are stored by their codes.
fn bit(action: Action) -> u64 {
    1 << (action as u32)
}

/// Every action has a bit of its own.
const _: () = assert!(Action::ALL.len() <= 64);
