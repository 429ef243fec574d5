//! Types that take another one's members into their own (`#[serde(flatten)]`). Their description is `allOf` at first, and
//! the part is often what a request sends, which allows no further members: together with the rest nothing could be both.
//! So the members are laid together in one object. An answer stays open, for members that come later.

use std::collections::BTreeMap;
use utoipa::openapi::schema::{AdditionalProperties, AllOf, ArrayItems, Object, SchemaType, Type};
use utoipa::openapi::{Components, Ref, RefOr, Schema};

/// A schema that leads deeper than this leads to itself.
const DEPTH: usize = 16;

/// The described types before any was laid together.
type Known = BTreeMap<String, RefOr<Schema>>;

/// Lays the members together in every type that is composed.
pub(super) fn lay_together(components: &mut Components) {
    let known: Known =
        components.schemas.iter().map(|(name, schema)| (name.clone(), schema.clone())).collect();
    for schema in components.schemas.values_mut() {
        within(&known, schema, DEPTH);
    }
}

fn within(known: &Known, schema: &mut RefOr<Schema>, depth: usize) {
    let (RefOr::T(schema), Some(depth)) = (schema, depth.checked_sub(1)) else { return };
    if let Schema::AllOf(all) = schema
        && let Some(object) = object(known, all, depth)
    {
        *schema = Schema::Object(object);
    }
    match schema {
        Schema::Array(list) => {
            if let ArrayItems::RefOrSchema(items) = &mut list.items {
                within(known, items, depth);
            }
        }
        Schema::Object(object) => {
            object.properties.values_mut().for_each(|member| within(known, member, depth));
        }
        Schema::OneOf(one) => one.items.iter_mut().for_each(|choice| within(known, choice, depth)),
        Schema::AllOf(all) => all.items.iter_mut().for_each(|part| within(known, part, depth)),
        Schema::AnyOf(any) => any.items.iter_mut().for_each(|choice| within(known, choice, depth)),
        _ => {}
    }
}

/// One object with the members of all parts; nothing when a part is no object with members.
fn object(known: &Known, all: &AllOf, depth: usize) -> Option<Object> {
    let mut whole = Object::with_type(Type::Object);
    whole.title.clone_from(&all.title);
    whole.description.clone_from(&all.description);
    whole.example.clone_from(&all.example);
    whole.examples.clone_from(&all.examples);
    for part in &all.items {
        let part = members(known, part, depth)?;
        whole.properties.extend(part.properties);
        whole.required.extend(part.required);
    }
    Some(whole)
}

fn members(known: &Known, part: &RefOr<Schema>, depth: usize) -> Option<Object> {
    let depth = depth.checked_sub(1)?;
    match part {
        RefOr::Ref(reference) => members(known, known.get(name(reference)?)?, depth),
        RefOr::T(Schema::AllOf(all)) => object(known, all, depth),
        // Either all of it is there or nothing, so that nothing must be.
        RefOr::T(Schema::OneOf(one)) => {
            let mut choices = one.items.iter().filter(|choice| !is_null(choice));
            let (only, None) = (choices.next()?, choices.next()) else { return None };
            let mut members = members(known, only, depth)?;
            members.required.clear();
            Some(members)
        }
        RefOr::T(Schema::Object(object)) => {
            let names_any = matches!(
                object.additional_properties.as_deref(),
                Some(AdditionalProperties::RefOr(_) | AdditionalProperties::FreeForm(true))
            );
            (object.schema_type == SchemaType::Type(Type::Object) && !names_any).then(|| object.clone())
        }
        RefOr::T(_) => None,
    }
}

fn name(reference: &Ref) -> Option<&str> {
    reference.ref_location.strip_prefix("#/components/schemas/")
}

fn is_null(choice: &RefOr<Schema>) -> bool {
    matches!(choice, RefOr::T(Schema::Object(object)) if object.schema_type == SchemaType::Type(Type::Null))
}
