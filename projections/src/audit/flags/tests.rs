//! Flags of made-up histories: which events raise a flag, and which do not.

use super::*;

fn at(minutes: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes)
}

#[track_caller]
fn check(qualified_at_minutes: &[i64], expected: &[i64]) {
    let qualified = (0_i64..).zip(qualified_at_minutes).map(|(n, at_minute)| (n, at(*at_minute)));
    assert_eq!(burst(&qualified.collect::<Vec<_>>()), expected, "{qualified_at_minutes:?}");
}

#[test]
fn three_referrals_within_an_hour_are_a_burst_and_fewer_or_slower_ones_are_not() {
    check(&[], &[]);
    check(&[0, 0], &[]);
    check(&[0, 30, 60], &[0, 1, 2]);
    check(&[0, 30, 61], &[]);
    check(&[0, 50, 100, 105, 109, 400], &[1, 2, 3, 4]);
    check(&[0, 1, 2, 500, 501, 502], &[0, 1, 2, 3, 4, 5]);
}

#[test]
fn a_flag_counts_all_events_and_names_the_latest_twenty() {
    let events: Vec<i64> = (1..=25).collect();
    let flag = Flag::of(FlagKind::LateFacts, &events);
    assert_eq!((flag.count, flag.positions), (25, (6..=25).collect()));
    assert_eq!(Flag::of(FlagKind::UnmetNow, &[]).positions, Vec::<i64>::new());
}

#[test]
fn the_names_of_flags_are_those_of_the_api() {
    for flag in [FlagKind::LateFacts, FlagKind::ReferralBurst, FlagKind::UnmetNow] {
        assert_eq!(serde_json::to_value(flag).unwrap(), flag.name());
    }
}
