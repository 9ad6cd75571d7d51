//! The filtered claims as a CSV file.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

use super::filter::Filter;
use super::{Claims, Line};
use crate::pages::client::{FieldRefused, Refused};
use crate::pages::failure::Failure;
use crate::pages::value::{Amount, Credit};
use crate::pages::visit::{STAFF, Visit};

const HEADER: &str = "id,status,reason,userId,eventId,event,reward,type,amount,period,createdAt,updatedAt,creditUnit,\
                      creditAmount,creditAvailableFrom,creditExpiresAt,paidUnit,paidAmount\r\n";

/// How many pages of 200 claims a file holds at most.
const CSV_PAGES: usize = 50;

/// The filtered claims as a file, newest first, at most 10,000.
pub(super) async fn csv(visit: Visit) -> Result<Response, Failure> {
    visit.only(STAFF)?;
    let filter = Filter::of(&visit);
    if let Some((field, message)) = filter.errors.first() {
        let error = FieldRefused { field: field.clone(), message: message.clone() };
        return Err(Failure::from(Refused {
            status: 400,
            code: "validation_failed".to_owned(),
            title: visit.text.say("ui-decide-to-correct"),
            detail: String::new(),
            errors: vec![error],
            instance: String::new(),
            more: serde_json::Map::new(),
        }));
    }
    let mut file = HEADER.to_owned();
    let mut cursor: Option<String> = None;
    for _ in 0..CSV_PAGES {
        let Claims { claims, next_cursor } = filter.ask(&visit, cursor.as_deref(), "200").await?;
        for line in &claims {
            line.write(&mut file);
        }
        cursor = next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8")),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"claims.csv\"")),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, no-store")),
    ];
    Ok((headers, file).into_response())
}

impl Line {
    fn write(&self, file: &mut String) {
        let (created, updated) = (self.created_at.to_string(), self.updated_at.to_string());
        let amount = self.reward.amount.to_string();
        let [unit, credited, from, until] = self.credit.as_ref().map(Credit::cells).unwrap_or_default();
        let [paid_in, paid] = self.paid.as_ref().map(Amount::cells).unwrap_or_default();
        let cells = [
            &self.id,
            &self.status,
            self.reason.as_deref().unwrap_or_default(),
            &self.user_id,
            &self.event_id,
            self.event.name.as_deref().unwrap_or_default(),
            self.reward.name.as_deref().unwrap_or_default(),
            &self.reward.kind,
            &amount,
            &self.period,
            &created,
            &updated,
            &unit,
            &credited,
            &from,
            &until,
            &paid_in,
            &paid,
        ];
        for (at, cell) in cells.iter().enumerate() {
            if at > 0 {
                file.push(',');
            }
            file.push_str(&quoted(cell));
        }
        file.push_str("\r\n");
    }
}

/// A quoted cell. An apostrophe comes before text that a spreadsheet would read as a formula.
fn quoted(cell: &str) -> String {
    let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let cell = cell.replace('"', "\"\"");
    if formula { format!("\"'{cell}\"") } else { format!("\"{cell}\"") }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_cell_is_a_text_and_never_a_formula() {
        for (cell, written) in [("Coffee", "\"Coffee\""), ("a \"b\", c", "\"a \"\"b\"\", c\""), ("=1+1", "\"'=1+1\"")] {
            assert_eq!(quoted(cell), written);
        }
    }
}
