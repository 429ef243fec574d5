use crate::problem::{Fault, Problem};

/// A list's order: by which of the documented fields, and which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sort<F> {
    /// By what.
    pub field: F,
    /// Whether the highest comes first.
    pub descending: bool,
}

impl<F: Copy> Sort<F> {
    /// Lowest first.
    pub fn ascending(field: F) -> Self {
        Self { field, descending: false }
    }

    /// Highest first.
    pub fn descending(field: F) -> Self {
        Self { field, descending: true }
    }

    /// Reads `sort=field`, `sort=-field`, or the same as `sortBy=field&order=asc|desc`. A field that `fields` does not
    /// list is refused with 400 and the list; two different orders at once are refused too.
    pub fn parse(
        sort: Option<&str>,
        sort_by: Option<&str>,
        order: Option<&str>,
        fields: &[(&str, F)],
        default: Self,
    ) -> Result<Self, Problem> {
        let given = |text: &&str| !text.is_empty();
        let (sort, sort_by, order) = (sort.filter(given), sort_by.filter(given), order.filter(given));
        let (parameter, name, falls) = match (sort, sort_by) {
            (Some(_), Some(_)) => return Err(refuse("sortBy", "say either sort or sortBy")),
            (Some(sort), None) => {
                let bare = sort.strip_prefix('-');
                ("sort", bare.unwrap_or(sort), bare.is_some())
            }
            (None, Some(name)) => ("sortBy", name, false),
            (None, None) => return Ok(Self { descending: direction(order, default.descending)?, ..default }),
        };
        match fields.iter().find(|(known, _)| *known == name) {
            Some((_, field)) => Ok(Self { field: *field, descending: direction(order, falls)? }),
            None => Err(unknown(parameter, fields)),
        }
    }
}

fn direction(order: Option<&str>, default: bool) -> Result<bool, Problem> {
    match order {
        None => Ok(default),
        Some(text) if text.eq_ignore_ascii_case("asc") => Ok(false),
        Some(text) if text.eq_ignore_ascii_case("desc") => Ok(true),
        Some(_) => Err(refuse("order", "must be asc or desc")),
    }
}

fn unknown<F>(parameter: &str, fields: &[(&str, F)]) -> Problem {
    let names: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
    refuse(parameter, &format!("must be one of {}", names.join(", ")))
}

fn refuse(parameter: &str, message: &str) -> Problem {
    Problem::invalid(vec![Fault::new(parameter, "not_listed", message)])
}
