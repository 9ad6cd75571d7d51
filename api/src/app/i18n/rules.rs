//! The rules that fields break. They are said in English where they are checked, in the domain too, which
//! knows no languages; another language finds them by that text, as `gettext` does: `rule-…` in `en.ftl` is
//! the text with its variables, `rule-…` in the other files is the same rule in their words. A test reads
//! the sources and misses what has no translation.

use std::sync::LazyLock;

use fluent_bundle::{FluentArgs, FluentResource};
use fluent_syntax::ast::{Entry, Expression, InlineExpression, Message, PatternElement};

use super::{Language, current, source, written};

/// A text of the English file, in pieces.
struct Template {
    id: String,
    pieces: Vec<Piece>,
}

enum Piece {
    Text(String),
    Variable(String),
}

static TEMPLATES: LazyLock<Vec<Template>> = LazyLock::new(|| {
    let read = FluentResource::try_new(source(Language::English).to_owned()).unwrap_or_else(|(resource, _)| resource);
    let messages = read.entries().filter_map(|entry| match entry {
        Entry::Message(message) if message.id.name.starts_with("rule-") => Some(template(message)),
        _ => None,
    });
    messages.collect()
});

fn template(message: &Message<&str>) -> Template {
    let elements = message.value.iter().flat_map(|value| &value.elements);
    Template { id: message.id.name.to_owned(), pieces: elements.filter_map(piece).collect() }
}

fn piece(element: &PatternElement<&str>) -> Option<Piece> {
    match element {
        PatternElement::TextElement { value } => Some(Piece::Text((*value).to_owned())),
        PatternElement::Placeable { expression: Expression::Inline(inline) } => match inline {
            InlineExpression::StringLiteral { value } => Some(Piece::Text((*value).to_owned())),
            InlineExpression::VariableReference { id } => Some(Piece::Variable(id.name.to_owned())),
            _ => None,
        },
        PatternElement::Placeable { expression: Expression::Select { .. } } => None,
    }
}

impl Template {
    /// What the variables stand for in a text, if the text is this one.
    fn read<'t>(&'t self, text: &'t str) -> Option<Vec<(&'t str, &'t str)>> {
        let mut values = Vec::new();
        let mut rest = text;
        let mut open: Option<&str> = None;
        for piece in &self.pieces {
            match (piece, open.take()) {
                (Piece::Variable(name), _) => open = Some(name),
                (Piece::Text(expected), None) => rest = rest.strip_prefix(expected.as_str())?,
                (Piece::Text(expected), Some(name)) => {
                    let (value, behind) = rest.split_once(expected.as_str())?;
                    values.push((name, value));
                    rest = behind;
                }
            }
        }
        if let Some(name) = open {
            values.push((name, std::mem::take(&mut rest)));
        }
        rest.is_empty().then_some(values)
    }
}

/// A rule in another language; `None` for what nobody has translated.
pub(super) fn translated(language: Language, english: &str) -> Option<String> {
    let (id, values) = TEMPLATES.iter().find_map(|template| Some((&template.id, template.read(english)?)))?;
    let mut args = FluentArgs::with_capacity(values.len());
    for (name, value) in values {
        args.set(name, value);
    }
    Some(written(language, id, None, &args))
}

/// Writes a rule in the language of the request that is being answered.
///
/// # Errors
/// The serializer's.
pub fn in_its_language<S: serde::Serializer>(english: &str, serializer: S) -> Result<S::Ok, S::Error> {
    match current() {
        Language::English => serializer.serialize_str(english),
        language @ Language::Korean => match translated(language, english) {
            Some(text) => serializer.serialize_str(&text),
            None => serializer.serialize_str(english),
        },
    }
}
