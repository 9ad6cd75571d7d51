//! A form that came when the session had ended: the sign-in page carries it along, and whoever is let in is asked whether
//! to send it now. The service keeps nothing of it, and does nothing with it before that.

use askama::Template;
use axum::http::{HeaderMap, Uri, header};

use super::form::{Form, TOKEN};
use super::preferences::{Theme, local};
use super::text::Text;

/// Where the form was to go, among the fields of the sign-in page.
const TO: &str = "unsent-to";
/// The page that it was sent from.
const FROM: &str = "unsent-from";
/// What the names of its fields begin with there.
const FIELD: &str = "unsent.";

/// A form that was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unsent {
    to: String,
    from: String,
    fields: Vec<(String, String)>,
}

impl Unsent {
    /// What was sent to a page. Nothing where there is nothing to repeat, or where a page would have to show a password.
    pub(super) fn new(uri: &Uri, headers: &HeaderMap, form: Form) -> Option<Self> {
        let fields: Vec<_> = form.0.into_iter().filter(|(name, _)| name != TOKEN).collect();
        if fields.is_empty() || fields.iter().any(|(name, _)| name.to_ascii_lowercase().contains("password")) {
            return None;
        }
        let to = local(uri.path_and_query()?.as_str()).to_owned();
        Some(Self { to, from: local(&referrer(headers)).to_owned(), fields })
    }

    /// What a sign-in page has carried along.
    pub(super) fn carried(form: &Form) -> Option<Self> {
        let of = |(name, value): &(String, String)| Some((name.strip_prefix(FIELD)?.to_owned(), value.clone()));
        let fields: Vec<_> = form.0.iter().filter_map(of).collect();
        let (to, from) = (local(form.text(TO)?).to_owned(), local(form.raw(FROM)).to_owned());
        (!fields.is_empty()).then_some(Self { to, from, fields })
    }

    /// The fields that make a sign-in page carry it along.
    pub(super) fn fields_to_carry(&self) -> Vec<(String, String)> {
        let place = [(TO.to_owned(), self.to.clone()), (FROM.to_owned(), self.from.clone())];
        let fields = self.fields.iter().map(|(name, value)| (format!("{FIELD}{name}"), value.clone()));
        place.into_iter().chain(fields).collect()
    }
}

/// The path of the page that a form was sent from; browsers tell it to ourselves.
fn referrer(headers: &HeaderMap) -> String {
    let referrer = headers.get(header::REFERER).and_then(|value| value.to_str().ok());
    let uri = referrer.and_then(|referrer| referrer.parse::<Uri>().ok());
    uri.and_then(|uri| Some(uri.path_and_query()?.as_str().to_owned())).unwrap_or_default()
}

/// Asks whoever has signed in whether to send it now.
#[derive(Template)]
#[template(path = "send_again/send_again.html")]
pub(super) struct SendAgainPage<'a> {
    pub(super) text: Text,
    pub(super) theme: Theme,
    pub(super) unsent: &'a Unsent,
    /// The token of forms of the new session.
    pub(super) token: String,
    /// Who sends it now.
    pub(super) email: &'a str,
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn form(fields: &[(&str, &str)]) -> Form {
        Form(fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    fn unsent(fields: &[(&str, &str)]) -> Option<Unsent> {
        let mut headers = HeaderMap::new();
        headers.insert(header::REFERER, HeaderValue::from_static("http://ledger.example/ui/approvals?event=7"));
        Unsent::new(&Uri::from_static("/ui/approvals/1?event=7"), &headers, form(fields))
    }

    #[test]
    fn a_form_is_the_same_after_it_was_carried_through_the_sign_in() {
        let sent = [("token", "of the session that ended"), ("key", "k"), ("ids", "1"), ("ids", "2"), ("note", "a\nb")];
        let unsent = unsent(&sent).expect("there is something to repeat");
        assert_eq!((unsent.to.as_str(), unsent.from.as_str()), ("/ui/approvals/1?event=7", "/ui/approvals?event=7"));
        assert_eq!(unsent.fields, form(&sent[1..]).0);
        let signed_in = Form([form(&[("email", "e"), ("password", "p")]).0, unsent.fields_to_carry()].concat());
        assert_eq!(Unsent::carried(&signed_in), Some(unsent));
        assert_eq!(Unsent::carried(&form(&[("email", "e"), ("password", "p")])), None);
    }

    #[test]
    fn no_page_shows_a_password_and_none_leads_elsewhere() {
        assert_eq!(unsent(&[("token", "t")]), None);
        assert_eq!(unsent(&[("currentPassword", "p"), ("newPassword", "q")]), None);
        let forged = form(&[(TO, "https://evil.example/ui/"), (FROM, "//evil.example"), ("unsent.a", "b")]);
        let carried = Unsent::carried(&forged).expect("it has a field");
        assert_eq!((carried.to.as_str(), carried.from.as_str()), ("/ui", "/ui"));
    }
}
