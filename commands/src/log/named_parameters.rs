//! SQL whose parameters have names: `{position}` is a value, `from {grants}` a set of rows that is sent column by column.
//!
//! A name is written once beside its value, and the numbers and array types (`$7::TEXT[]`) follow from the order and the
//! types of what is bound, so that they cannot drift apart. The text is written when a statement is first used and stays
//! the same, because a connection finds its prepared statement by it. It knows no table.

use std::fmt::Write as _;
use std::sync::OnceLock;

use sqlx::error::BoxDynError;
use sqlx::postgres::PgArguments;
use sqlx::query::Query;
use sqlx::{Arguments as _, Encode, Postgres, Type, TypeInfo as _};

/// A statement with named parameters, kept in a `static`.
pub(crate) struct NamedStatement {
    template: &'static str,
    text: OnceLock<String>,
}

impl NamedStatement {
    pub(crate) const fn new(template: &'static str) -> Self {
        Self { template, text: OnceLock::new() }
    }

    /// Begins to bind the parameters: all of them, always in the same order.
    pub(crate) fn bind(&'static self) -> Parameters {
        let replaced = self.text.get().is_none().then(Vec::new);
        Parameters { statement: self, arguments: PgArguments::default(), replaced, failed: None }
    }
}

/// The parameters that are bound so far.
pub(crate) struct Parameters {
    statement: &'static NamedStatement,
    arguments: PgArguments,
    /// What stands in the text for each name, until the text is written.
    replaced: Option<Vec<(&'static str, String)>>,
    failed: Option<BoxDynError>,
}

impl Parameters {
    /// Binds one value: `{name}` becomes its number.
    pub(crate) fn value<'q, T>(mut self, name: &'static str, value: T) -> Self
    where
        T: 'q + Encode<'q, Postgres> + Type<Postgres>,
    {
        self.add(value);
        let number = self.arguments.len();
        if let Some(replaced) = &mut self.replaced {
            replaced.push((name, format!("${number}")));
        }
        self
    }

    /// Binds rows, a column at a time: `{name}` becomes `unnest(…) as name (…)`.
    pub(crate) fn rows<I: Iterator + Clone>(self, name: &'static str, rows: I) -> Columns<I> {
        Columns { parameters: self, name, rows, arrays: String::new(), columns: String::new(), ordinality: "" }
    }

    fn add<'q, T>(&mut self, value: T)
    where
        T: 'q + Encode<'q, Postgres> + Type<Postgres>,
    {
        if let Err(error) = self.arguments.add(value) {
            self.failed.get_or_insert(error);
        }
    }

    /// The statement with its parameters.
    ///
    /// # Errors
    /// A value could not be encoded.
    pub(crate) fn query(self) -> Result<Query<'static, Postgres, PgArguments>, sqlx::Error> {
        if let Some(error) = self.failed {
            return Err(sqlx::Error::Encode(error));
        }
        let NamedStatement { template, text } = self.statement;
        let text = text.get_or_init(|| replaced(template, &self.replaced.unwrap_or_default()));
        Ok(sqlx::query_with(text, self.arguments))
    }
}

/// The columns of a set of rows that are bound so far.
pub(crate) struct Columns<I> {
    parameters: Parameters,
    name: &'static str,
    rows: I,
    arrays: String,
    columns: String,
    ordinality: &'static str,
}

impl<I: Iterator + Clone> Columns<I> {
    /// Binds one column as an array of the type that PostgreSQL has for its values.
    pub(crate) fn column<'q, T>(mut self, name: &'static str, value: impl FnMut(I::Item) -> T) -> Self
    where
        Vec<T>: 'q + Encode<'q, Postgres> + Type<Postgres>,
    {
        self.parameters.add(self.rows.clone().map(value).collect::<Vec<T>>());
        if self.parameters.replaced.is_some() {
            let comma = if self.arrays.is_empty() { "" } else { ", " };
            let (number, array) = (self.parameters.arguments.len(), <Vec<T> as Type<Postgres>>::type_info());
            // writing to a string cannot fail
            let _ = write!(self.arrays, "{comma}${number}::{}", array.name());
            self.columns.extend([comma, name]);
        }
        self
    }

    /// Numbers the rows from 1 in a last column, `number`.
    pub(crate) fn numbered(mut self) -> Self {
        self.ordinality = " with ordinality";
        self.columns.push_str(", number");
        self
    }

    /// Goes on with the other parameters.
    pub(crate) fn end(self) -> Parameters {
        let Self { mut parameters, name, arrays, columns, ordinality, .. } = self;
        if let Some(replaced) = &mut parameters.replaced {
            replaced.push((name, format!("unnest({arrays}){ordinality} as {name} ({columns})")));
        }
        parameters
    }
}

/// The template with every `{name}` replaced; a name that nothing was bound to stays, and PostgreSQL refuses it.
fn replaced(template: &str, names: &[(&str, String)]) -> String {
    names.iter().fold(template.to_owned(), |text, (name, with)| text.replace(&format!("{{{name}}}"), with))
}

#[cfg(test)]
mod tests {
    use sqlx::Execute as _;
    use uuid::Uuid;

    use super::*;

    static STATEMENT: NamedStatement =
        NamedStatement::new("select * from {wanted} where id < {limit} union select * from {wanted}");

    fn bound(rows: &[(Uuid, Option<&str>)], limit: i64) -> Query<'static, Postgres, PgArguments> {
        let parameters = STATEMENT.bind().rows("wanted", rows.iter());
        let parameters = parameters.column("id", |row| row.0).column("name", |row| row.1).numbered().end();
        parameters.value("limit", limit).query().unwrap()
    }

    #[test]
    fn numbers_and_types_follow_from_what_is_bound() {
        let wanted = "unnest($1::UUID[], $2::TEXT[]) with ordinality as wanted (id, name, number)";
        let text = format!("select * from {wanted} where id < $3 union select * from {wanted}");
        let (mut none, mut some) = (bound(&[], 1), bound(&[(Uuid::nil(), None), (Uuid::max(), Some("max"))], 2));
        assert_eq!(none.sql(), text);
        assert_eq!(none.take_arguments().unwrap().unwrap().len(), 3);
        assert!(std::ptr::eq(none.sql(), some.sql()), "the text is the same for any number of rows");
        assert_eq!(some.take_arguments().unwrap().unwrap().len(), 3);
    }
}
