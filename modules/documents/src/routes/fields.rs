use crate::model::{BatesKey, DocumentFields};
use ids::CaseId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::problem::Failure as _;
use web::{Fault, Ruled};

/// What is said about a document.
#[derive(Debug, Clone, Default, Serialize, Deserialize, garde::Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"caseId": "019cae6b-8e20-707a-a469-71cfb354a067", "title": "Lease agreement",
    "kind": "contract", "description": "Lease of berth 7, signed by both sides", "tags": ["signed"],
    "custodian": "Legal department", "batesBegin": "MER000101", "batesEnd": "MER000124"}))]
pub(super) struct FieldsBody {
    /// The case it belongs to.
    #[garde(skip)]
    #[serde(default)]
    pub(super) case_id: Option<CaseId>,
    /// The title; the name of the file unless told.
    #[garde(length(chars, max = 1000), custom(name))]
    #[serde(default)]
    pub(super) title: String,
    /// The kind of document, such as `email`.
    #[garde(inner(length(chars, max = 255), custom(name)))]
    #[serde(default)]
    pub(super) kind: Option<String>,
    /// What it is about.
    #[garde(inner(length(chars, max = 20_000), custom(plain)))]
    #[serde(default)]
    pub(super) description: Option<String>,
    /// Free labels, at most 100.
    #[garde(length(max = 100), inner(length(chars, min = 1, max = 100), custom(name)))]
    #[serde(default)]
    pub(super) tags: Vec<String>,
    /// From whose files it came.
    #[garde(inner(length(chars, max = 255), custom(name)))]
    #[serde(default)]
    pub(super) custodian: Option<String>,
    /// First Bates number.
    #[garde(inner(length(chars, max = 128), custom(name)))]
    #[serde(default)]
    pub(super) bates_begin: Option<String>,
    /// Last Bates number.
    #[garde(inner(length(chars, max = 128), custom(name)))]
    #[serde(default)]
    pub(super) bates_end: Option<String>,
}

/// No NUL: not every database can keep one.
pub(super) fn plain<T: AsRef<str> + ?Sized, C>(text: &T, _: &C) -> garde::Result {
    if text.as_ref().contains('\0') {
        return Err(garde::Error::new("must not hold the character U+0000"));
    }
    Ok(())
}

/// What is short and known by its looks.
pub(super) fn name<T: AsRef<str> + ?Sized, C>(text: &T, context: &C) -> garde::Result {
    plain(text, context)?;
    web::legible(text, context)
}

impl Ruled for FieldsBody {
    fn broken(&self, known: &[Fault]) -> Vec<Fault> {
        if known.iter().any(|fault| fault.field.starts_with("bates")) {
            return Vec::new();
        }
        let fields = DocumentFields::from(self.clone());
        let range = BatesKey::of(fields.bates_begin.as_deref(), fields.bates_end.as_deref());
        range.err().map(|refusal| crate::Error::from(refusal).faults()).unwrap_or_default()
    }
}

impl FieldsBody {
    /// The fields of a new document: without a title, the name of its file is one.
    pub(super) fn titled(self, file_name: &str) -> DocumentFields {
        let mut fields = DocumentFields::from(self);
        if fields.title.is_empty() {
            file_name.clone_into(&mut fields.title);
        }
        fields
    }
}

impl From<FieldsBody> for DocumentFields {
    fn from(body: FieldsBody) -> Self {
        let given =
            |text: Option<String>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let mut tags: Vec<String> = Vec::with_capacity(body.tags.len());
        for tag in body.tags.iter().map(|tag| tag.trim()) {
            if !tag.is_empty() && tags.iter().all(|known| known != tag) {
                tags.push(tag.to_owned());
            }
        }
        Self {
            case_id: body.case_id,
            title: body.title.trim().to_owned(),
            kind: given(body.kind),
            description: given(body.description),
            tags,
            custodian: given(body.custodian),
            bates_begin: given(body.bates_begin),
            bates_end: given(body.bates_end),
        }
    }
}

impl From<DocumentFields> for FieldsBody {
    fn from(fields: DocumentFields) -> Self {
        Self {
            case_id: fields.case_id,
            title: fields.title,
            kind: fields.kind,
            description: fields.description,
            tags: fields.tags,
            custodian: fields.custodian,
            bates_begin: fields.bates_begin,
            bates_end: fields.bates_end,
        }
    }
}
