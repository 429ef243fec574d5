use super::ROUNDS;
use super::place::is_inside;
use crate::problem::Fault;
use garde::Validate;

/// Adds the faults of content, except for members whose shape is at fault already.
pub(crate) fn check<T: Validate<Context = ()>>(value: &T, faults: &mut Vec<Fault>) {
    let Err(report) = value.validate_with(&()) else { return };
    let shapes = faults.len();
    for (path, error) in report.iter() {
        let field = camel_case(&path.to_string());
        let known = faults[..shapes].iter().any(|fault| is_inside(&field, &fault.field));
        if !known && faults.len() < ROUNDS {
            faults.push(Fault::new(field, "invalid", error.message()));
        }
    }
}

/// `parties[0].last_name` as the caller wrote it: `parties[0].lastName`.
fn camel_case(path: &str) -> String {
    let mut text = String::with_capacity(path.len());
    let mut raise = false;
    for letter in path.chars() {
        if letter == '_' && !text.is_empty() && !text.ends_with(['.', '[']) {
            raise = true;
        } else if raise {
            text.extend(letter.to_uppercase());
            raise = false;
        } else {
            text.push(letter);
        }
    }
    text
}
