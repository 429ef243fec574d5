use super::Matter;

pub(super) const CONTRACT: Matter = Matter {
    area: "Commercial Litigation",
    suit: "190 Contract: Other",
    cause: "28:1332 Diversity-Breach of Contract",
    jurisdiction: "Diversity",
    personal: false,
    claims: &["breach of contract", "breach of the covenant of good faith", "unjust enrichment", "account stated"],
    subjects: &[
        "refrigerated trailers", "corrugated packaging", "warehouse conveyor systems", "cold-rolled steel coils",
        "bottling equipment", "fleet telematics units", "bulk grain shipments", "catering services",
    ],
    agreements: &[
        "Master Supply Agreement", "Distribution Agreement", "Equipment Purchase Agreement", "Services Agreement",
    ],
    facts: &[
        "Under the {agreement}, {defendant} undertook to deliver {subject} to the plant in {city} within {days} days of each order.",
        "{plaintiff} placed {count} purchase orders, each of which {defendant} [accepted in writing|confirmed by e-mail|acknowledged without reservation].",
        "On {event}, {manager} informed {plaintiff} that the [remaining|outstanding] deliveries of {subject} would not be made at the agreed price.",
        "{plaintiff} [paid|advanced] {part} against the first three invoices, and {defendant} kept the payment.",
        "The inspection in {town} found that [a third|nearly half|a substantial part] of the {subject} did not meet the specification in Schedule B.",
        "{witness}, who oversaw receiving for {plaintiff}, logged every short delivery in the warehouse records.",
        "By letter of {notice}, {plaintiff} gave notice of default and asked {defendant} to cure within {days} days.",
        "{defendant} neither cured the default nor [disputed it in the manner the {agreement} requires|returned the deposit].",
        "The price list attached to the {agreement} was fixed for the first two years and could be changed only in a signed writing.",
    ],
    harms: &[
        "{plaintiff} bought substitute {subject} elsewhere at an additional cost of {part}.",
        "The interruption closed the line in {city} for {days} days and cost {plaintiff} two of its regular customers.",
        "In all, {plaintiff} puts its loss at {amount}, without interest and the costs of collection.",
    ],
    issues: &[
        "Was the price increase of {event} a repudiation of the {agreement}, or an offer to modify it?",
        "Does the limitation of liability in the {agreement} reach the cost of substitute {subject}?",
        "Did the notice of {notice} satisfy the cure provision of the {agreement}?",
    ],
    law: &[
        "A party claiming breach must show an agreement, its own performance, the other's breach, and damage caused by it.",
        "Under Article 2 of the Uniform Commercial Code a buyer may cover in good faith and without unreasonable delay, and recover the difference.",
        "A demand for assurance must be reasonable in its grounds and in writing; silence for more than thirty days is a repudiation.",
    ],
};

pub(super) const SECRETS: Matter = Matter {
    area: "Intellectual Property",
    suit: "880 Defend Trade Secrets Act",
    cause: "18:1836(b) Misappropriation of Trade Secrets",
    jurisdiction: "Federal Question",
    personal: false,
    claims: &["misappropriation of trade secrets", "breach of a confidentiality agreement", "tortious interference"],
    subjects: &[
        "battery coating formulas", "route planning software", "seed treatment data", "pricing models",
        "machine vision training sets", "customer scoring methods",
    ],
    agreements: &["Confidentiality Agreement", "Joint Development Agreement", "Consulting Agreement"],
    facts: &[
        "{plaintiff} developed its {subject} over [six|seven|nine] years and kept them in a repository that {count} employees could open.",
        "{witness} led that work until {event} and had signed the {agreement} on {signed}.",
        "In the week before leaving, {witness} copied [a folder|two archives|several thousand files] of {subject} to a private storage device.",
        "{defendant} hired {witness} within {days} days and announced a competing product in {city} soon after.",
        "A forensic image made by {expert} shows that the device was last connected from an office of {defendant} in {town}.",
        "Access to the {subject} required a badge, a second factor and a written approval by {manager}.",
        "On {notice}, {plaintiff} asked {defendant} in writing to return the files and to name everyone who had seen them.",
        "{defendant} answered that it [knew of no such files|used only public information|would look into the matter], and did nothing more.",
    ],
    harms: &[
        "{plaintiff} lost the head start that its {subject} gave it, which {expert} values at {amount}.",
        "Two customers in {city} moved to {defendant} and cited terms that only the {subject} could explain.",
        "Each further disclosure destroys what cannot be restored by money.",
    ],
    issues: &[
        "Did {plaintiff} take reasonable measures to keep its {subject} secret?",
        "Can use be inferred from access and from the speed of {defendant}'s launch?",
        "Does the {agreement} reach information that {witness} carried in memory?",
    ],
    law: &[
        "A trade secret is information that derives value from not being generally known and is the subject of reasonable measures to keep it secret (18 U.S.C. 1839(3)).",
        "Misappropriation is acquisition by improper means, or disclosure or use without consent (18 U.S.C. 1839(5)).",
        "An injunction may not prevent a person from entering an employment relationship merely because of what the person knows (18 U.S.C. 1836(b)(3)).",
    ],
};

pub(super) const TRADEMARK: Matter = Matter {
    area: "Intellectual Property",
    suit: "840 Trademark",
    cause: "15:1114 Trademark Infringement",
    jurisdiction: "Federal Question",
    personal: false,
    claims: &["trademark infringement", "false designation of origin", "unfair competition"],
    subjects: &[
        "outdoor cookware", "herbal teas", "cycling apparel", "garden furniture", "hearing protection",
        "children's raincoats",
    ],
    agreements: &["License Agreement", "Coexistence Agreement", "Distribution Agreement"],
    facts: &[
        "{plaintiff} has sold {subject} under its house mark since long before {defendant} entered the market in {city}.",
        "From {event} on, {defendant} offered {subject} under a name that differs from the mark by [one letter|a single syllable|nothing but its ending].",
        "The packaging copies the [green band|lantern device|oval label] that {plaintiff} has used in every season.",
        "{witness}, a buyer for a retail chain, sent an order meant for {plaintiff} to {defendant} by mistake.",
        "The {agreement} of {signed} allowed {defendant} to use the mark in {town} only, and it ended by its terms.",
        "{plaintiff} wrote to {defendant} on {notice} and asked it to stop within {days} days.",
        "A survey conducted by {expert} found that [two in five|more than a third|about half] of the respondents took the goods to come from one source.",
        "{manager} testified that the design team had samples of {plaintiff}'s {subject} on the table.",
    ],
    harms: &[
        "Complaints about the quality of {defendant}'s {subject} reached {plaintiff}'s service desk {count} times in one quarter.",
        "{plaintiff} spent {part} on corrective advertising.",
        "{defendant}'s sales under the name amount to {amount}, as far as is known.",
    ],
    issues: &[
        "Is there a likelihood of confusion between the two names for {subject}?",
        "Did {defendant} use the mark after the {agreement} had ended?",
        "Is laches a defense where {plaintiff} wrote on {notice} and sued on {filed}?",
    ],
    law: &[
        "The holder of a registered mark may sue whoever uses a colorable imitation in commerce where that is likely to cause confusion (15 U.S.C. 1114(1)).",
        "Courts weigh the strength of the mark, the nearness of the goods, the likeness of the names, actual confusion, channels of trade, care of buyers and intent.",
        "Profits may be awarded subject to the principles of equity (15 U.S.C. 1117(a)).",
    ],
};

pub(super) const SECURITIES: Matter = Matter {
    area: "Securities",
    suit: "850 Securities/Commodities",
    cause: "15:78j Securities Exchange Act",
    jurisdiction: "Federal Question",
    personal: false,
    claims: &["securities fraud", "control person liability", "negligent misrepresentation"],
    subjects: &[
        "preferred shares", "convertible notes", "membership units", "a private placement of common stock",
        "royalty certificates",
    ],
    agreements: &["Subscription Agreement", "Note Purchase Agreement", "Investor Rights Agreement"],
    facts: &[
        "By the {agreement} of {signed}, {plaintiff} bought {subject} of {defendant} for {amount}.",
        "The offering memorandum said that the plant in {city} was [complete|operating at capacity|fully permitted].",
        "{officer} repeated that statement at the investor meeting in {town} on {event}.",
        "Internal reports of the same month, addressed to {officer}, put the start of production at least {count} weeks later.",
        "{witness} warned the board in writing that the backlog included orders which had been cancelled.",
        "On {notice}, {defendant} restated its revenue for three quarters and replaced its auditor.",
        "{plaintiff} relied on the memorandum and on the answers that {manager} gave in the data room.",
        "No later filing corrected the statement until the price of the {subject} had fallen.",
    ],
    harms: &[
        "The {subject} lost [more than half|two thirds|most] of their value within {days} days of the restatement.",
        "{plaintiff} sold part of its holding at a loss of {part}.",
        "{expert} attributes the decline to the correction and not to the market.",
    ],
    issues: &[
        "Were the statements about the plant in {city} false when they were made?",
        "Do the internal reports support a strong inference that {officer} knew?",
        "Is the loss of {amount} tied to the correction of {notice}?",
    ],
    law: &[
        "Rule 10b-5 asks for a material misstatement, scienter, a connection with a purchase or sale, reliance, economic loss and loss causation (17 C.F.R. 240.10b-5).",
        "Each misleading statement must be specified, with the reasons why it is misleading (15 U.S.C. 78u-4(b)(1)).",
        "Facts must give rise to a strong inference of the required state of mind (15 U.S.C. 78u-4(b)(2)).",
    ],
};
