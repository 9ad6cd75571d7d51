//! What staff ask for: a change of a wallet, or a word about one that waits.

use commands::{AdjustmentOrder, AdjustmentVerdict};
use domain::adjustment::Verdict;
use domain::id::{AdjustmentId, MemberId};
use domain::quantity::{MAX_COUNT, SignedAmount};
use domain::unit::UnitRefusal;
use domain::value::{Expiry, UnitCode};
use schemars::json_schema;
use serde_json::Value;

use crate::app::input::fields::{Broken, Fields, FromFields, Reader, reader, readers};
use crate::app::input::value::{quantity, unit_code};
use crate::http::auth::Caller;
use crate::http::headers::etag::IfMatch;

/// A change as it is asked for.
pub(super) struct AdjustmentDraft {
    unit: UnitCode,
    amount: SignedAmount,
    note: String,
    expiry: Option<Option<Expiry>>,
}

impl FromFields for AdjustmentDraft {
    fn read(fields: &mut Fields) -> Option<Self> {
        let unit = fields.optional("unit", unit_code());
        let amount = fields.required("amount", signed_amount());
        let note = fields.required("note", readers::note(1));
        // left out it is the unit's, `null` is never
        let expiry = fields.change_object::<Expiry>("expiry");
        if expiry.flatten().flatten().is_some_and(|expiry| !expiry.is_within_bounds()) {
            fields.report("expiry.date", Broken::new("range", UnitRefusal::DateOutOfBounds.to_string()));
            return None;
        }
        Some(Self { unit: unit?.unwrap_or_else(UnitCode::points), amount: amount?, note: note?, expiry: expiry? })
    }
}

/// More than nothing or, below zero, less.
fn signed_amount() -> impl Reader<Value = SignedAmount> {
    let schema =
        |_: &mut _| json_schema!({"type": "integer", "minimum": -MAX_COUNT, "maximum": MAX_COUNT, "not": {"const": 0}});
    quantity(-MAX_COUNT, MAX_COUNT).shown_as(reader(schema, Ok::<Value, Broken>))
}

impl AdjustmentDraft {
    /// The change as this caller asks for it.
    pub(super) fn ordered_by(self, caller: &Caller, id: AdjustmentId, member: MemberId) -> AdjustmentOrder {
        let Self { unit, amount, note, expiry } = self;
        AdjustmentOrder { id, member_id: member, unit, amount, operator_id: caller.id, note, expiry, at: caller.at }
    }
}

/// What somebody else says to a change. The note is kept in the log for ever: no personal data belongs in it.
#[derive(Debug, Clone)]
pub(super) struct Decision {
    verdict: Verdict,
    note: Option<String>,
}

impl FromFields for Decision {
    fn read(fields: &mut Fields) -> Option<Self> {
        let verdicts = [("APPROVED", Verdict::Approve), ("REJECTED", Verdict::Reject)];
        let verdict = fields.required("status", readers::choice(verdicts));
        let note = fields.nullable("note", readers::note(0));
        Some(Self { verdict: verdict?, note: note?.filter(|note| !note.is_empty()) })
    }
}

impl Decision {
    /// The word as this caller says it.
    pub(super) fn said_by(self, caller: &Caller, id: AdjustmentId, seen: &IfMatch) -> AdjustmentVerdict {
        let Self { verdict, note } = self;
        let seen = seen.seen().map(<[i64]>::to_vec);
        AdjustmentVerdict { id, operator_id: caller.id, verdict, note, seen, at: caller.at }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::input::fields::read;
    use serde_json::json;

    #[test]
    fn what_is_given_or_taken_is_never_nothing_and_has_a_reason() {
        let draft = |field: &str, value: Value| {
            let mut body = json!({"amount": -5, "note": "Twice in the shop.", "expiry": {"date": "2027-01-31"}});
            body[field] = value;
            read::<AdjustmentDraft>(body, "").map_err(|errors| errors[0].field().to_owned())
        };
        let taken = draft("amount", json!(-5)).unwrap_or_else(|field| panic!("{field}"));
        assert_eq!((taken.unit, taken.amount.get()), (UnitCode::points(), -5));
        assert!(taken.expiry.flatten().is_some());
        let for_ever = draft("expiry", json!(null)).unwrap_or_else(|field| panic!("{field}"));
        assert_eq!(for_ever.expiry, Some(None));
        for (field, value, named) in [
            ("amount", json!(0), "amount"),
            ("amount", json!(1.5), "amount"),
            ("amount", json!(-1_000_000_001), "amount"),
            ("note", json!(" "), "note"),
            ("expiry", json!({"date": "9999-01-01"}), "expiry.date"),
        ] {
            assert_eq!(draft(field, value).err().as_deref(), Some(named));
        }
    }
}
