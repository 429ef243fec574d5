use crate::TestApp;
use mail_parser::MessageParser;

/// A mail that the server wrote into its data folder, as another library reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// The address that it goes to.
    pub to: String,
    /// The subject.
    pub subject: String,
    /// The text.
    pub text: String,
}

impl Mail {
    /// What stands behind `#token=` in the mail's link.
    pub fn token(&self) -> String {
        let (_, rest) = self.text.split_once("#token=").expect("a link");
        rest.split_whitespace().next().expect("a token").to_owned()
    }
}

/// All mail that was written, oldest first, after the work that waits was done.
pub async fn mails(app: &TestApp) -> Vec<Mail> {
    app.settle().await;
    let Ok(folder) = std::fs::read_dir(app.folder().join("mail")) else { return Vec::new() };
    let mut paths: Vec<_> = folder.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths.iter().map(|path| read(&std::fs::read(path).expect("a mail"))).collect()
}

/// The newest mail to an address.
pub async fn mail_to(app: &TestApp, email: &str) -> Mail {
    let all = mails(app).await;
    all.into_iter().rfind(|mail| mail.to == email).unwrap_or_else(|| panic!("no mail to {email}"))
}

fn read(eml: &[u8]) -> Mail {
    let mail = MessageParser::default().parse(eml).expect("a message");
    let to = mail.to().and_then(|to| to.first()).and_then(|to| to.address()).expect("an address");
    Mail {
        to: to.to_owned(),
        subject: mail.subject().expect("a subject").to_owned(),
        text: mail.body_text(0).expect("a text").into_owned(),
    }
}
