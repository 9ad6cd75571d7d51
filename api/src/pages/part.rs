//! A part of a page with its own request: it shows the answer, or why there is none, and the rest of the page is not
//! affected.

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

/// Renders a part within its page.
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

/// Sends a part alone, which replaces the one of an open page.
pub(super) fn alone(html: &str) -> Response {
    page(&Alone { html })
}

/// Isolates a name within a sentence, because it may be written from right to left.
pub(super) fn isolated(name: &str) -> String {
    format!("\u{2068}{name}\u{2069}")
}
