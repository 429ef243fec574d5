use super::Matter;

pub(super) const LAND: Matter = Matter {
    area: "Real Estate",
    suit: "290 All Other Real Property",
    cause: "28:1332 Diversity-Real Property",
    jurisdiction: "Diversity",
    personal: false,
    claims: &["specific performance", "breach of a lease", "quiet title", "negligent misrepresentation"],
    subjects: &[
        "a distribution center",
        "a lakeside parcel",
        "the ground floor of an office tower",
        "a disused rail yard",
        "an orchard with water rights",
        "a shopping arcade",
    ],
    agreements: &["Purchase and Sale Agreement", "Ground Lease", "Option Agreement", "Easement Agreement"],
    facts: &[
        "By the {agreement} of {signed}, {defendant} agreed to convey {subject} in {city} to {plaintiff}.",
        "{plaintiff} paid a deposit of {part} into escrow and completed its survey in {count} days.",
        "The survey by {expert} found an unrecorded [drainage easement|right of way|encroachment] along the northern boundary.",
        "On {event}, {manager} declared that {defendant} would not close unless the price was raised.",
        "{witness}, the escrow agent, confirmed that every condition of closing had been met.",
        "{defendant} had meanwhile received a higher offer from a developer in {town}.",
        "On {notice}, {plaintiff} tendered the balance and recorded a notice of the pending action.",
        "The disclosure statement is silent about the [flood of the previous winter|contaminated fill|expired permits].",
    ],
    harms: &[
        "Financing at the agreed rate lapsed, at a cost of {part}.",
        "{plaintiff} had let {subject} in part already and owes its tenants damages.",
        "The land is unique, and {amount} would not buy another like it.",
    ],
    issues: &[
        "Was time of the essence under the {agreement}?",
        "Can {plaintiff} have specific performance although it knew of the easement?",
        "Did the declaration of {event} excuse a formal tender?",
    ],
    law: &[
        "Specific performance asks for a definite contract, readiness to perform, and a remedy at law that is not adequate.",
        "A contract for the sale of land must be in writing and signed by the party to be charged.",
        "A seller must disclose known defects that a buyer could not find with ordinary care.",
    ],
};

pub(super) const MARITIME: Matter = Matter {
    area: "Maritime",
    suit: "120 Contract: Marine",
    cause: "28:1333 Admiralty",
    jurisdiction: "Federal Question",
    personal: false,
    claims: &["breach of a charter party", "damage to cargo", "maintenance and cure"],
    subjects: &[
        "a cargo of frozen shrimp",
        "containers of machine parts",
        "a dredging barge",
        "bagged fertilizer",
        "a deck crane",
        "a consignment of coffee",
    ],
    agreements: &["Charter Party", "Bill of Lading", "Towage Agreement", "Stevedoring Agreement"],
    facts: &[
        "Under the {agreement} of {signed}, {defendant} took charge of {subject} in {city} for carriage to {town}.",
        "The vessel left port in apparent good order, with {count} units under deck.",
        "On {event} the crew noted in the log that the [hatch covers|refrigeration plant|lashings] had failed in heavy weather.",
        "{witness}, the chief officer, had asked for repairs before departure.",
        "At discharge in {town} the surveyor {expert} found [sea water in two holds|the cargo thawed|eleven units crushed].",
        "{plaintiff} gave written notice of the damage on {notice}, within the time that the {agreement} allows.",
        "{manager} replied that the loss was due to [a peril of the sea|insufficient packing|an inherent vice], and offered nothing.",
        "The weather records of the week show nothing unusual for the season.",
    ],
    harms: &[
        "What was left of {subject} was sold as salvage for {part}.",
        "{plaintiff} had to replace the shipment and paid demurrage for {days} days.",
        "The sound market value on arrival would have been {amount}.",
    ],
    issues: &[
        "Was the vessel seaworthy at the beginning of the voyage?",
        "Does the package limitation apply to {subject}?",
        "Was the notice of {notice} in time under the {agreement}?",
    ],
    law: &[
        "The shipper shows delivery in good order and arrival in bad; the carrier then shows an excepted cause or due diligence.",
        "A carrier must exercise due diligence before and at the beginning of the voyage to make the ship seaworthy (46 U.S.C. 30701 note).",
        "Liability is limited to $500 for each package or customary freight unit unless a value was declared.",
    ],
};

pub(super) const ENVIRONMENT: Matter = Matter {
    area: "Environmental",
    suit: "893 Environmental Matters",
    cause: "42:9607 Real Property Tort to Land",
    jurisdiction: "Federal Question",
    personal: false,
    claims: &["cost recovery", "contribution", "continuing nuisance"],
    subjects: &[
        "chlorinated solvents in groundwater",
        "plating sludge",
        "leaking storage tanks",
        "coal tar residue",
        "runoff from a tailings pond",
    ],
    agreements: &["Consent Agreement", "Access Agreement", "Asset Purchase Agreement"],
    facts: &[
        "{plaintiff} bought the site in {city} by the {agreement} of {signed} and found {subject} when it dug the first trench.",
        "{defendant} had run a [plating shop|dry cleaning plant|depot] there for decades.",
        "Monitoring wells drilled by {expert} show the plume moving toward {town}.",
        "{witness}, a former foreman, described how drums were emptied behind the boiler house until the inspections began.",
        "On {event} the state agency ordered {plaintiff} to investigate and to fence the site.",
        "{plaintiff} removed {count} truckloads of soil, consistent with the plan that the agency approved.",
        "{defendant} was asked on {notice} to bear its share and [declined|did not reply|pointed to an indemnity that does not exist].",
        "Insurance records found by {manager} mention spills in at least three years.",
    ],
    harms: &[
        "Response costs so far come to {part}, and {expert} expects {amount} in all.",
        "The bank has suspended the construction loan until the plume is contained.",
        "Two neighbors in {town} have had to close their wells.",
    ],
    issues: &[
        "Is {defendant} an operator at the time of disposal?",
        "Are the costs that {plaintiff} incurred consistent with the national contingency plan?",
        "Can the harm from {subject} be divided among those who caused it?",
    ],
    law: &[
        "Owners and operators at the time of disposal are liable for necessary costs of response (42 U.S.C. 9607(a)).",
        "A private party recovers costs that are necessary and consistent with the national contingency plan.",
        "In resolving contribution claims a court may allocate response costs by such equitable factors as it finds appropriate (42 U.S.C. 9613(f)(1)).",
    ],
};
