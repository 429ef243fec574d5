use super::dice::Dice;

/// A person's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// Given name.
    pub first: String,
    /// Family name.
    pub last: String,
}

impl Name {
    /// Both names.
    pub fn full(&self) -> String {
        format!("{} {}", self.first, self.last)
    }
}

const FIRST: [&str; 64] = [
    "Adela",
    "Alaric",
    "Amina",
    "Anselm",
    "Beatrix",
    "Bertil",
    "Calista",
    "Cato",
    "Clio",
    "Cormac",
    "Dalia",
    "Dorian",
    "Edda",
    "Elias",
    "Esme",
    "Evander",
    "Farah",
    "Fergus",
    "Freya",
    "Gideon",
    "Greta",
    "Hanna",
    "Hector",
    "Idris",
    "Imogen",
    "Ines",
    "Ivo",
    "Jonas",
    "Juno",
    "Kaia",
    "Kenji",
    "Lavinia",
    "Leander",
    "Leonie",
    "Linus",
    "Livia",
    "Lucan",
    "Magda",
    "Malik",
    "Mara",
    "Milo",
    "Mirela",
    "Nadia",
    "Nestor",
    "Noor",
    "Odette",
    "Olin",
    "Orla",
    "Oskar",
    "Petra",
    "Quentin",
    "Rafaela",
    "Renata",
    "Rowan",
    "Sabine",
    "Silas",
    "Soraya",
    "Tamsin",
    "Tobias",
    "Ursula",
    "Viggo",
    "Wilhelmina",
    "Yara",
    "Zeno",
];

const LAST: [&str; 72] = [
    "Abernoth",
    "Aldermoor",
    "Amberline",
    "Ashgrave",
    "Barrowell",
    "Bellacre",
    "Birchwald",
    "Blackmere",
    "Brandtner",
    "Calderon-Voss",
    "Castellane",
    "Colbeck",
    "Cradlewood",
    "Dornfeld",
    "Dunmarrow",
    "Eastwick",
    "Ellingsworth",
    "Fairbourne",
    "Fenwarden",
    "Ferrand",
    "Galloworth",
    "Glenhaven",
    "Greyling",
    "Halvorsted",
    "Harrowgate",
    "Hartling",
    "Hollowell",
    "Ibarrand",
    "Inglemoor",
    "Jessamer",
    "Kestrel",
    "Kirkenby",
    "Kowalter",
    "Lanternby",
    "Larkmoor",
    "Lindqvarn",
    "Lockhaven",
    "Marchetta",
    "Marrowby",
    "Merriwold",
    "Montclare",
    "Nakamoro",
    "Nettleship",
    "Northam",
    "Oakhurst",
    "Okonjola",
    "Orvane",
    "Pellinore",
    "Pemberwick",
    "Quillfeather",
    "Ravensholt",
    "Redfernley",
    "Rosenquill",
    "Saltmarsh",
    "Sandoval-Reyne",
    "Selwyck",
    "Silverthorn",
    "Stonecroft",
    "Sumarin",
    "Tarkington-Hale",
    "Thistlewood",
    "Tolliver-Crane",
    "Umberfield",
    "Valdespina",
    "Vandermeer-Holt",
    "Vasquerra",
    "Wainscott",
    "Westerling",
    "Whitcombe-Rae",
    "Winterbourne",
    "Yarrowby",
    "Zellander",
];

const COINED: [&str; 56] = [
    "Alderbrook",
    "Amberfield",
    "Arrowhaven",
    "Ashlark",
    "Bayfern",
    "Blueheron",
    "Brightwater",
    "Briarstone",
    "Calderview",
    "Cedarpoint",
    "Cinderhill",
    "Cloverdale",
    "Copperline",
    "Cranemoor",
    "Crestfall",
    "Driftwood",
    "Duskridge",
    "Eastmarch",
    "Elmstead",
    "Emberlight",
    "Fallowgate",
    "Fernhollow",
    "Foxglove",
    "Garnetfield",
    "Goldenrod",
    "Graniteford",
    "Greywolf",
    "Harborlight",
    "Hawksmoor",
    "Highmeadow",
    "Hollyoak",
    "Ironleaf",
    "Juniper Bay",
    "Kingfisher",
    "Lakemont",
    "Larkspur",
    "Longacre",
    "Maplecrest",
    "Marrowstone",
    "Mistral",
    "Northwind",
    "Oakenshade",
    "Osprey",
    "Pinehallow",
    "Quartzline",
    "Ravenna",
    "Redstone",
    "Saltwind",
    "Sablecreek",
    "Silverbirch",
    "Stonebridge",
    "Summitvale",
    "Thornbury",
    "Umbra",
    "Westfall",
    "Willowmere",
];

const TRADES: [&str; 40] = [
    "Aerospace",
    "Agricultural Supply",
    "Analytics",
    "Automotive",
    "Bakeries",
    "Biologics",
    "Building Products",
    "Capital",
    "Chemicals",
    "Cold Storage",
    "Composites",
    "Construction",
    "Dairy",
    "Diagnostics",
    "Distribution",
    "Electronics",
    "Energy",
    "Fabrication",
    "Foods",
    "Freight",
    "Furniture",
    "Glassworks",
    "Health",
    "Holdings",
    "Hospitality",
    "Instruments",
    "Insurance",
    "Logistics",
    "Marine",
    "Materials",
    "Medical Devices",
    "Mills",
    "Optics",
    "Packaging",
    "Properties",
    "Robotics",
    "Shipping",
    "Software",
    "Steel",
    "Textiles",
];

const FORMS: [&str; 6] = ["LLC", "Inc.", "Corp.", "Co.", "Ltd.", "Group, Inc."];

const CITIES: [&str; 24] = [
    "Ashbury",
    "Bellport",
    "Brackwater",
    "Calder Falls",
    "Cedar Landing",
    "Clearhaven",
    "Dunmore Park",
    "East Larkin",
    "Fairmont Bay",
    "Glenrock Heights",
    "Grayling",
    "Harlow Springs",
    "Kestrel Bluff",
    "Lakewell",
    "Marlow Junction",
    "New Corvale",
    "Northgate",
    "Oakmere",
    "Port Selwyn",
    "Quarry Hill",
    "Ridgeway",
    "Saltmarsh",
    "Stonefield",
    "Wexcombe",
];

const STREETS: [&str; 20] = [
    "Alder Street",
    "Bancroft Avenue",
    "Canal Road",
    "Cooper Lane",
    "Dock Street",
    "Exchange Place",
    "Foundry Road",
    "Granary Street",
    "Harbor Drive",
    "Juniper Avenue",
    "Lantern Court",
    "Market Square",
    "Mill Pond Road",
    "Orchard Street",
    "Prospect Avenue",
    "Quayside Drive",
    "Railway Parade",
    "Sycamore Street",
    "Tannery Row",
    "Weaver Street",
];

/// A person, from lists of our own.
pub(super) fn person(dice: &mut Dice) -> Name {
    Name { first: (*dice.pick(&FIRST)).to_owned(), last: (*dice.pick(&LAST)).to_owned() }
}

/// A company that does not exist.
pub(super) fn company(dice: &mut Dice) -> String {
    format!("{} {} {}", dice.pick(&COINED), dice.pick(&TRADES), dice.pick(&FORMS))
}

/// What a company is called after its first mention: without its legal form and its trade.
pub(super) fn short_form(company: &str) -> String {
    let coined = COINED.iter().find(|coined| company.starts_with(**coined));
    coined.map_or_else(|| company.to_owned(), |coined| (*coined).to_owned())
}

/// A law firm that does not exist.
pub(super) fn law_firm(dice: &mut Dice) -> String {
    let partners = dice.some(&LAST, 2);
    let form = dice.pick(&["LLP", "PLLC", "P.C.", "LLP"]);
    let names: Vec<&str> = partners.into_iter().copied().collect();
    format!("{} {form}", names.join(" & "))
}

pub(super) fn city(dice: &mut Dice) -> String {
    (*dice.pick(&CITIES)).to_owned()
}

/// A street and house number.
pub(super) fn street(dice: &mut Dice) -> String {
    format!("{} {}", dice.between(10, 4900), dice.pick(&STREETS))
}

/// A telephone number of the range that is kept for fiction: 555-0100 to 555-0199.
pub(super) fn phone(dice: &mut Dice) -> String {
    let area = dice.pick(&[212, 312, 404, 415, 503, 602, 617, 713, 206, 303]);
    format!("+1 {area} 555 01{:02}", dice.below(100))
}

/// Letters and digits in lower case, single dots between: for addresses.
pub(super) fn dotted(text: &str) -> String {
    let pieces = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|piece| !piece.is_empty());
    pieces.map(str::to_lowercase).collect::<Vec<_>>().join(".")
}
