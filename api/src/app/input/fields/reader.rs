//! A reader takes one value and says what is wrong with it; the same reader says what it takes. It
//! knows no field.

use schemars::{Schema, SchemaGenerator};
use serde_json::Value;

use super::Broken;

/// Reads a single value, and describes what it reads.
pub trait Reader {
    /// What is read.
    type Value;

    /// Reads a value.
    ///
    /// # Errors
    /// The first rule that it breaks.
    fn read(&self, value: Value) -> Result<Self::Value, Broken>;

    /// What can be read, for the API document.
    fn schema(&self, generator: &mut SchemaGenerator) -> Schema;

    /// Goes on with what was read: `number(1, 10).then(|number| Amount::try_from(number)…)`.
    fn then<U>(self, next: impl Fn(Self::Value) -> Result<U, Broken>) -> impl Reader<Value = U>
    where
        Self: Sized,
    {
        Then { first: self, next }
    }

    /// Describes it as another reader does, for what is read in two steps.
    fn shown_as(self, other: impl Reader) -> impl Reader<Value = Self::Value>
    where
        Self: Sized,
    {
        Shown { reader: self, other }
    }
}

/// A reader from its two halves.
pub fn reader<T>(
    schema: impl Fn(&mut SchemaGenerator) -> Schema,
    read: impl Fn(Value) -> Result<T, Broken>,
) -> impl Reader<Value = T> {
    Halves { schema, read }
}

struct Halves<S, R> {
    schema: S,
    read: R,
}

impl<T, S, R> Reader for Halves<S, R>
where
    S: Fn(&mut SchemaGenerator) -> Schema,
    R: Fn(Value) -> Result<T, Broken>,
{
    type Value = T;

    fn read(&self, value: Value) -> Result<T, Broken> {
        (self.read)(value)
    }

    fn schema(&self, generator: &mut SchemaGenerator) -> Schema {
        (self.schema)(generator)
    }
}

struct Then<R, F> {
    first: R,
    next: F,
}

impl<U, R: Reader, F: Fn(R::Value) -> Result<U, Broken>> Reader for Then<R, F> {
    type Value = U;

    fn read(&self, value: Value) -> Result<U, Broken> {
        self.first.read(value).and_then(&self.next)
    }

    fn schema(&self, generator: &mut SchemaGenerator) -> Schema {
        self.first.schema(generator)
    }
}

struct Shown<R, O> {
    reader: R,
    other: O,
}

impl<R: Reader, O: Reader> Reader for Shown<R, O> {
    type Value = R::Value;

    fn read(&self, value: Value) -> Result<R::Value, Broken> {
        self.reader.read(value)
    }

    fn schema(&self, generator: &mut SchemaGenerator) -> Schema {
        self.other.schema(generator)
    }
}
