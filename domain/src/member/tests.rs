use chrono::{DateTime, NaiveDate};

use super::*;

fn at(text: &str) -> Moment {
    DateTime::parse_from_rfc3339(text).unwrap().into()
}

fn registration() -> Registration {
    Registration {
        time_zone: "Asia/Seoul".parse().unwrap(),
        joined_on: NaiveDate::from_ymd_opt(2026, 11, 21).unwrap(),
        birthday: None,
        role: Role::User,
        returned: None,
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
    let moved = given(vec![
        MemberCommand::Register(registration()),
        to("Europe/Berlin".parse().unwrap(), "2026-11-01T12:00:00Z"),
    ]);
    let again = |text| moved.decide(to(crate::zone::Tz::UTC, text));
    assert_eq!(
        again("2026-12-01T11:59:59.999Z"),
        Err(MemberRefusal::TimeZoneLocked { allowed_at: at("2026-12-01T12:00:00Z") })
    );
    assert!(again("2026-12-01T12:00:00Z").is_ok());
    assert_eq!(moved.decide(to("Europe/Berlin".parse().unwrap(), "2026-11-02T12:00:00Z")), Ok(vec![]));
}

#[test]
fn another_name_of_the_own_zone_is_no_change_and_locks_nothing() {
    let to =
        |name: &str| MemberCommand::ChangeTimeZone { time_zone: name.parse().unwrap(), at: at("2026-11-21T12:00:00Z") };
    let in_india = Registration { time_zone: "Asia/Calcutta".parse().unwrap(), ..registration() };
    let member = given(vec![MemberCommand::Register(in_india)]);
    assert_eq!(member.decide(to("Asia/Kolkata")), Ok(vec![]));
    assert_eq!(member.zone_locked_until(), None);
    assert_eq!(member.decide(to("Europe/Berlin")).map(|events| events.len()), Ok(1));
}

fn given_by(by: Giver, to: Role) -> MemberCommand {
    MemberCommand::ChangeRole(RoleChange { to, by })
}

#[test]
fn a_role_changes_to_another_role_and_never_by_oneself() {
    let admin = Giver::Account(Role::Admin);
    assert_eq!(registered().decide(given_by(admin, Role::User)), Err(MemberRefusal::SameRole));
    assert!(registered().decide(given_by(Giver::House, Role::Admin)).is_ok());
    assert_eq!(registered().decide(given_by(Giver::Oneself, Role::User)), Err(MemberRefusal::OwnRole));
}

#[test]
fn an_administrator_gives_and_takes_any_role_an_operator_only_two_and_nobody_else_any() {
    const ROLES: [Role; 5] = Role::ALL;
    for (giver, from, to) in
        ROLES.into_iter().flat_map(|giver| ROLES.map(|from| ROLES.map(|to| (giver, from, to)))).flatten()
    {
        let mut member = Member::default();
        member
            .decide(MemberCommand::Register(Registration { role: from, ..registration() }))
            .unwrap()
            .iter()
            .for_each(|event| member.evolve(event));
        let reach: &[Role] = match giver {
            Role::Admin => &ROLES,
            Role::Operator => &[Role::User, Role::Operator],
            Role::User | Role::Auditor | Role::Service => &[],
        };
        let wanted = match (reach.contains(&from) && reach.contains(&to), from == to) {
            (false, _) => Err(MemberRefusal::RoleOutOfReach),
            (true, true) => Err(MemberRefusal::SameRole),
            (true, false) => Ok(vec![MemberEvent::RoleChanged(RoleChanged { role: to })]),
        };
        assert_eq!(member.decide(given_by(Giver::Account(giver), to)), wanted, "{giver:?}: {from:?} to {to:?}");
    }
}

#[test]
fn an_erased_member_does_nothing_more() {
    let erased = given(vec![MemberCommand::Register(registration()), MemberCommand::Erase]);
    assert_eq!(erased.decide(MemberCommand::Block { note: String::new() }), Err(MemberRefusal::Erased));
}
