//! A part of a page that has its own question: what it shows, or why it cannot be shown now. The rest of the page stays.

use askama::Template;
use axum::response::Response;

use super::client::Refused;
use super::response::page;
use super::text::Text;

#[derive(Template)]
#[template(path = "part/away.html")]
struct Away<'a> {
    text: Text,
    refused: &'a Refused,
}

impl Away<'_> {
    fn words(&self) -> String {
        self.text.say(if self.refused.code == "projection_behind" { "ui-part-behind" } else { "ui-part-away" })
    }

    fn id(&self) -> &str {
        self.refused.instance.trim_start_matches("urn:uuid:")
    }
}

#[derive(Template)]
#[template(source = "{{ html|safe }}", ext = "html")]
struct Alone<'a> {
    html: &'a str,
}

/// A part as it stands in a page.
pub(super) fn part<T: Template>(text: Text, answer: Result<T, Refused>) -> String {
    let html = match &answer {
        Ok(part) => part.render(),
        Err(refused) => Away { text, refused }.render(),
    };
    html.unwrap_or_else(|error| {
        tracing::error!(%error, "a part of a page cannot be written");
        String::new()
    })
}

/// A part that is asked for alone, to take the place of an older one.
pub(super) fn alone(html: &str) -> Response {
    page(&Alone { html })
}

/// A name within a sentence, which may be written from right to left.
pub(super) fn isolated(name: &str) -> String {
    format!("\u{2068}{name}\u{2069}")
}
