//! What a shop sends: the code of a coupon, and what it calls the use. A code that no code could look like is an unknown one.

use domain::id::MemberId;
use domain::spend::HoldTime;
use domain::value::Reference;
use uuid::Uuid;

use crate::app::input::fields::{Fields, FromFields, readers};
use crate::app::input::value::{hold_time, reference};

/// The longest text that is looked at as a code, in characters.
const MAX_CODE_CHARS: usize = 128;

/// The text that shall be a code: a secret, which shows itself to nobody by accident.
pub(super) struct TypedCode(pub(super) String);

impl TypedCode {
    fn read(fields: &mut Fields) -> Option<Self> {
        fields.required("code", readers::text(1, MAX_CODE_CHARS)).map(Self)
    }
}

/// A coupon to be looked at.
pub(super) struct ValidateDraft {
    pub(super) code: TypedCode,
    pub(super) member: Option<MemberId>,
}

impl FromFields for ValidateDraft {
    const IS_SECRET: bool = true;

    fn read(fields: &mut Fields) -> Option<Self> {
        let code = TypedCode::read(fields);
        let member = fields.optional("memberId", readers::id::<Uuid>());
        Some(Self { code: code?, member: member?.map(MemberId) })
    }
}

/// A use of a coupon as it is asked for.
pub(super) struct RedeemDraft {
    pub(super) code: TypedCode,
    pub(super) reference: Reference,
    pub(super) member: Option<MemberId>,
    pub(super) hold: Option<HoldTime>,
}

impl FromFields for RedeemDraft {
    const IS_SECRET: bool = true;

    fn read(fields: &mut Fields) -> Option<Self> {
        let code = TypedCode::read(fields);
        let reference = fields.required("reference", reference());
        let member = fields.optional("memberId", readers::id::<Uuid>());
        let hold = fields.optional("hold", readers::boolean());
        // a use at once holds nothing: how long it would be is read and not needed
        let expires_after = fields.optional("expiresAfter", hold_time());
        let expires_after = expires_after?.unwrap_or_default();
        Some(Self {
            code: code?,
            reference: reference?,
            member: member?.map(MemberId),
            hold: hold?.unwrap_or(false).then_some(expires_after),
        })
    }
}

/// Why a coupon is voided.
pub(super) struct VoidDraft {
    pub(super) note: String,
}

impl FromFields for VoidDraft {
    fn read(fields: &mut Fields) -> Option<Self> {
        Some(Self { note: fields.required("note", readers::note(1))? })
    }
}
