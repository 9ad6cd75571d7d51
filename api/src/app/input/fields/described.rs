//! The other use of `FromFields`: nothing is read, but every field that is asked for is written down
//! with its schema. So a field cannot be read and not be described, nor the other way round.

use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value};

use super::{Fields, FromFields};
use crate::app::problem::Code;

/// What a request is read from.
#[derive(Debug, Default)]
pub struct Description {
    /// By name, in the order of asking.
    pub fields: Vec<Field>,
    /// Whether one of them must be there.
    pub at_least_one: bool,
    /// Codes that the reading can lead to, besides the general ones.
    pub codes: Vec<Code>,
}

/// One field.
#[derive(Debug)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// What it may hold.
    pub schema: Schema,
    /// Whether it must be there.
    pub required: bool,
}

impl Description {
    /// As the schema of an object.
    #[must_use]
    pub fn into_object(self) -> Schema {
        let required: Vec<_> =
            self.fields.iter().filter(|field| field.required).map(|field| field.name.clone()).collect();
        let properties: Map<_, _> =
            self.fields.into_iter().map(|field| (field.name, Value::from(field.schema))).collect();
        let mut schema = json_schema!({"type": "object", "properties": properties, "additionalProperties": false});
        if !required.is_empty() {
            schema.insert("required".to_owned(), required.into());
        }
        if self.at_least_one {
            schema.insert("minProperties".to_owned(), 1.into());
        }
        schema
    }
}

/// Describes a request.
pub fn describe<T: FromFields>(generator: &mut SchemaGenerator) -> Description {
    let sketch = Sketch { generator: std::mem::take(generator), fields: vec![], at_least_one: false, codes: vec![] };
    let mut fields = Fields { sketch: Some(Box::new(sketch)), ..Fields::of(Map::new(), "") };
    let _ = T::read(&mut fields);
    let Some(sketch) = fields.sketch else { return Description::default() };
    let Sketch { generator: used, fields, at_least_one, codes } = *sketch;
    *generator = used;
    Description { fields, at_least_one, codes }
}

/// What is written down while the fields are asked for.
#[derive(Debug)]
pub(super) struct Sketch {
    pub(super) generator: SchemaGenerator,
    pub(super) at_least_one: bool,
    pub(super) codes: Vec<Code>,
    fields: Vec<Field>,
}

impl Sketch {
    pub(super) fn add(&mut self, name: &str, schema: Schema, required: bool, nullable: bool) {
        let schema = if nullable { json_schema!({"anyOf": [schema, {"type": "null"}]}) } else { schema };
        self.fields.push(Field { name: name.to_owned(), schema, required });
    }

    pub(super) fn nested<T: FromFields>(&mut self, name: &str, required: bool, nullable: bool) {
        let schema = describe::<T>(&mut self.generator).into_object();
        self.add(name, schema, required, nullable);
    }
}
