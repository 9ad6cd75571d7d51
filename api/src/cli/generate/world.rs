//! What all members of a made-up programme share: where people live and when promotions run.

/// How many days lie between the starts of two promotions.
const PROMOTION_EVERY_DAYS: u32 = 45;
/// On which of them a promotion starts.
const PROMOTION_FROM_DAY: u32 = 20;
/// How many days it runs.
pub(super) const PROMOTION_DAYS: u32 = 7;

/// How many of a hundred members live where: zones with and without summer time on both halves of the
/// earth, and offsets of half and quarter hours.
pub(super) const ZONES: [(u32, &str); 13] = [
    (38, "Asia/Seoul"),
    (12, "Asia/Tokyo"),
    (10, "America/New_York"),
    (8, "America/Los_Angeles"),
    (8, "Europe/Berlin"),
    (6, "Europe/London"),
    (6, "Asia/Kolkata"),
    (4, "America/Sao_Paulo"),
    (3, "Australia/Sydney"),
    (2, "Pacific/Auckland"),
    (1, "Asia/Kathmandu"),
    (1, "Pacific/Honolulu"),
    (1, "Pacific/Kiritimati"),
];

/// Whether a promotion runs on a day of the programme.
pub(super) fn promotion_on(day: u32) -> bool {
    let in_turn = day % PROMOTION_EVERY_DAYS;
    (PROMOTION_FROM_DAY..PROMOTION_FROM_DAY + PROMOTION_DAYS).contains(&in_turn)
}

/// The first day of the promotion in whose turn a day lies.
pub(super) fn promotion_near(day: u32) -> u32 {
    day - day % PROMOTION_EVERY_DAYS + PROMOTION_FROM_DAY
}
