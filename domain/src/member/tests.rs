use chrono::{DateTime, NaiveDate};

use super::*;

fn at(text: &str) -> Moment {
    DateTime::parse_from_rfc3339(text).unwrap().into()
}

fn registration() -> Registration {
    Registration {
        time_zone: chrono_tz::Asia::Seoul,
        joined_on: NaiveDate::from_ymd_opt(2026, 11, 21).unwrap(),
        birthday: None,
        role: Role::User,
    }
}

fn given(commands: Vec<MemberCommand>) -> Member {
    let mut member = Member::default();
    for command in commands {
        for event in member.decide(command).unwrap() {
            member.evolve(&event);
        }
    }
    member
}

fn registered() -> Member {
    given(vec![MemberCommand::Register(registration())])
}

#[test]
fn a_member_registers_once() {
    assert_eq!(registered().decide(MemberCommand::Register(registration())), Err(MemberRefusal::AlreadyRegistered));
}

#[test]
fn nothing_happens_to_nobody() {
    assert_eq!(Member::default().decide(MemberCommand::SetProfileComplete(true)), Err(MemberRefusal::Unknown));
}

#[test]
fn a_profile_is_completed_once_and_reopened_once() {
    let complete = |yes| MemberCommand::SetProfileComplete(yes);
    assert_eq!(registered().decide(complete(false)), Ok(vec![]));
    let member = given(vec![MemberCommand::Register(registration()), complete(true)]);
    assert_eq!(member.decide(complete(true)), Ok(vec![]));
    assert_eq!(member.decide(complete(false)), Ok(vec![MemberEvent::ProfileReopened(ProfileReopened {})]));
}

#[test]
fn a_second_change_of_zone_waits_thirty_days() {
    let to = |time_zone, text: &str| MemberCommand::ChangeTimeZone { time_zone, at: at(text) };
    let moved =
        given(vec![MemberCommand::Register(registration()), to(chrono_tz::Europe::Berlin, "2026-11-01T12:00:00Z")]);
    let again = |text| moved.decide(to(chrono_tz::UTC, text));
    assert_eq!(
        again("2026-12-01T11:59:59.999Z"),
        Err(MemberRefusal::TimeZoneLocked { allowed_at: at("2026-12-01T12:00:00Z") })
    );
    assert!(again("2026-12-01T12:00:00Z").is_ok());
    assert_eq!(moved.decide(to(chrono_tz::Europe::Berlin, "2026-11-02T12:00:00Z")), Ok(vec![]));
}

#[test]
fn a_role_changes_to_another_role() {
    assert_eq!(registered().decide(MemberCommand::ChangeRole(Role::User)), Err(MemberRefusal::SameRole));
    assert!(registered().decide(MemberCommand::ChangeRole(Role::Operator)).is_ok());
}

#[test]
fn an_erased_member_does_nothing_more() {
    let erased = given(vec![MemberCommand::Register(registration()), MemberCommand::Erase]);
    assert_eq!(erased.decide(MemberCommand::Block { note: String::new() }), Err(MemberRefusal::Erased));
}
