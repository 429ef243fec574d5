use super::dice::{Dice, Stream};
use super::names;
use clients::{ClientFields, ClientKind, ClientStatus};

/// The `index`th client of the firm.
pub(super) fn client(seed: u64, index: u64) -> ClientFields {
    let mut dice = Dice::of(seed, Stream::Client, index);
    let kind = if dice.chance(30) { ClientKind::Person } else { ClientKind::Organization };
    let (name, mailbox) = match kind {
        ClientKind::Person => {
            let name = names::person(&mut dice).full();
            let mailbox = format!("{}@mail.example", names::dotted(&name));
            (name, mailbox)
        }
        ClientKind::Organization => {
            let name = names::company(&mut dice);
            let host = names::dotted(&names::short_form(&name)).replace('.', "-");
            (name, format!("legal@{host}.example"))
        }
    };
    let status = match dice.below(20) {
        0 => ClientStatus::Prospective,
        1 | 2 => ClientStatus::Former,
        3 | 4 => ClientStatus::Inactive,
        _ => ClientStatus::Active,
    };
    ClientFields {
        name,
        kind,
        status,
        email: Some(mailbox),
        phone: Some(names::phone(&mut dice)),
        address: Some(format!("{}\n{}", names::street(&mut dice), names::city(&mut dice))),
        notes: note(&mut dice),
    }
}

fn note(dice: &mut Dice) -> Option<String> {
    let notes = [
        "Prefers a call before anything is filed.",
        "Invoices go to the controller, copies to general counsel.",
        "Engagement letter signed; annual conflict check in January.",
        "Litigation hold notices have gone to all department heads.",
        "Wants a budget for each phase of a matter.",
    ];
    dice.chance(60).then(|| (*dice.pick(&notes)).to_owned())
}
