use std::io;

/// Why the made-up firm could not be made. What was written before stays.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// It is there already.
    #[error(
        "the firm has {people} made-up people already: add `--again` for more cases beside the first, or choose \
         another folder with LEXIFLOW_DATA_DIR"
    )]
    Exists {
        /// How many of them there are.
        people: usize,
    },
    /// The users could not be added or read.
    #[error("the people could not be added: {0}")]
    People(#[from] accounts::Error),
    /// A client could not be added.
    #[error("the clients could not be added: {0}")]
    Clients(#[from] clients::Error),
    /// A case could not be read or changed.
    #[error("a case could not be written: {0}")]
    Cases(#[from] cases::Error),
    /// A docket could not be written.
    #[error("a docket could not be written: {0}")]
    Docket(#[from] docket::Error),
    /// A document could not be stored.
    #[error("a document could not be stored: {0}")]
    Documents(#[from] documents::Error),
    /// Time could not be recorded.
    #[error("time could not be recorded: {0}")]
    Time(#[from] billing::Error),
    /// A court of our own list has an id that is none: a defect.
    #[error("a court's id {0}")]
    Court(#[from] docket::juriscraper::CourtIdFault),
    /// The output could not be written.
    #[error("the output cannot be written")]
    Output(#[from] io::Error),
}
