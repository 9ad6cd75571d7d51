//! What an auditor can hold against the service: the log as it is stored, and a decision that can be made again.

use serde_json::json;
use tests::support::{
    Log, Stage,
    programme::{activity, daily_until_yesterday, event, id, login_streak, reward, with},
};

#[tokio::test]
async fn the_log_is_shown_as_it_is_stored() {
    let stage = Stage::own().await;
    let auditor = stage.auditor().await;
    let events = stage.log().await.events().await;
    let mut after = 0;
    let mut shown = 0;
    loop {
        let page = auditor.get(&format!("/audit/log?after={after}&limit=1000")).await;
        page.ok();
        let text = String::from_utf8(page.bytes.clone()).unwrap();
        for line in page.list("/events") {
            let Some(stored) = events.get(shown) else {
                break;
            };
            assert_eq!(line["position"], stored.position);
            assert_eq!(line["eventId"], stored.event_id);
            assert_eq!(line["type"], stored.kind);
            assert_eq!((&line["streamType"], &line["sequence"]), (&json!(stored.stream_type), &json!(stored.sequence)));
            assert_eq!(line["subject"], stored.subject);
            assert_eq!(line["hash"], hex::encode(&stored.hash));
            assert_eq!(line["previousHash"], hex::encode(&stored.previous_hash));
            assert!(text.contains(&stored.payload), "the stored bytes of {} are in the answer", stored.position);
            shown += 1;
        }
        let Some(next) = page.json["nextAfter"].as_i64() else {
            break;
        };
        after = next;
    }
    assert!(shown >= events.len(), "{shown} of {} events", events.len());
    // a version is a text, and a cause is named where something in the log is one
    let (mut caused, mut first) = (0, 0);
    for line in auditor.get("/audit/log?limit=1000").await.list("/events") {
        assert!(line["version"].is_string(), "{line}");
        match line["metadata"].get("causationId") {
            Some(cause) => {
                assert!(cause.is_string(), "{line}");
                caused += 1;
            }
            None => first += 1,
        }
    }
    assert!(first > 0, "{caused} events with a cause, {first} without");
    auditor.get("/audit/log?limit=1001").await.invalid("query.limit");
}

#[tokio::test]
async fn the_log_of_one_subject_is_found_by_its_id_in_any_case() {
    let stage = Stage::shared().await;
    let (auditor, member) = (stage.auditor().await, stage.newcomer().await);
    for id in [member.clone(), member.to_uppercase()] {
        for filter in ["subject", "streamId"] {
            let page = auditor.get(&format!("/audit/log?{filter}={id}")).await;
            page.ok();
            assert_eq!(page.text("/events/0/subject"), member);
        }
    }
    auditor.get("/audit/log?subject=somebody").await.invalid("query.subject");
    // who did it, whatever it concerns
    let (operator, account) = (stage.operator().await, auditor.get("/auth/me").await.text("/user/id"));
    let operator_id = operator.get("/auth/me").await.text("/user/id");
    let event = operator.create_event(&event(login_streak(1))).await;
    for actor in [operator_id.clone(), operator_id.to_uppercase()] {
        let page = auditor.get(&format!("/audit/log?actor={actor}&streamId={event}")).await;
        assert_eq!(page.ok()["events"][0]["subject"], event);
        let all = auditor.get(&format!("/audit/log?actor={actor}&limit=1000")).await;
        assert!(all.list("/events").iter().all(|line| line["metadata"]["actor"] == operator_id), "{all}");
    }
    assert_eq!(auditor.get(&format!("/audit/log?actor={account}&streamId={event}")).await.list("/events").len(), 0);
    assert!(!auditor.get("/audit/log?actor=system").await.list("/events").is_empty());
    auditor.get("/audit/log?streamId=something").await.invalid("query.streamId");
}

#[tokio::test]
async fn the_log_is_read_backwards_from_its_end_or_from_a_position_and_by_role() {
    let stage = Stage::shared().await;
    let (auditor, operator) = (stage.auditor().await, stage.operator().await);
    let made = operator.create_event(&event(login_streak(1))).await;
    let newest = auditor.get("/audit/log?order=desc&limit=3").await;
    let (head, events) = (newest.number("/head"), newest.list("/events"));
    let positions: Vec<i64> = events.iter().map(|event| event["position"].as_i64().unwrap()).collect();
    assert_eq!(positions, [head, head - 1, head - 2]);
    assert_eq!(newest.number("/nextBefore"), head - 2);
    // an event reads the same both ways
    let forward = auditor.get(&format!("/audit/log?after={}&limit=3", head - 3)).await;
    assert_eq!(forward.list("/events"), events.iter().rev().cloned().collect::<Vec<_>>());
    assert!(forward.json.get("nextBefore").is_none(), "oldest first is answered as ever: {forward}");
    let first = auditor.get("/audit/log?order=desc&before=3&limit=2").await;
    assert_eq!((first.list("/events").len(), &first.json["nextBefore"]), (2, &json!(null)));
    let nothing = auditor.get("/audit/log?order=desc&before=1").await;
    assert_eq!((nothing.list("/events").len(), &nothing.json["nextBefore"]), (0, &json!(null)));

    let by_operators = auditor.get(&format!("/audit/log?order=desc&role=OPERATOR&streamId={made}")).await;
    let events = by_operators.list("/events");
    assert!(!events.is_empty() && events.iter().all(|line| line["metadata"]["role"] == "OPERATOR"), "{by_operators}");
    let page = auditor.get(&format!("/audit/log?role=AUDITOR&streamId={made}")).await;
    assert_eq!(page.list("/events").len(), 0);
    let of_the_ledger = auditor.get("/audit/log?order=desc&role=SYSTEM&limit=50").await;
    assert!(of_the_ledger.list("/events").iter().all(|line| line["metadata"]["role"] == "SYSTEM"), "{of_the_ledger}");

    auditor.get("/audit/log?before=5").await.invalid("query.before");
    auditor.get("/audit/log?order=desc&after=5").await.invalid("query.after");
    auditor.get("/audit/log?order=down").await.invalid("query.order");
    auditor.get("/audit/log?role=operator").await.invalid("query.role");
}

#[tokio::test]
async fn a_decision_made_again_is_the_same() {
    let stage = Stage::shared().await;
    let (operator, reporter, auditor) = (stage.operator().await, stage.reporter().await, stage.auditor().await);
    let campaign = operator.create_event(&event(login_streak(1))).await;
    let prize = operator.create_reward(&reward(&campaign, None)).await;
    let member = stage.newcomer().await;
    let refused = reporter.claim_for(&prize, &member).await;
    refused.problem(422, "condition_unmet");
    reporter.report_activity(&activity(&member, "login")).await.created();
    let granted = reporter.claim_for(&prize, &member).await;
    granted.created();
    let claim = granted.text("/claim/id");
    let answer = auditor.get_at(&format!("/audit/claims/{claim}/re-evaluation"), granted.position()).await;
    assert_eq!(answer.ok()["same"], true);
    let attempts = answer.list("/attempts");
    assert_eq!(attempts.len(), 2, "the denial and the grant: {answer}");
    for (attempt, asked) in attempts.iter().zip([&refused, &granted]) {
        assert_eq!(attempt["position"], asked.position());
        assert_eq!(attempt["decided"], attempt["reEvaluated"]);
        assert_eq!(attempt["same"], true);
    }
    assert_eq!(attempts[1]["decided"]["evidence"], granted.json["claim"]["evidence"]);
    auditor.get(&format!("/audit/claims/{}/re-evaluation", id())).await.problem(404, "not_found");
}

#[tokio::test]
async fn the_log_is_changed_by_nobody_not_even_its_owner() {
    let stage = Stage::shared().await;
    let log: Log = stage.log().await;
    for statement in [
        "update events set payload = payload where position = 1",
        "delete from events where position = 1",
        "truncate events",
        "truncate events cascade",
    ] {
        assert!(log.run(statement).await.is_err(), "{statement} is refused");
    }
    assert!(log.events().await.iter().any(|event| event.position == 1));
}

#[tokio::test]
async fn a_stream_is_shown_as_it_was_and_as_it_is() {
    let stage = Stage::shared().await;
    let (operator, reporter, auditor) = (stage.operator().await, stage.reporter().await, stage.auditor().await);
    let campaign = operator.create_event(&event(login_streak(1))).await;
    let prize = operator.create_reward(&reward(&campaign, Some(3))).await;
    let member = stage.newcomer().await;
    let refused = reporter.claim_for(&prize, &member).await;
    let fact = reporter.report_activity(&activity(&member, "login")).await;
    let granted = reporter.claim_for(&prize, &member).await;
    let claim = granted.text("/claim/id");
    let path = format!("/audit/streams/claim/{claim}");
    let now = auditor.get_at(&path, granted.position()).await;
    assert_eq!((now.ok()["sequence"].as_i64(), &now.json["state"]["status"]), (Some(2), &json!("granted")));
    assert!(now.number("/position") >= granted.position());
    let then = auditor.get(&format!("{path}?atPosition={}", granted.position() - 1)).await;
    assert_eq!((then.ok()["sequence"].as_i64(), &then.json["state"]["status"]), (Some(1), &json!("denied")));
    assert_eq!(then.json["state"]["lastDenial"]["reason"], "condition_unmet");
    assert_eq!(then.number("/position"), granted.position() - 1);
    auditor.get(&format!("{path}?atPosition={}", refused.position() - 1)).await.problem(404, "not_found");

    let events = auditor.get(&format!("/audit/log?after={}&limit=1", granted.position() - 1)).await;
    let moment = events.text("/events/0/recordedAt");
    let by_time = auditor.get(&format!("{path}?atTime={moment}")).await;
    assert_eq!(by_time.ok()["state"], now.json["state"]);
    assert!(by_time.number("/position") >= granted.position());

    let since = format!("{path}?sincePosition={}", refused.position());
    let changed = auditor.get_at(&since, granted.position()).await;
    assert_eq!(changed.ok()["difference"]["from"]["state"], then.json["state"]);
    let parts = changed.list("/difference/changed");
    let part = |path: &str| parts.iter().find(|part| part["path"] == path).map(|part| (&part["from"], &part["to"]));
    assert_eq!(part("status"), Some((&json!("denied"), &json!("granted"))), "{changed}");
    assert_eq!(part("decision.evidence[0].have"), Some((&json!(0), &json!(1))), "{changed}");
    assert_eq!((part("about.memberId"), &changed.json["state"]), (None, &now.json["state"]));
    let at = granted.position() - 1;
    for (between, since_when) in [
        (format!("atPosition={at}&sincePosition={}", refused.position() - 1), json!(null)),
        (format!("atPosition={at}&sinceTime={moment}"), now.json["state"].clone()),
    ] {
        let between = auditor.get(&format!("{path}?{between}")).await;
        assert_eq!(
            between.ok()["difference"]["from"].get("state").cloned().unwrap_or_default(),
            since_when,
            "{between}"
        );
        assert_eq!(between.json["state"]["status"], "denied");
    }
    assert_eq!(now.json.get("difference"), None, "nobody asked");

    for (kind, id, state) in [
        ("member", member.clone(), json!({"role": "USER", "timeZone": "UTC", "blocked": false})),
        ("activity", fact.text("/id"), json!({"memberId": member, "kind": "login", "voided": false})),
        ("campaign", campaign.clone(), json!({"status": "active", "conditionVersion": 1})),
    ] {
        let shown = auditor.get(&format!("/audit/streams/{kind}/{id}")).await;
        for (name, value) in state.as_object().unwrap() {
            assert_eq!(&shown.ok()["state"][name], value, "{shown}");
        }
    }
    let shown = auditor.get(&format!("/audit/streams/campaign/{campaign}")).await;
    assert_eq!(shown.json["state"]["rewards"][0]["id"], prize);
    assert_eq!(shown.json["state"]["condition"], login_streak(1));
}

#[tokio::test]
async fn what_is_no_stream_and_what_is_no_moment_is_refused() {
    let stage = Stage::shared().await;
    let auditor = stage.auditor().await;
    let member = stage.newcomer().await;
    let path = format!("/audit/streams/member/{member}");
    for unknown in [format!("/audit/streams/member/{}", id()), format!("/audit/streams/claim/{member}")] {
        auditor.get(&unknown).await.problem(404, "not_found");
    }
    for unknown in ["/audit/streams/purse/{id}", "/audit/streams/unit/{id}", "/audit/streams/member/me"] {
        auditor.get(&unknown.replace("{id}", &member)).await.problem(404, "not_found");
    }
    auditor.get(&format!("{path}?atPosition=999999999")).await.invalid("query.atPosition");
    auditor.get(&format!("{path}?atPosition=-1")).await.invalid("query.atPosition");
    auditor.get(&format!("{path}?atTime=2999-01-01T00:00:00Z")).await.invalid("query.atTime");
    auditor.get(&format!("{path}?atTime=yesterday")).await.invalid("query.atTime");
    auditor.get(&format!("{path}?atPosition=1&atTime=2026-01-01T00:00:00Z")).await.invalid("query.atTime");
    auditor.get(&format!("{path}?sincePosition=999999999")).await.invalid("query.sincePosition");
    auditor.get(&format!("{path}?sincePosition=1&sinceTime=2026-01-01T00:00:00Z")).await.invalid("query.sinceTime");
}

#[tokio::test]
async fn facts_are_shown_by_kind_and_day_and_all_pages_are_of_one_position() {
    let stage = Stage::shared().await;
    let (reporter, auditor) = (stage.reporter().await, stage.auditor().await);
    let member = stage.newcomer().await;
    let mut facts = daily_until_yesterday(&member, "login", 3, domain::zone::Tz::UTC);
    facts.push(with(facts[0].clone(), json!({"id": id(), "kind": "session", "measures": {"minutes": 25}})));
    facts.push(with(facts[0].clone(), json!({"id": id(), "kind": "session", "measures": {"minutes": -5}})));
    reporter.report_activities(&facts).await;
    let path = format!("/audit/members/{member}/facts");
    let all = auditor.get(&path).await;
    all.ok();
    let day = |row: &serde_json::Value| (row["kind"].as_str().unwrap().to_owned(), row["localDate"].to_string());
    let rows = all.list("/facts");
    assert!(rows.is_sorted_by_key(day), "{all}");
    let of = |kind: &str| rows.iter().filter(|row| row["kind"] == kind).count();
    assert_eq!((of("login"), of("session"), of("visit")), (3, 1, 1));
    let session = rows.iter().find(|row| row["kind"] == "session").unwrap();
    assert_eq!((&session["count"], &session["sums"]), (&json!(2), &json!({"minutes": 20})));
    assert_eq!((&all.json["memberId"], &all.json["timeZone"]), (&json!(member), &json!("UTC")));
    assert_eq!((&all.json["referrals"], &all.json["profileComplete"]), (&json!(0), &json!(false)));

    let mut page = auditor.get(&format!("{path}?limit=2")).await;
    let position = page.number("/position");
    let mut walked = page.list("/facts").to_vec();
    // what is recorded while somebody walks is not seen by that walk
    reporter.report_activity(&activity(&member, "zoo")).await.created();
    while let Some(cursor) = page.json["nextCursor"].as_str().map(str::to_owned) {
        page = auditor.get(&format!("{path}?limit=2&cursor={cursor}")).await;
        assert_eq!(page.ok()["position"], position);
        walked.extend(page.list("/facts").to_vec());
    }
    assert_eq!(walked, rows);
    let before = auditor.get(&format!("{path}?atPosition={}", all.number("/position") - 5)).await;
    assert!(before.list("/facts").len() < rows.len());
    auditor.get(&format!("{path}?limit=1001")).await.invalid("query.limit");
    auditor.get(&format!("{path}?cursor=nonsense")).await.problem(400, "invalid_cursor");
    auditor.get(&format!("{path}?atPosition=999999999")).await.invalid("query.atPosition");
    auditor.get(&format!("/audit/members/{}/facts", id())).await.problem(404, "not_found");
    // operators see the same, until the member is erased
    let (staff, admin) = (stage.operator().await, stage.service.demo("admin").await);
    let beside = staff.get(&format!("/members/{member}/facts?atPosition={position}")).await;
    assert_eq!(beside.ok()["facts"], all.json["facts"]);
    let foreign = auditor.get(&format!("{path}?limit=1")).await.text("/nextCursor");
    staff.get(&format!("/members/{member}/facts?cursor={foreign}")).await.problem(400, "invalid_cursor");
    let gone = stage.nobody().sign_up().await;
    admin
        .send(reqwest::Method::DELETE, &format!("/auth/users/{}", gone.id), &[], Vec::new())
        .await
        .unwrap()
        .expect(204);
    staff.get(&format!("/members/{}/facts", gone.id)).await.problem(404, "not_found");
    auditor.get(&format!("/members/{}/facts", gone.id)).await.ok();
}

#[tokio::test]
async fn a_late_fact_changes_a_decision_only_when_it_is_asked_for() {
    let stage = Stage::shared().await;
    let (operator, reporter, auditor) = (stage.operator().await, stage.reporter().await, stage.auditor().await);
    let campaign = operator.create_event(&event(login_streak(2))).await;
    let prize = operator.create_reward(&reward(&campaign, None)).await;
    let member = stage.newcomer().await;
    let days = daily_until_yesterday(&member, "login", 2, domain::zone::Tz::UTC);
    reporter.report_activity(&days[0]).await.created();
    let refused = reporter.claim_for(&prize, &member).await;
    refused.problem(422, "condition_unmet");
    let claim = refused.text("/claimId");
    let late = reporter.report_activity(&days[1]).await;
    let path = format!("/audit/claims/{claim}/re-evaluation");
    for query in ["", "?facts=asDecided&condition=asDecided", "?condition=current"] {
        let again = auditor.get_at(&format!("{path}{query}"), late.position()).await;
        assert_eq!((&again.ok()["same"], again.list("/attempts").len()), (&json!(true), 1), "{query}: {again}");
    }
    let known = auditor.get_at(&format!("{path}?facts=known"), late.position()).await;
    assert_eq!(known.ok()["same"], false);
    let attempt = &known.list("/attempts")[0];
    assert_eq!((&attempt["decided"]["verdict"], &attempt["reEvaluated"]["verdict"]), (&json!("unmet"), &json!("met")));
    let difference = &attempt["differences"][0];
    assert_eq!((&difference["path"], &difference["decided"]["have"]), (&json!(""), &json!(1)));
    assert_eq!(difference["reEvaluated"]["have"], 2);
    assert_eq!(difference["because"], json!([late.position()]), "the late fact, and nothing else: {known}");
    auditor.get(&format!("{path}?facts=guessed")).await.invalid("query.facts");
    auditor.get(&format!("{path}?condition=other")).await.invalid("query.condition");
}

#[tokio::test]
async fn a_difference_names_the_rule_and_the_facts_that_made_it_so() {
    let stage = Stage::shared().await;
    let (operator, reporter, auditor) = (stage.operator().await, stage.reporter().await, stage.auditor().await);
    let two = json!({"all": [login_streak(2), {"count": {"kind": "review", "count": 1}}]});
    let campaign = operator.create_event(&event(two)).await;
    let prize = operator.create_reward(&reward(&campaign, None)).await;
    let member = stage.newcomer().await;
    let days = daily_until_yesterday(&member, "login", 9, domain::zone::Tz::UTC);
    reporter.report_activity(&days[0]).await.created();
    let claim = reporter.claim_for(&prize, &member).await.text("/claimId");
    // a day that the run does not reach, two reports of one day that it does, another kind, and one taken back
    reporter.report_activity(&days[8]).await.created();
    let second = reporter.report_activity(&days[1]).await.position();
    let again = reporter.report_activity(&with(days[1].clone(), json!({"id": id()}))).await.position();
    reporter.report_activity(&activity(&member, "visit")).await.created();
    let review = activity(&member, "review");
    let told = reporter.report_activity(&review).await.position();
    let void = json!({"source": review["source"], "id": review["id"], "note": "not by her"});
    let void = reporter.post("/activities/void", &void).await.position();
    let three = json!({"all": [login_streak(3), {"count": {"kind": "review", "count": 1}}]});
    let revised = operator.patch(&format!("/events/{campaign}"), &json!({"condition": three})).await.position();

    let path = format!("/audit/claims/{claim}/re-evaluation");
    let of = |answer: &tests::support::Answer| {
        let differences = answer.ok()["attempts"][0]["differences"].as_array().unwrap().clone();
        differences.iter().map(|leaf| (leaf["path"].clone(), leaf["because"].clone())).collect::<Vec<_>>()
    };
    let known = auditor.get_at(&format!("{path}?facts=known"), revised).await;
    assert_eq!(of(&known), [(json!("all[0]"), json!([second, again]))], "the review came and went: {told} {void}");
    let current = auditor.get_at(&format!("{path}?condition=current"), revised).await;
    assert_eq!(of(&current), [(json!("all[0]"), json!([revised]))]);
    let both = auditor.get_at(&format!("{path}?facts=known&condition=current"), revised).await;
    assert_eq!(of(&both), [(json!("all[0]"), json!([second, again, revised]))]);
}

#[tokio::test]
async fn all_decisions_made_again_are_the_same_until_a_late_fact_or_another_rule_changes_them() {
    let stage = Stage::own().await;
    let (operator, reporter, auditor) = (stage.operator().await, stage.reporter().await, stage.auditor().await);
    let campaign = operator.create_event(&event(login_streak(2))).await;
    let prize = operator.create_reward(&reward(&campaign, None)).await;
    let mut claims = Vec::new();
    for logins in [0, 1, 2, 3] {
        let member = stage.newcomer().await;
        let days = daily_until_yesterday(&member, "login", 3, domain::zone::Tz::UTC);
        for day in &days[..logins] {
            reporter.report_activity(day).await.created();
        }
        let answer = reporter.claim_for(&prize, &member).await;
        let id = if logins < 2 { "/claimId" } else { "/claim/id" };
        claims.push((member, answer.text(id), days));
    }
    let body = |more| with(json!({"eventId": campaign}), more);
    let all = auditor.post("/audit/re-evaluations", &json!({})).await;
    assert_eq!((&all.ok()["same"], &all.json["changed"]), (&all.json["decisions"], &json!([])));
    assert!(all.number("/decisions") >= 4);
    let ours = auditor.post("/audit/re-evaluations", &body(json!({}))).await;
    assert_eq!((ours.number("/decisions"), ours.number("/same")), (4, 4));
    assert_eq!(ours.number("/position"), ours.position());

    let (_, late, days) = &claims[1];
    reporter.report_activity(&days[1]).await.created();
    let known = auditor.post("/audit/re-evaluations", &body(json!({"facts": "known"}))).await;
    assert_eq!((known.number("/decisions"), known.number("/same")), (4, 3), "{known}");
    let change = &known.list("/changed")[0];
    assert_eq!((&change["claimId"], &change["from"], &change["to"]), (&json!(late), &json!("unmet"), &json!("met")));
    assert_eq!(
        (&change["why"][0]["decided"]["have"], &change["why"][0]["reEvaluated"]["have"]),
        (&json!(1), &json!(2))
    );
    assert!(change["why"][0]["because"][0].as_i64().is_some_and(|late| late > change["position"].as_i64().unwrap()));
    let rewards = json!([{"rewardId": prize, "type": "POINT", "stock": 1, "amount": 100}]);
    assert_eq!(known.json["cost"], json!({"stock": 1, "amount": 100, "rewards": rewards}));
    assert_eq!((&change["stock"], &change["amount"]), (&json!(1), &json!(100)));
    let still = auditor.post("/audit/re-evaluations", &body(json!({}))).await;
    assert_eq!(still.json["cost"], json!({"stock": 0, "amount": 0, "rewards": []}));
    assert_eq!((still.number("/same"), still.list("/changed").len()), (4, 0));

    let stricter = auditor.post("/audit/re-evaluations", &body(json!({"condition": login_streak(3)}))).await;
    assert_eq!((stricter.number("/decisions"), stricter.number("/same")), (4, 3), "{stricter}");
    let change = &stricter.list("/changed")[0];
    assert_eq!((&change["claimId"], &change["to"]), (&json!(claims[2].1), &json!("unmet")));
    assert_eq!(change["why"][0]["because"], json!([]), "the rule that was given, and no event");
    assert_eq!((&stricter.json["cost"]["stock"], &stricter.json["cost"]["amount"]), (&json!(-1), &json!(-100)));
    // who was refused for something that came too late and was granted afterwards costs nothing
    reporter.claim_for(&prize, &claims[1].0).await.created();
    let known = auditor.post("/audit/re-evaluations", &body(json!({"facts": "known"}))).await;
    assert_eq!((known.number("/decisions"), known.number("/same")), (5, 4), "{known}");
    assert_eq!((&known.json["changed"][0]["stock"], &known.json["cost"]["stock"]), (&json!(1), &json!(0)));

    auditor.post("/audit/re-evaluations", &json!({"eventId": id()})).await.problem(404, "not_found");
    auditor.post("/audit/re-evaluations", &json!({"facts": "guessed"})).await.invalid("facts");
    auditor.post("/audit/re-evaluations", &json!({"condition": "OTHER"})).await.invalid("condition");
    auditor.post("/audit/re-evaluations", &json!({"conditions": "current"})).await.invalid("conditions");
}

/// More events than one statement looks through, or gives: a walk finds each once, whatever the filter and the limit.
#[tokio::test]
async fn a_walk_by_a_filter_finds_each_event_of_a_long_log_once() {
    let stage = Stage::own().await;
    let (auditor, operator) = (stage.auditor().await, stage.operator().await);
    let operator_id = operator.get("/auth/me").await.text("/user/id");
    let first = operator.create_event(&event(login_streak(1))).await;
    let (_, facts) = tests::support::programme::crowd(10_500);
    stage.service.import(&facts);
    let last = operator.create_event(&event(login_streak(1))).await;
    let walk = async |filter: &str| {
        let (mut after, mut positions, mut pages) = (0, Vec::new(), 0);
        loop {
            let page = auditor.get(&format!("/audit/log?after={after}&{filter}")).await;
            positions.extend(page.list("/events").iter().map(|event| event["position"].as_i64().unwrap()));
            pages += 1;
            let Some(next) = page.json["nextAfter"].as_i64() else { return (positions, pages) };
            assert!(next > after, "{page}");
            after = next;
        }
    };
    let mut superuser = tests::support::auditor::Superuser::of(&stage.database).await;
    let head = superuser.head().await;
    assert!(head > 21_000, "{head}");
    let (all, pages) = walk("limit=1000").await;
    assert_eq!(all, (1..=head).collect::<Vec<_>>());
    assert!(pages <= 2 + head / 1_000, "{pages} pages");
    let (created, _) = walk(&format!("actor={operator_id}&type=campaign.created&limit=1")).await;
    let (together, _) = walk(&format!("actor={operator_id}&type=campaign.created&limit=1000")).await;
    assert_eq!(created, together);
    for campaign in [&first, &last] {
        assert_eq!(walk(&format!("subject={campaign}&type=campaign.created")).await.0.len(), 1);
    }
    // the same backwards
    let back = async |filter: &str| {
        let (mut before, mut positions) = (String::new(), Vec::new());
        loop {
            let page = auditor.get(&format!("/audit/log?order=desc{before}&{filter}")).await;
            assert!(page.ok().get("nextAfter").is_none(), "{page}");
            positions.extend(page.list("/events").iter().map(|event| event["position"].as_i64().unwrap()));
            let Some(next) = page.json["nextBefore"].as_i64() else { return positions };
            before = format!("&before={next}");
        }
    };
    assert_eq!(back("limit=1000").await, (1..=head).rev().collect::<Vec<_>>());
    for limit in [1, 1_000] {
        let found = back(&format!("actor={operator_id}&type=campaign.created&limit={limit}")).await;
        assert_eq!(found, created.iter().rev().copied().collect::<Vec<_>>());
    }
    for campaign in [first, last] {
        assert_eq!(back(&format!("subject={campaign}&type=campaign.created")).await.len(), 1);
    }
    assert_eq!(back(&format!("actor={}", uuid::Uuid::new_v4())).await, Vec::<i64>::new());
    assert_eq!(walk(&format!("actor={}", uuid::Uuid::new_v4())).await.0, Vec::<i64>::new());
}

/// A statement that does not come to an end is ended by the database, and whoever waits is told in time.
#[tokio::test]
async fn no_statement_of_a_request_runs_for_ever() {
    let stage = Stage::own().await;
    let (operator, pool) = (stage.operator().await, stage.database.pool().await);
    let mut holder = pool.begin().await.unwrap();
    sqlx::query("lock table campaigns in access exclusive mode").execute(&mut *holder).await.unwrap();
    let started = std::time::Instant::now();
    operator.get("/events").await.problem(503, "unavailable");
    assert!(started.elapsed() < std::time::Duration::from_secs(25), "{:?}", started.elapsed());
    holder.rollback().await.unwrap();
    operator.get("/events").await.ok();
}
