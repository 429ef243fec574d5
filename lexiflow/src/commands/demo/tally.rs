/// What was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Users.
    pub users: u64,
    /// Clients.
    pub clients: u64,
    /// Cases.
    pub cases: u64,
    /// Cases that were left out because the firm has a case of the same docket number in the same court.
    pub left_out: u64,
    /// Listed parties.
    pub parties: u64,
    /// Links from counsel to a party.
    pub attorneys: u64,
    /// Docket entries.
    pub entries: u64,
    /// Documents.
    pub documents: u64,
    /// Their sizes added up, in bytes.
    pub document_bytes: u64,
    /// Time entries.
    pub time_entries: u64,
    /// The time worked, in seconds.
    pub worked_seconds: u64,
}

impl Tally {
    /// Adds what was made elsewhere.
    pub fn add(&mut self, more: &Self) {
        self.users += more.users;
        self.clients += more.clients;
        self.cases += more.cases;
        self.left_out += more.left_out;
        self.parties += more.parties;
        self.attorneys += more.attorneys;
        self.entries += more.entries;
        self.documents += more.documents;
        self.document_bytes += more.document_bytes;
        self.time_entries += more.time_entries;
        self.worked_seconds += more.worked_seconds;
    }

    /// As rows of a table.
    pub fn rows(&self) -> [(&'static str, u64); 11] {
        [
            ("users new", self.users),
            ("clients new", self.clients),
            ("cases new", self.cases),
            ("cases left out", self.left_out),
            ("parties new", self.parties),
            ("attorney links new", self.attorneys),
            ("docket entries new", self.entries),
            ("documents new", self.documents),
            ("document bytes", self.document_bytes),
            ("time entries new", self.time_entries),
            ("hours worked", self.worked_seconds / 3600),
        ]
    }
}
