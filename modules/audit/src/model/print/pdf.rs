//! The file round the sheets (PDF 1.4, ISO 32000-1, 7.5), written from its beginning to its end.

use super::letters;
use super::sheet::{SHEET, literal};
use clock::Timestamp;

const CATALOG: usize = 1;
const PAGES: usize = 2;
const FONT: usize = 3;
const BOLD: usize = 4;
const INFO: usize = 5;
/// The first page; its content follows, then the next page.
const FIRST: usize = 6;

#[derive(Debug)]
pub(super) struct Pdf {
    /// What is written and not taken yet.
    out: Vec<u8>,
    /// Bytes that were taken before.
    taken: usize,
    /// Where each object begins. Bounded by the entries that are printed at most.
    places: Vec<usize>,
}

impl Pdf {
    pub(super) fn begin(title: &str, made_at: Timestamp) -> Self {
        // The second line tells programs that carry files that this one is no text.
        let out = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n".to_vec();
        let mut pdf = Self { out, taken: 0, places: vec![0; FIRST] };
        for (number, name) in [(FONT, "Courier"), (BOLD, "Courier-Bold")] {
            let font =
                format!("<< /Type /Font /Subtype /Type1 /BaseFont /{name} /Encoding /WinAnsiEncoding >>");
            pdf.object(number, font.as_bytes());
        }
        let mut info = b"<< /Producer (LexiFlow) /Title ".to_vec();
        literal(&mut info, &letters::wrapped(title, usize::MAX, 1).concat());
        info.extend(format!(" /CreationDate (D:{}Z) >>", made_at.format("%Y%m%d%H%M%S")).into_bytes());
        pdf.object(INFO, &info);
        pdf
    }

    /// How many pages there are.
    pub(super) fn pages(&self) -> usize {
        (self.places.len() - FIRST) / 2
    }

    /// Adds a page that shows this.
    pub(super) fn page(&mut self, content: &[u8]) {
        let number = self.places.len();
        self.places.extend([0, 0]);
        let (width, height) = SHEET;
        let page = format!(
            "<< /Type /Page /Parent {PAGES} 0 R /MediaBox [0 0 {width} {height}] \
             /Resources << /Font << /C {FONT} 0 R /B {BOLD} 0 R >> >> /Contents {} 0 R >>",
            number + 1
        );
        self.object(number, page.as_bytes());
        let mut stream = format!("<< /Length {} >>\nstream\n", content.len()).into_bytes();
        stream.extend_from_slice(content);
        stream.extend_from_slice(b"endstream");
        self.object(number + 1, &stream);
    }

    /// Writes what leads a reader to the pages.
    pub(super) fn end(&mut self) {
        let count = self.pages();
        let pages = (FIRST..self.places.len()).step_by(2).map(|page| format!("{page} 0 R "));
        let pages = format!("<< /Type /Pages /Count {count} /Kids [ {}] >>", pages.collect::<String>());
        self.object(PAGES, pages.as_bytes());
        self.object(CATALOG, format!("<< /Type /Catalog /Pages {PAGES} 0 R >>").as_bytes());
        let (at, size) = (self.at(), self.places.len());
        self.out.extend(format!("xref\n0 {size}\n0000000000 65535 f \n").into_bytes());
        for place in &self.places[CATALOG..] {
            self.out.extend(format!("{place:010} 00000 n \n").into_bytes());
        }
        let trailer = format!(
            "trailer\n<< /Size {size} /Root {CATALOG} 0 R /Info {INFO} 0 R >>\nstartxref\n{at}\n%%EOF\n"
        );
        self.out.extend(trailer.into_bytes());
    }

    /// What was written since the last time.
    pub(super) fn take(&mut self) -> Vec<u8> {
        self.taken += self.out.len();
        std::mem::take(&mut self.out)
    }

    fn at(&self) -> usize {
        self.taken + self.out.len()
    }

    fn object(&mut self, number: usize, body: &[u8]) {
        self.places[number] = self.at();
        self.out.extend(format!("{number} 0 obj\n").into_bytes());
        self.out.extend_from_slice(body);
        self.out.extend_from_slice(b"\nendobj\n");
    }
}
