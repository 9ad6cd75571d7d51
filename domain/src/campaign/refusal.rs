//! Why a campaign is left as it is.

use super::CampaignStatus;

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
}
