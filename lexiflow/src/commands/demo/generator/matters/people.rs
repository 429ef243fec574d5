use super::Matter;

pub(super) const EMPLOYMENT: Matter = Matter {
    area: "Employment",
    suit: "442 Civil Rights: Jobs",
    cause: "42:2000e Job Discrimination (Employment)",
    jurisdiction: "Federal Question",
    personal: true,
    claims: &["employment discrimination", "retaliation", "failure to pay overtime"],
    subjects: &[
        "shift assignments", "a regional sales position", "the night dispatch desk", "a quality laboratory",
        "a hospital billing office", "a field service team",
    ],
    agreements: &["Employment Agreement", "Employee Handbook", "Severance Agreement"],
    facts: &[
        "{plaintiff} worked for {defendant} in {city} and was responsible for {subject} from {signed} on.",
        "[Three|Four|Five] annual reviews in a row rated {plaintiff}'s work as [exceeding expectations|strong|fully meeting the standard].",
        "In the spring {manager} took over the department and began to leave {plaintiff} out of the weekly meetings.",
        "On {event}, {plaintiff} complained in writing to human resources about [remarks by {manager}|unequal pay|the way shifts were given out].",
        "{witness}, a colleague, heard {manager} say that the complaint would [not be forgotten|be dealt with|cost somebody a job].",
        "{days} days after the complaint the position was eliminated; {count} days later it was advertised again.",
        "The {agreement} promises a review by a second manager before any dismissal, and there was none.",
        "{plaintiff} filed a charge with the Equal Employment Opportunity Commission and received a notice of the right to sue on {notice}.",
    ],
    harms: &[
        "{plaintiff} was out of work for months and now earns considerably less.",
        "Lost wages and benefits come to {amount} so far.",
        "{plaintiff} gave up the home in {town} and has been under treatment since.",
    ],
    issues: &[
        "Is the time between the complaint of {event} and the dismissal short enough to suggest a connection?",
        "Is the stated reason, a reorganization of {subject}, a pretext?",
        "Did {plaintiff} use the remedies that the {agreement} offers?",
    ],
    law: &[
        "A claim of retaliation needs protected activity, an adverse action, and a causal connection between the two (42 U.S.C. 2000e-3(a)).",
        "Once the employer states a legitimate reason, the employee must show that it was not the true one.",
        "A charge must be filed within 180 days, or 300 where a state agency has authority to act (42 U.S.C. 2000e-5(e)(1)).",
    ],
};

pub(super) const PRODUCT: Matter = Matter {
    area: "Personal Injury",
    suit: "365 Personal Inj. Prod. Liability",
    cause: "28:1332 Diversity-Product Liability",
    jurisdiction: "Diversity",
    personal: true,
    claims: &["strict products liability", "negligence", "failure to warn", "breach of implied warranty"],
    subjects: &[
        "pressure cookers", "extension ladders", "infusion pumps", "table saws", "space heaters",
        "hoverboard batteries", "child car seats",
    ],
    agreements: &["Limited Warranty", "Owner's Manual", "Dealer Agreement"],
    facts: &[
        "{defendant} designs {subject} and sells them through dealers in {city} and elsewhere.",
        "On {event}, {plaintiff} used one of the {subject} as the {agreement} directs when the [latch|housing|locking bar] gave way.",
        "{witness}, who stood next to {plaintiff}, called the ambulance.",
        "The treating physician in {town} recorded [second-degree burns|a fractured wrist|nerve damage in the right hand].",
        "{expert} examined the unit and found that the [spring|weld|thermal fuse] was thinner than the drawing requires.",
        "{defendant} had received {count} reports of the same failure before {event}.",
        "A change that costs less than a dollar for each unit was proposed by {manager} and put off.",
        "The warning in the {agreement} speaks of damage to property and not of injury.",
    ],
    harms: &[
        "Medical expenses to date are {part}, and further surgery is expected.",
        "{plaintiff} could not work for {days} weeks and has lost grip strength for good.",
        "The life care plan puts future needs at {amount}.",
    ],
    issues: &[
        "Was the design of the {subject} unreasonably dangerous when they left {defendant}'s control?",
        "Would an adequate warning in the {agreement} have prevented the injury of {event}?",
        "Is the testimony of {expert} reliable enough to be heard?",
    ],
    law: &[
        "A product is defective when a reasonable alternative design would have reduced the foreseeable risk of harm.",
        "An expert may testify when the testimony rests on sufficient facts and reliable methods that fit the case (Fed. R. Evid. 702).",
        "A manufacturer must warn of dangers that it knows or should know and that users do not expect.",
    ],
};

pub(super) const INSURANCE: Matter = Matter {
    area: "Insurance",
    suit: "110 Insurance",
    cause: "28:1332 Diversity-Insurance Contract",
    jurisdiction: "Diversity",
    personal: false,
    claims: &["breach of an insurance policy", "bad faith denial of a claim", "declaratory judgment"],
    subjects: &[
        "hail damage to a warehouse roof", "a burst sprinkler main", "a fire in a dry kiln",
        "business interruption after a flood", "the theft of a truckload of electronics",
    ],
    agreements: &["Commercial Property Policy", "Cargo Policy", "Businessowners Policy"],
    facts: &[
        "{defendant} issued the {agreement} to {plaintiff} with effect from {signed}, for premises in {city}.",
        "On {event}, {plaintiff} suffered a loss: {subject}.",
        "{plaintiff} reported it [the same day|within two days|as soon as the site was safe] and gave the adjuster, {witness}, every document asked for.",
        "The adjuster spent less than an hour on the site and estimated the damage at {part}.",
        "{expert}, an engineer whom {plaintiff} retained, put the cost of repair at {amount}.",
        "By letter of {notice}, {manager} denied the greater part of the claim under an exclusion for [wear and tear|faulty maintenance|surface water].",
        "The exclusion was added by an endorsement that {plaintiff} [never received|did not sign|learned of after the loss].",
        "{plaintiff} asked for an appraisal, and {defendant} let {days} days pass without naming an appraiser.",
    ],
    harms: &[
        "Repairs in {city} had to be financed at {plaintiff}'s own expense.",
        "The premises were closed for {count} days, and the tenants in {town} left.",
        "Under the {agreement} a further {amount} is due, with interest.",
    ],
    issues: &[
        "Is the loss of {event} within the exclusion on which the letter of {notice} relies?",
        "Was the endorsement part of the {agreement} when the loss occurred?",
        "Did {defendant} have a reasonable basis for its denial?",
    ],
    law: &[
        "The insured shows that the loss falls within the grant of coverage; the insurer shows that an exclusion applies.",
        "Terms that may fairly be read in two ways are read against the insurer that wrote them.",
        "An insurer acts in bad faith when it denies a claim without a reasonable basis and knows it or does not care.",
    ],
};
