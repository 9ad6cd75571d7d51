//! The forecast by examples, and what holds for any past.

use proptest::prelude::*;

use super::*;

fn at(text: &str) -> Moment {
    Moment::from(text.parse::<DateTime<Utc>>().unwrap())
}

/// 412 left on 21 November; the event ends on 14 December.
fn stock(remaining: i64) -> Stock {
    Stock { remaining, at: at("2026-11-21T05:32:00Z"), ends_at: at("2026-12-14T15:00:00Z") }
}

const WEEK: [i64; 7] = [84, 96, 88, 91, 77, 68, 112];

#[test]
fn a_week_gives_the_mean_and_a_range_by_its_slowest_and_its_fastest_day() {
    let forecast = Forecast::of(stock(412), &WEEK, &[4, 5, 6]).unwrap();
    assert_eq!((forecast.basis, forecast.taken, forecast.over), (Basis::Days, 616, 7));
    assert_eq!((forecast.slowest, forecast.fastest), (68, 112));
    // 412 at 88 a day is 4 days and 16:21:49.090…
    assert_eq!(forecast.sold_out_at, Some(at("2026-11-25T21:53:49.091Z")));
    assert_eq!(forecast.earliest, Some(at("2026-11-24T21:49:08.572Z")));
    assert_eq!(forecast.latest, Some(at("2026-11-27T06:56:42.353Z")));
    assert!(!forecast.after_end);
}

#[test]
fn only_the_last_seven_days_count() {
    let longer: Vec<i64> = [9_000, 8_000].into_iter().chain(WEEK).collect();
    assert_eq!(Forecast::of(stock(412), &longer, &[]), Forecast::of(stock(412), &WEEK, &[]));
}

#[test]
fn fewer_than_two_full_days_say_nothing() {
    assert_eq!(Forecast::of(stock(412), &[], &[50, 50, 50]), None);
    assert_eq!(Forecast::of(stock(412), &[88], &[50, 50, 50]), None);
    assert!(Forecast::of(stock(412), &[88, 88], &[]).is_some());
}

#[test]
fn with_less_than_a_day_left_the_last_three_hours_decide() {
    let forecast = Forecast::of(stock(87), &WEEK, &[60, 59, 58]).unwrap();
    assert_eq!((forecast.basis, forecast.taken, forecast.over), (Basis::Hours, 177, 3));
    assert_eq!(forecast.sold_out_at, Some(at("2026-11-21T07:00:28.475Z")));
    // exactly a day's worth is a day
    assert_eq!(Forecast::of(stock(88), &WEEK, &[60, 59, 58]).unwrap().basis, Basis::Days);
}

#[test]
fn what_is_not_taken_any_more_is_never_sold_out() {
    let forecast = Forecast::of(stock(10), &WEEK, &[0, 0, 0]).unwrap();
    assert_eq!((forecast.sold_out_at, forecast.earliest, forecast.latest), (None, None, None));
    assert!(forecast.after_end);
    // more came back than went out
    let forecast = Forecast::of(stock(412), &[-9, 3, 2], &[]).unwrap();
    assert_eq!((forecast.taken, forecast.sold_out_at, forecast.latest), (-4, None, None));
    assert!(forecast.earliest.is_some());
}

#[test]
fn what_outlasts_the_event_is_said_to() {
    assert!(Forecast::of(stock(4_000), &WEEK, &[]).unwrap().after_end);
    let last = Forecast::of(Stock { ends_at: at("2026-11-23T05:32:00Z"), ..stock(176) }, &[88, 88], &[]).unwrap();
    assert!(!last.after_end, "the last one goes with the last moment");
}

#[test]
fn what_is_sold_out_or_over_needs_no_forecast() {
    for remaining in [0, -3] {
        assert_eq!(Forecast::of(stock(remaining), &WEEK, &[]), None);
    }
    let over = Stock { ends_at: stock(1).at, ..stock(412) };
    assert_eq!(Forecast::of(over, &WEEK, &[]), None);
}

#[test]
fn what_lies_beyond_all_calendars_is_never() {
    let forecast = Forecast::of(stock(1_000_000_000_000), &[1, 0], &[]).unwrap();
    assert_eq!((forecast.sold_out_at, forecast.after_end), (None, true));
    let forecast = Forecast::of(stock(i64::MAX), &[i64::MAX, i64::MAX, 1], &[]).unwrap();
    assert_eq!((forecast.taken, forecast.latest), (i64::MAX, None));
}

proptest! {
    #[test]
    fn the_mean_lies_between_the_fastest_and_the_slowest_and_nothing_lies_in_the_past(
        remaining in 1..=1_000_000_000_000_i64,
        days in prop::collection::vec(-1_000..1_000_000_i64, 2..10),
        hours in prop::collection::vec(-1_000..1_000_000_i64, 3),
    ) {
        let stock = stock(remaining);
        let forecast = Forecast::of(stock, &days, &hours).unwrap();
        prop_assert!(forecast.slowest <= forecast.fastest);
        let never = at("9999-12-31T23:59:59.999Z");
        let [earliest, mean, latest] =
            [forecast.earliest, forecast.sold_out_at, forecast.latest].map(|at| at.unwrap_or(never));
        prop_assert!(stock.at < earliest && earliest <= mean && mean <= latest, "{forecast:?}");
        prop_assert_eq!(forecast.after_end, mean > stock.ends_at);
    }

    #[test]
    fn at_the_forecast_moment_the_pace_has_taken_everything_and_a_millisecond_before_it_has_not(
        remaining in 1..=1_000_000_i64,
        days in prop::collection::vec(1..100_000_i64, 2..=7),
    ) {
        let stock = stock(remaining);
        let forecast = Forecast::of(stock, &days, &[]).unwrap();
        let Some(sold_out_at) = forecast.sold_out_at else { return Ok(()) };
        let day = i128::from(TimeDelta::hours(24).num_milliseconds()) * forecast.over as i128;
        let milliseconds = i128::from((sold_out_at.utc() - stock.at.utc()).num_milliseconds());
        let taken = i128::from(forecast.taken);
        prop_assert!(taken * milliseconds >= i128::from(remaining) * day);
        prop_assert!(taken * (milliseconds - 1) < i128::from(remaining) * day);
    }

    #[test]
    fn more_left_never_lasts_shorter(
        remaining in 1..1_000_000_i64,
        more in 0..1_000_000_i64,
        days in prop::collection::vec(0..100_000_i64, 2..=7),
    ) {
        let at = |remaining| Forecast::of(stock(remaining), &days, &[]).unwrap().sold_out_at;
        prop_assert!(at(remaining) <= at(remaining + more) || at(remaining + more).is_none());
    }
}
