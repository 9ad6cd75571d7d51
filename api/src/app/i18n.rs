//! What the service says to people, in the language they read. Texts are in `messages/*.ftl` and nowhere
//! else; in the code stands a [`Said`]: what is meant, with its numbers. It becomes words when it is
//! written into an answer, in the language of the request that is being answered.
//!
//! To say something new: a line in `i18n/phrases.rs`, and the text in both files. Then
//! `message: phrases::reward_created()` in an answer (its field is a [`Said`]), or `say(language, &said)`
//! where the words are wanted as text. A code of its own (`problem/codes.rs`) has its title, `.about` and
//! `.remedy` under `problem-<code>`. A rule of a field is said in English where it is checked, and stands in
//! both files as `rule-…` (see `i18n/rules.rs`). Codes, rules and ids are for programs and are never translated.

mod language;
pub mod phrases;
pub mod rules;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;
use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Serialize, Serializer};

pub use language::{Language, current, speaking, while_speaking};

/// Something to be said: what is meant, not yet in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    id: Cow<'static, str>,
    args: Vec<(&'static str, Arg)>,
}

/// What a phrase is filled with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arg {
    /// A number.
    Number(i64),
    /// A text that is the same in every language: a name, an example, a list of choices.
    Text(String),
    /// Words that have their own translation.
    Words(Said),
}

impl From<i64> for Arg {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<usize> for Arg {
    fn from(number: usize) -> Self {
        Self::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<&str> for Arg {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Arg {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Said> for Arg {
    fn from(words: Said) -> Self {
        Self::Words(words)
    }
}

impl Said {
    pub(crate) fn new(id: impl Into<Cow<'static, str>>, args: Vec<(&'static str, Arg)>) -> Self {
        Self { id: id.into(), args }
    }

    fn values(&self, language: Language) -> FluentArgs<'_> {
        let mut values = FluentArgs::with_capacity(self.args.len());
        for (name, arg) in &self.args {
            let value: FluentValue<'_> = match arg {
                // a number of the format is a float: what it cannot hold is written out
                Arg::Number(number) if number.unsigned_abs() <= 1 << 53 => (*number).into(),
                Arg::Number(number) => number.to_string().into(),
                Arg::Text(text) => text.as_str().into(),
                Arg::Words(words) => say(language, words).into(),
            };
            values.set(*name, value);
        }
        values
    }
}

/// In the language of the request that is being answered.
impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&say(current(), self))
    }
}

/// In the language of the request that is being answered.
impl JsonSchema for Said {
    fn schema_name() -> Cow<'static, str> {
        "Said".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        String::json_schema(generator)
    }
}

impl Serialize for Said {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Puts something into words.
#[must_use]
pub fn say(language: Language, said: &Said) -> String {
    written(language, &said.id, None, &said.values(language))
}

/// What is said of a problem's code: its title, or the attribute `about` or `remedy`.
pub(crate) fn say_of_code(language: Language, code: &str, attribute: Option<&str>) -> String {
    written(language, &format!("problem-{code}"), attribute, &FluentArgs::new())
}

fn written(language: Language, id: &str, attribute: Option<&str>, values: &FluentArgs<'_>) -> String {
    let bundle = bundle(language);
    let message = bundle.get_message(id);
    let pattern = match attribute {
        None => message.and_then(|message| message.value()),
        Some(name) => message.and_then(|message| message.get_attribute(name)).map(|attribute| attribute.value()),
    };
    // every phrase and every code has its words: the tests compare the lists
    let Some(pattern) = pattern else { return id.to_owned() };
    bundle.format_pattern(pattern, Some(values), &mut vec![]).into_owned()
}

pub(crate) type Bundle = FluentBundle<FluentResource>;

fn bundle(language: Language) -> &'static Bundle {
    static ENGLISH: LazyLock<Bundle> = LazyLock::new(|| read(Language::English));
    static KOREAN: LazyLock<Bundle> = LazyLock::new(|| read(Language::Korean));
    match language {
        Language::English => &ENGLISH,
        Language::Korean => &KOREAN,
    }
}

fn source(language: Language) -> &'static str {
    match language {
        Language::English => include_str!("i18n/messages/en.ftl"),
        Language::Korean => include_str!("i18n/messages/ko.ftl"),
    }
}

fn read(language: Language) -> Bundle {
    bundle_of(language, [source(language)])
}

/// The messages of a language from their sources; of two with one id the later one counts. A source's messages that
/// cannot be parsed are left out, and missed by the tests.
pub(crate) fn bundle_of(language: Language, sources: impl IntoIterator<Item = &'static str>) -> Bundle {
    let mut bundle = Bundle::new_concurrent(language.tag().parse().into_iter().collect());
    // no isolation marks around variables: pages isolate names where they show them
    bundle.set_use_isolating(false);
    for source in sources {
        let resource = FluentResource::try_new(source.to_owned()).unwrap_or_else(|(resource, _)| resource);
        bundle.add_resource_overriding(resource);
    }
    bundle
}
