//! Why a campaign is left as it is.

use super::CampaignStatus;
use crate::budget::BudgetsRefusal;
use crate::value::LAST_YEAR;

/// The named reasons.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CampaignRefusal {
    /// There is no campaign with this id.
    #[error("there is no campaign with this id")]
    Unknown,
    /// The id is taken.
    #[error("the id is taken")]
    AlreadyCreated,
    /// The end is not after the start.
    #[error("must end after it starts")]
    EndsBeforeItStarts,
    /// The campaign is not where this step starts from.
    #[error("not possible while the campaign is {}", from.name())]
    StepNotAllowed {
        /// Where it stands.
        from: CampaignStatus,
    },
    /// The campaign has no such reward.
    #[error("the campaign has no such reward")]
    RewardUnknown,
    /// There is nothing to add to a stock without limit.
    #[error("the reward's stock has no limit")]
    UnlimitedStock,
    /// More would be taken out of the stock than there is.
    #[error("the change would take more out of the stock than is left")]
    StockBelowZero,
    /// The stock would be too large.
    #[error("the stock would be too large")]
    StockOutOfBounds,
    /// Its budgets cannot stand beside each other.
    #[error(transparent)]
    Budgets(#[from] BudgetsRefusal),
    /// A unit for what is no points.
    #[error("only points have a unit")]
    CreditsNoPoints,
    /// Days until it can be used, for what is no points.
    #[error("only points have days until they can be used")]
    NothingMatures,
    /// An end for what has none.
    #[error("only points and coupons with codes expire")]
    NothingExpires,
    /// A date of expiry that cannot be written.
    #[error("a date of expiry lies in a year from 1 to {LAST_YEAR}")]
    DateOutOfBounds,
    /// A price in the unit that the reward credits.
    #[error("a reward does not cost what it credits")]
    PriceInOwnUnit,
    /// Codes for what is no coupon.
    #[error("only coupons have codes")]
    CodesOfNoCoupon,
    /// A stock beside codes, or several codes to a grant.
    #[error("a reward with codes grants one at a time, and has as many as there are codes")]
    CodesAreTheStock,
    /// A reward without a price in a campaign where members claim as often as they pay.
    #[error("each reward of a campaign with frequency `each` has a price")]
    PriceMissing,
}
