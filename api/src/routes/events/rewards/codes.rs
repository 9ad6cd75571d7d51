//! The codes that a reward hands out: what is said of them when it is created, and how they are shown.

use domain::campaign::{CodesTerms, RewardValue};
use domain::quantity::{MAX_COUNT, UseLimit};
use schemars::JsonSchema;
use serde::Serialize;

use crate::app::input::fields::{Broken, Fields, readers};
use crate::app::input::value::quantity;

/// `codes: true`, and what each code is good for; without it nothing of that is said.
pub(super) fn read(fields: &mut Fields) -> Option<Option<CodesTerms>> {
    let codes = fields.optional("codes", readers::boolean());
    let max_uses = fields.optional("maxUses", quantity::<UseLimit>(1, MAX_COUNT));
    let bound = fields.optional("bound", readers::boolean());
    let (codes, max_uses, bound) = (codes?, max_uses?, bound?);
    if codes == Some(true) {
        return Some(Some(CodesTerms { max_uses: max_uses.unwrap_or_default(), bound: bound.unwrap_or(false) }));
    }
    let mut is_good = true;
    for (field, _) in [("maxUses", max_uses.is_some()), ("bound", bound.is_some())].into_iter().filter(|(_, is)| *is) {
        fields.report(field, Broken::new("contradiction", "is for rewards with `codes: true` alone"));
        is_good = false;
    }
    is_good.then_some(None)
}

/// What the codes of a reward are good for.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CodesOfReward")]
pub(super) struct CodesBody {
    /// Each grant hands out a code.
    codes: bool,
    /// How often each may be redeemed; null where there are none.
    max_uses: Option<i64>,
    /// Nobody but the member to whom one was granted may redeem it; null where there are none.
    bound: Option<bool>,
}

impl CodesBody {
    pub(super) fn of(value: Option<&RewardValue>) -> Self {
        let terms = value.and_then(|value| value.codes);
        Self {
            codes: terms.is_some(),
            max_uses: terms.map(|terms| terms.max_uses.get()),
            bound: terms.map(|terms| terms.bound),
        }
    }
}
