use chrono::DateTime;

use super::*;

fn report(minutes: i64) -> Report {
    let occurred_at: Moment = DateTime::parse_from_rfc3339("2026-11-21T23:30:00Z").unwrap().into();
    let time_zone = Zone::Named("Asia/Seoul".parse().unwrap());
    Report {
        source: "timer".to_owned(),
        external_id: "7".to_owned(),
        member_id: MemberId::default(),
        kind: Name::try_from("session".to_owned()).unwrap(),
        occurred_at,
        local_date: time_zone.local_date(occurred_at),
        time_zone,
        measures: BTreeMap::from([(Name::try_from("minutes".to_owned()).unwrap(), minutes)]),
    }
}

fn recorded() -> Activity {
    let mut activity = Activity::default();
    for event in activity.decide(ActivityCommand::Record(report(25))).unwrap() {
        activity.evolve(&event);
    }
    activity
}

#[test]
fn a_fact_reported_twice_counts_once() {
    assert_eq!(recorded().decide(ActivityCommand::Record(report(25))), Ok(vec![]));
}

#[test]
fn a_fact_reported_again_under_another_name_of_its_zone_is_the_same_fact() {
    let in_zone = |name: &str| Report { time_zone: Zone::Named(name.parse().unwrap()), ..report(25) };
    assert_eq!(recorded().decide(ActivityCommand::Record(in_zone("ROK"))), Ok(vec![]));
    assert_eq!(recorded().decide(ActivityCommand::Record(in_zone("Asia/Tokyo"))), Err(ActivityRefusal::Conflict));
}

#[test]
fn a_fact_reported_again_under_other_time_zone_rules_is_the_same_fact_on_its_first_day() {
    let later = Report { local_date: report(25).local_date.pred_opt().unwrap(), ..report(25) };
    assert_eq!(recorded().decide(ActivityCommand::Record(later)), Ok(vec![]));
}

#[test]
fn other_content_under_the_same_id_is_refused() {
    assert_eq!(recorded().decide(ActivityCommand::Record(report(26))), Err(ActivityRefusal::Conflict));
}

#[test]
fn the_first_log_in_of_a_day_stands() {
    assert_eq!(recorded().decide(ActivityCommand::LogIn(report(26))), Ok(vec![]));
}

#[test]
fn a_fact_is_voided_once_and_repeats_what_it_takes_out() {
    let void = || ActivityCommand::Void { note: "typo".to_owned() };
    assert_eq!(Activity::default().decide(void()), Err(ActivityRefusal::Unknown));
    let mut activity = recorded();
    let events = activity.decide(void()).unwrap();
    let [ActivityEvent::Voided(voided)] = &events[..] else { unreachable!("{events:?}") };
    assert_eq!((voided.local_date, voided.measures.len()), (report(25).local_date, 1));
    activity.evolve(&events[0]);
    assert_eq!(activity.decide(void()), Ok(vec![]));
    let other = ActivityCommand::Void { note: "fraud".to_owned() };
    assert_eq!(activity.decide(other), Err(ActivityRefusal::AlreadyVoided));
    assert_eq!(activity.decide(ActivityCommand::Record(report(25))), Ok(vec![]), "it does not come back");
    assert_eq!(activity.decide(ActivityCommand::LogIn(report(25))), Ok(vec![]));
}
