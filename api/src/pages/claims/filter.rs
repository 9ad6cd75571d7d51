//! The filter of the list of claims: what was typed, the query that it becomes, and its errors.

use chrono::NaiveDate;
use domain::zone::first_moment;

use super::Claims;
use crate::pages::claim::id_of;
use crate::pages::client::Refused;
use crate::pages::text::Text;
use crate::pages::visit::Visit;

/// The filter as it was typed, and its errors.
pub(super) struct Filter {
    pub(super) status: String,
    pub(super) event: String,
    pub(super) member: String,
    pub(super) from: String,
    pub(super) to: String,
    query: Vec<(&'static str, String)>,
    pub(super) errors: Vec<(String, String)>,
}

/// The form field for a field that the API names.
pub(super) fn field_of(field: &str) -> String {
    match field.trim_start_matches("query.") {
        "eventId" => "event",
        "userId" => "member",
        other => other,
    }
    .to_owned()
}

impl Filter {
    pub(super) fn of(visit: &Visit) -> Self {
        let typed = |name: &str| visit.asked(name).unwrap_or_default().trim().to_owned();
        let mut filter = Self {
            status: typed("status"),
            event: typed("event"),
            member: typed("member"),
            from: typed("from"),
            to: typed("to"),
            query: vec![],
            errors: vec![],
        };
        let text = visit.text;
        if !filter.status.is_empty() {
            filter.query.push(("status", filter.status.clone()));
        }
        filter.id("event", "eventId", &filter.event.clone(), text);
        filter.id("member", "userId", &filter.member.clone(), text);
        filter.day("from", &filter.from.clone(), 0, text);
        // the last day is included
        filter.day("to", &filter.to.clone(), 1, text);
        filter
    }

    fn id(&mut self, name: &'static str, asked: &'static str, typed: &str, text: Text) {
        match id_of(typed) {
            _ if typed.is_empty() => {}
            Ok(id) => self.query.push((asked, id)),
            Err(_) => self.errors.push((name.to_owned(), text.say("ui-claims-no-id"))),
        }
    }

    fn day(&mut self, name: &'static str, typed: &str, later: u64, text: Text) {
        let date = NaiveDate::parse_from_str(typed, "%Y-%m-%d").ok();
        match date.and_then(|date| date.checked_add_days(chrono::Days::new(later))) {
            _ if typed.is_empty() => {}
            Some(date) => self.query.push((name, first_moment(date, text.zone).to_string())),
            None => self.errors.push((name.to_owned(), text.say("ui-claims-no-day"))),
        }
    }

    pub(super) async fn ask(&self, visit: &Visit, cursor: Option<&str>, limit: &str) -> Result<Claims, Refused> {
        let mut query: Vec<(&str, &str)> = self.query.iter().map(|(name, value)| (*name, value.as_str())).collect();
        query.push(("limit", limit));
        query.extend(cursor.map(|cursor| ("cursor", cursor)));
        visit.api.get("/claims", &query).await
    }

    pub(super) fn error_of(&self, field: &str) -> Option<&str> {
        self.errors.iter().find(|(of, _)| *of == field).map(|(_, message)| message.as_str())
    }
}
