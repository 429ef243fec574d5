use headroom::heap_profile::{HeapProfile, Mapping, StackUse};
use serde::ser::{Serialize, SerializeStruct as _, Serializer};

/// A profile as JSON, written stack by stack and never built as a whole.
pub(super) struct Inventory<'a>(pub(super) &'a HeapProfile);

impl Serialize for Inventory<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (profile, total) = (self.0, self.0.total());
        let mut object = serializer.serialize_struct("Inventory", 5)?;
        object.serialize_field("sampleBytes", &profile.sample_bytes)?;
        object.serialize_field("objects", &total.objects)?;
        object.serialize_field("bytes", &total.bytes)?;
        object.serialize_field("mappings", &Mappings(profile.mappings()))?;
        object.serialize_field("stacks", &Stacks(profile))?;
        object.end()
    }
}

struct Mappings<'a>(&'a [Mapping]);

impl Serialize for Mappings<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(Code))
    }
}

struct Code<'a>(&'a Mapping);

impl Serialize for Code<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Mapping", 5)?;
        object.serialize_field("path", &self.0.path)?;
        object.serialize_field("buildId", &self.0.build_id)?;
        object.serialize_field("start", &format_args!("{:#x}", self.0.start))?;
        object.serialize_field("end", &format_args!("{:#x}", self.0.end))?;
        object.serialize_field("offset", &format_args!("{:#x}", self.0.offset))?;
        object.end()
    }
}

struct Stacks<'a>(&'a HeapProfile);

impl Serialize for Stacks<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.stacks().map(|stack| Use(self.0, stack)))
    }
}

struct Use<'a>(&'a HeapProfile, StackUse<'a>);

impl Serialize for Use<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Stack", 3)?;
        object.serialize_field("bytes", &self.1.used.bytes)?;
        object.serialize_field("objects", &self.1.used.objects)?;
        object.serialize_field("calls", &Calls(self.0, self.1.addresses))?;
        object.end()
    }
}

/// Innermost first, as places in their files.
struct Calls<'a>(&'a HeapProfile, &'a [u64]);

impl Serialize for Calls<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.1.iter().map(|address| Written(self.0.place(*address))))
    }
}

struct Written<'a>(headroom::heap_profile::Place<'a>);

impl Serialize for Written<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}
