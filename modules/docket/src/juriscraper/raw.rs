//! The file's own shapes: every member optional, every text as it stands.

use super::ReadFault;
use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, Visitor, value::MapAccessDeserializer},
};
use std::{fmt, io::Read, marker::PhantomData};

pub(super) type Text = Option<String>;

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_field_names, reason = "the members' names are the file's")]
pub(super) struct Docket {
    pub(super) court_id: Text,
    pub(super) docket_number: Text,
    pub(super) case_name: Text,
    pub(super) date_filed: Text,
    pub(super) date_terminated: Text,
    pub(super) date_converted: Text,
    pub(super) date_discharged: Text,
    pub(super) cause: Text,
    pub(super) nature_of_suit: Text,
    pub(super) jurisdiction: Text,
    pub(super) jury_demand: Text,
    pub(super) demand: Text,
    pub(super) mdl_status: Text,
    pub(super) assigned_to_str: Text,
    pub(super) referred_to_str: Text,
    pub(super) ordered_by: Text,
    pub(super) federal_dn_judge_initials_assigned: Text,
    pub(super) federal_dn_judge_initials_referred: Text,
    #[serde(deserialize_with = "text_or_number")]
    pub(super) federal_defendant_number: Text,
    pub(super) appeal_from: Text,
    pub(super) fee_status: Text,
    pub(super) case_type_information: Text,
    pub(super) originating_court_information: Option<Object<Originating>>,
    pub(super) panel: Option<Vec<String>>,
    pub(super) parties: Option<Vec<Object<Party>>>,
    pub(super) docket_entries: Option<Vec<Object<Entry>>>,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct Originating {
    pub(super) court_id: Text,
    pub(super) docket_number: Text,
    pub(super) assigned_to: Text,
    pub(super) ordering_judge: Text,
    pub(super) court_reporter: Text,
    pub(super) disposition: Text,
    pub(super) date_disposed: Text,
    pub(super) date_filed: Text,
    pub(super) date_filed_noa: Text,
    pub(super) date_judgment: Text,
    pub(super) date_judgment_eod: Text,
    pub(super) date_received_coa: Text,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct Party {
    pub(super) name: Text,
    #[serde(rename = "type")]
    pub(super) kind: Text,
    pub(super) extra_info: Text,
    pub(super) date_terminated: Text,
    pub(super) attorneys: Option<Vec<Object<Attorney>>>,
    pub(super) criminal_data: Option<Object<Criminal>>,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct Attorney {
    pub(super) name: Text,
    pub(super) contact: Text,
    pub(super) roles: Option<Vec<String>>,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct Criminal {
    pub(super) counts: Option<Vec<Object<Charge>>>,
    pub(super) complaints: Option<Vec<Object<Charge>>>,
    pub(super) highest_offense_level_opening: Text,
    pub(super) highest_offense_level_terminated: Text,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct Charge {
    pub(super) name: Text,
    pub(super) disposition: Text,
    pub(super) status: Text,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct Entry {
    pub(super) date_filed: Text,
    pub(super) date_entered: Text,
    pub(super) description: Text,
    #[serde(deserialize_with = "text_or_number")]
    pub(super) document_number: Text,
    #[serde(deserialize_with = "text_or_number")]
    pub(super) pacer_doc_id: Text,
    #[serde(deserialize_with = "text_or_number")]
    pub(super) pacer_seq_no: Text,
    pub(super) page_count: Option<u32>,
    pub(super) file_size_bytes: Option<u64>,
    pub(super) attachments: Option<Vec<Object<Attachment>>>,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_field_names, reason = "the members' names are the file's")]
pub(super) struct Attachment {
    #[serde(deserialize_with = "text_or_number")]
    pub(super) attachment_number: Text,
    pub(super) description: Text,
    #[serde(deserialize_with = "text_or_number")]
    pub(super) pacer_doc_id: Text,
    #[serde(deserialize_with = "text_or_number")]
    pub(super) pacer_seq_no: Text,
    pub(super) page_count: Option<u32>,
    pub(super) file_size_bytes: Option<u64>,
}

/// A JSON object and nothing else: a derived struct would take a list too, member by member.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Object<T>(pub(super) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = T;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map))
            }
        }
        deserializer.deserialize_map(Members(PhantomData)).map(Object)
    }
}

/// Numbers of documents and attachments are written as text by one version of the tool and as numbers by another.
fn text_or_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Text, D::Error> {
    struct Either;
    impl Visitor<'_> for Either {
        type Value = Text;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a text, a whole number or null")
        }
        fn visit_unit<E: de::Error>(self) -> Result<Text, E> {
            Ok(None)
        }
        fn visit_none<E: de::Error>(self) -> Result<Text, E> {
            Ok(None)
        }
        fn visit_u64<E: de::Error>(self, number: u64) -> Result<Text, E> {
            Ok(Some(number.to_string()))
        }
        fn visit_str<E: de::Error>(self, text: &str) -> Result<Text, E> {
            Ok(Some(text.to_owned()))
        }
        fn visit_string<E: de::Error>(self, text: String) -> Result<Text, E> {
            Ok(Some(text))
        }
    }
    deserializer.deserialize_any(Either)
}

pub(super) fn parse(source: impl Read) -> Result<Docket, ReadFault> {
    let mut parser = serde_json::Deserializer::from_reader(source);
    let mut track = serde_path_to_error::Track::new();
    let tracked = serde_path_to_error::Deserializer::new(&mut parser, &mut track);
    let docket = Object::<Docket>::deserialize(tracked);
    docket
        .and_then(|Object(docket)| parser.end().map(|()| docket))
        .map_err(|error| ReadFault::from_parser(&track.path().to_string(), error))
}
